/** The section of all queries, which the page's script (page-script/) fills, that script, and all rows packed for it: gzip of JSON, in base64. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import type { Method, Row } from '../evaluate/schema.ts';
import { Html, html } from './html.ts';
import type { PictureBook } from './page-pictures.ts';
import { PAGE_SCRIPT } from './page-script.generated.ts';
import { NEAREST_SHOWN } from './select.ts';
import type { LoadedRun } from './types.ts';

/** One run as the page's script sees it. */
export interface ExplorerRun {
  name: string;
  leaveOneOut: boolean;
  sigma: number;
  k: number;
  methods: Method[];
  /** Size of the model's input; null in runs of older versions. */
  input: { channels: number; height: number; width: number } | null;
  rows: Row[];
  /** Small pictures as data URIs, by id. With leave-one-out an item that is a query too stands among the queries. */
  pictures: { query: Record<string, string>; gallery: Record<string, string> };
}

/** The source for a Content-Security-Policy's script-src that allows this page's script and no other. */
export const SCRIPT_SOURCE = `'sha256-${createHash('sha256').update(PAGE_SCRIPT).digest('base64')}'`;

/** The place of the table, and what it shows; null for runs without rows or methods. */
export function explorerSection(runs: readonly ExplorerRun[]): Html | null {
  const shown = runs.filter(({ rows, methods }) => rows.length > 0 && methods.length > 0);
  if (shown.length === 0) return null;
  return html`<section>
<h2>All queries</h2>
<p>Open a query to see its pictures, margin, certificates and nearest items. A radius in brackets is certified for a wrong answer.</p>
<div id="explorer"><p class="note">This table needs the page's script.</p></div>
<script type="application/octet-stream" id="explorer-data">${new Html(pack(shown))}</script>
</section>
`;
}

/** The script; to stand at the end of the page. */
export const pageScript = (): Html => html`<script>${new Html(PAGE_SCRIPT)}</script>
`;

/** Longest side of a picture, where the model's input is not smaller. */
const SIDE = 64;
/** Pictures read at the same time. */
const AT_ONCE = 16;

/**
 * The runs with their rows, and small pictures of the first queries and the items nearest to them.
 * @param pictures - most pictures in all, shared evenly among the runs
 */
export async function explorerRuns(
  runs: readonly LoadedRun[],
  book: PictureBook,
  pictures: number,
): Promise<ExplorerRun[]> {
  const each = Math.floor(pictures / Math.max(1, runs.length));
  const packed: ExplorerRun[] = [];
  for (const run of runs) {
    const { sigma, k, methods, leaveOneOut } = run.manifest.options;
    packed.push({
      name: run.name,
      leaveOneOut,
      sigma,
      k,
      methods,
      input: run.manifest.environment.input ?? null,
      rows: run.rows,
      pictures: await smallPictures(run, book, each),
    });
  }
  return packed;
}

/** The text of the page's data element. The same runs make the same text. */
function pack(runs: readonly ExplorerRun[]): string {
  return gzipSync(JSON.stringify(runs), { level: 9 }).toString('base64');
}

async function smallPictures(
  run: LoadedRun,
  book: PictureBook,
  most: number,
): Promise<ExplorerRun['pictures']> {
  const { height = SIDE, width = SIDE } = run.manifest.environment.input ?? {};
  const side = Math.min(SIDE, Math.max(height, width));
  const found = { query: new Map<string, string>(), gallery: new Map<string, string>() };
  const wanted = picturesOf(run, most);
  for (let from = 0; from < wanted.length; from += AT_ONCE) {
    await Promise.all(
      wanted.slice(from, from + AT_ONCE).map(async ({ id, role }) => {
        const bytes = await book.original(run, id, role);
        const uri = bytes && (await smallPicture(bytes, side));
        if (uri) found[role].set(id, uri);
      }),
    );
  }
  const inOrder = (role: 'query' | 'gallery') =>
    Object.fromEntries(
      wanted.flatMap((one) =>
        one.role === role && found[role].has(one.id) ? [[one.id, found[role].get(one.id)!]] : [],
      ),
    );
  return { query: inOrder('query'), gallery: inOrder('gallery') };
}

/** The pictures to show, query by query: at most `most`, each once. Queries that are gallery items too are asked for as queries. */
function picturesOf(run: LoadedRun, most: number): { id: string; role: 'query' | 'gallery' }[] {
  const queries = new Set(run.manifest.options.leaveOneOut ? run.rows.map(({ query }) => query) : []);
  const wanted = new Map<string, { id: string; role: 'query' | 'gallery' }>();
  const want = (id: string, role: 'query' | 'gallery'): void => {
    if (wanted.size < most) wanted.set(`${role} ${id}`, { id, role });
  };
  for (const row of run.rows) {
    if (wanted.size >= most) break;
    want(row.query, 'query');
    for (const { id } of row.nearest.slice(0, NEAREST_SHOWN)) want(id, queries.has(id) ? 'query' : 'gallery');
  }
  return [...wanted.values()];
}

async function smallPicture(bytes: Uint8Array, side: number): Promise<string | null> {
  try {
    const small = await sharp(bytes)
      .resize({ width: side, height: side, fit: 'cover' })
      .webp({ quality: 80 })
      .toBuffer();
    return `data:image/webp;base64,${small.toString('base64')}`;
  } catch {
    return null; // a picture that cannot be read is shown as missing
  }
}
