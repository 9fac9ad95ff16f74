/** The pictures of a report: each asked for once, kept once as a data URI, and shown from there as often as needed. */
import { createHash } from 'node:crypto';
import { Html, html } from './html.ts';
import type { LoadedRun, PictureSource } from './types.ts';

/** A picture's type from its first bytes; null for one that a page should not show (an SVG, say, is a program of its own). */
export function mediaType(bytes: Uint8Array): string | null {
  const head = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (head.startsWith('GIF8')) return 'image/gif';
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') return 'image/webp';
  if (/^ftyp(avif|avis)/.test(head.slice(4))) return 'image/avif';
  return null;
}

/** Collects the pictures that a page shows. */
export class PictureBook {
  readonly #source: PictureSource | undefined;
  /** Bytes by run, role and id, kept so that nothing is asked for twice. */
  readonly #asked = new Map<string, Promise<Uint8Array | null>>();
  /** Data URIs by the hash of their bytes. */
  readonly #uris = new Map<string, string>();

  constructor(source: PictureSource | undefined) {
    this.#source = source;
  }

  /** Asks for a picture. @returns its name on the page, null where there is none. */
  async name(run: LoadedRun, id: string, role: 'query' | 'gallery'): Promise<string | null> {
    const bytes = await this.original(run, id, role);
    const type = bytes && mediaType(bytes);
    if (!bytes || !type) return null;
    const name = `p-${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`;
    this.#uris.set(name, `data:${type};base64,${Buffer.from(bytes).toString('base64')}`);
    return name;
  }

  /** The picture's bytes as its source gave them, not put on the page. */
  original(run: LoadedRun, id: string, role: 'query' | 'gallery'): Promise<Uint8Array | null> {
    const key = JSON.stringify([run.folder, run.name, role, id]);
    const asked = this.#asked.get(key) ?? this.#source?.(run, id, role) ?? Promise.resolve(null);
    this.#asked.set(key, asked);
    return asked;
  }

  /** The bytes of a picture asked for before; null where there is none. */
  bytes(name: string | null): Uint8Array | null {
    const uri = name === null ? undefined : this.#uris.get(name);
    return uri ? Buffer.from(uri.slice(uri.indexOf(',') + 1), 'base64') : null;
  }

  /** A picture in its place: a square filled by the picture's middle, with a text for those who cannot see it. */
  static show(name: string | null, alt: string): Html {
    if (!name) return html`<span class="picture none" role="img" aria-label="${alt} (no picture)"></span>`;
    return html`<svg class="picture" viewBox="0 0 1 1" role="img" aria-label="${alt}"><use href="#${name}"/></svg>`;
  }

  /** All pictures, invisible; to stand once at the start of the page. */
  definitions(): Html {
    const images = [...this.#uris].sort(([a], [b]) => (a < b ? -1 : 1));
    const body = images.map(
      ([name, uri]) =>
        `<image id="${name}" width="1" height="1" preserveAspectRatio="xMidYMid slice" href="${uri}"/>\n`,
    );
    return new Html(
      body.length > 0
        ? `<svg class="definitions" width="0" height="0" aria-hidden="true"><defs>\n${body.join('')}</defs></svg>\n`
        : '',
    );
  }
}
