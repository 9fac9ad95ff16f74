/** Building a gallery from a dataset: smoothed embeddings (or clean ones), resumable. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import type { Dataset } from '../datasets/index.ts';
import { isRetrievalGuardError, RetrievalGuardError } from '../errors.ts';
import { ANY_MODEL, Gallery, type GalleryManifest, writeGallery } from '../gallery/index.ts';
import { NOISE_NAME, type Smoother } from '../smoothing/index.ts';
import { VERSION } from '../version.ts';
import { type AnyManifest, LOCK_FILE, locked, performRun } from '../runs/index.ts';
import { type LoadedPicture, picturesOf, type SkipPolicy } from './read-pictures.ts';
import { count } from '../words.ts';

/** Options of {@link indexDataset}. */
export interface IndexOptions extends SkipPolicy {
  dataset: Dataset;
  /** The --data notation to record, for finding the pictures again. */
  data: string;
  smoother: Smoother;
  /** Noise, [0,1] pixel units; ignored with samples 0. */
  sigma: number;
  /** Noisy embeddings averaged into each vector; 0 stores clean embeddings. Default 256. */
  samples?: number;
  seed?: number;
  /** Folder to write; absent: in memory only. */
  out?: string;
  overwrite?: boolean;
  /** For instance search: pictures of one class will do. Default false. */
  identity?: boolean;
  signal?: AbortSignal;
  /** Called with each item finished: its share of the work, in samples. */
  onItem?: (done: number, total: number) => void;
}

const PARTIAL_ITEM = z.object({
  id: z.string(),
  label: z.string(),
  /** float32 values in base64: smoothed and clean. */
  vector: z.base64(),
  clean: z.base64(),
  /** SHA-256 of the picture's file. */
  hash: z.string(),
});
type PartialItem = z.infer<typeof PARTIAL_ITEM>;

/**
 * Embeds every readable picture of a dataset and writes the gallery. Killed, it leaves `OUT.partial`, from which the same
 * call goes on; the finished gallery appears at once.
 * @throws DATASET_EMPTY when no picture can be read, DATASET_LABELS with fewer than two classes, OUTPUT_UNWRITABLE, …
 */
export async function indexDataset(options: IndexOptions): Promise<{ gallery: Gallery; skipped: number }> {
  const { dataset, out } = options;
  if (!options.identity) requireClasses(dataset.labels);
  if (out === undefined) {
    const folder = await mkdtemp(join(tmpdir(), 'retrievalguard-index-'));
    try {
      return await embedAll(options, folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  await requirePlace(out, options.overwrite);
  const partial = `${resolve(out)}.partial`;
  return locked(partial, async () => {
    const found = await embedAll(options, partial).catch(async (error: unknown) => {
      if (!isRetrievalGuardError(error, 'RUN_MISMATCH')) throw error;
      // what another call left there is of no use to this one
      for (const name of await readdir(partial)) if (name !== LOCK_FILE) await rm(join(partial, name));
      return embedAll(options, partial);
    });
    await writeGallery(out, found.gallery, { overwrite: options.overwrite });
    await rm(partial, { recursive: true, force: true });
    return found;
  });
}

/** What a gallery is asked to be made of. */
export type GalleryAsked = Pick<IndexOptions, 'dataset' | 'smoother' | 'sigma' | 'samples' | 'seed'>;

/** What decides the vectors of a gallery. */
const galleryIdentity = ({ dataset, smoother, sigma, samples = 256, seed = 0 }: GalleryAsked) => ({
  sigma: samples === 0 ? 0 : sigma,
  samples,
  seed,
  noise: samples === 0 ? undefined : NOISE_NAME,
  modelHash: smoother.info.encoderHash,
  preprocessingHash: smoother.info.preprocessingHash,
  ...(smoother.info.preprocessing.unrounded && { pixels: 'file' as const }),
  dataFingerprint: dataset.fingerprint,
});

/** Names of what a gallery was made of otherwise than is asked now; none: {@link indexDataset} would make the same. */
export function galleryDifferences(known: GalleryManifest, asked: GalleryAsked): string[] {
  const wanted: Partial<GalleryManifest> = galleryIdentity(asked);
  return Object.entries(wanted)
    .filter(([key, value]) => known[key as keyof GalleryManifest] !== value)
    .map(([key]) => key);
}

/** Embeds what is not yet in the folder, and makes the gallery of all. */
async function embedAll(
  options: IndexOptions,
  folder: string,
): Promise<{ gallery: Gallery; skipped: number }> {
  const { dataset, smoother, strict, signal } = options;
  const identity = galleryIdentity(options);
  const { sigma, samples, seed } = identity;
  const byId = new Map(dataset.items.map((item) => [item.id, item]));
  let failed = 0;
  const { rows, skipped } = await performRun<AnyManifest, LoadedPicture, PartialItem, object>({
    out: folder,
    manifest: { format: 'retrievalguard-index', version: 1, options: identity },
    ...picturesOf(options, smoother.info.preprocessing),
    rules: () => ({ schema: PARTIAL_ITEM, key: ({ id }) => id }),
    begin: () => ({
      together: 1,
      atOnce: 2 * smoother.threads + 2,
      work: async ([{ item, pixels, hash }]) => {
        const { id, label } = item;
        const clean = Float32Array.from(await smoother.embedClean({ id, pixels }, { signal }));
        const vector =
          samples === 0
            ? clean
            : Float32Array.from(await smoother.embed({ id, pixels }, { sigma, samples, seed }, { signal }));
        return [{ id, label, vector: encode(vector), clean: encode(clean), hash }];
      },
      failed: ({ item }, error) => {
        if (strict || !isRetrievalGuardError(error, 'EMBEDDING_INVALID')) throw error;
        failed++;
        void options.onSkip?.(item, error);
        return null;
      },
    }),
    summarize: () => ({}),
    signal,
    onProgress: (event) => {
      if (event.kind === 'row') options.onItem?.(event.done, event.total);
      else if (event.kind === 'skipped') void options.onSkip?.(byId.get(event.query)!, event.error);
    },
  });

  const done = new Map(rows.map((row) => [row.id, row]));
  const items = dataset.items.map(({ id }) => done.get(id)).filter((item) => item !== undefined);
  if (!options.identity) requireClasses(items.map(({ label }) => label));
  const { dimension } = smoother.info;
  const vectors = new Float32Array(items.length * dimension);
  const clean = samples === 0 ? undefined : new Float32Array(items.length * dimension);
  for (const [i, item] of items.entries()) {
    vectors.set(decode(item.vector), i * dimension);
    clean?.set(decode(item.clean), i * dimension);
  }
  const gallery = Gallery.create({
    manifest: { ...identity, data: options.data, created: new Date().toISOString(), retrievalguard: VERSION },
    vectors,
    clean,
    ids: items.map((i) => i.id),
    labels: items.map((i) => i.label),
    hashes: items.map((i) => i.hash),
  });
  return { gallery, skipped: skipped + failed };
}

function requireClasses(labels: readonly string[]): void {
  if (new Set(labels).size > 1) return;
  throw new RetrievalGuardError('DATASET_LABELS', {
    expected: 'at least two classes in the gallery',
    got: `one ('${labels[0]}')`,
    fix: 'With a single class every answer is right; add images of other classes, or use --identity for instance search.',
  });
}

/** Refuses before the work what writing the gallery would refuse after it. */
async function requirePlace(out: string, overwrite = false): Promise<void> {
  const entries = await readdir(out).catch((): string[] => []);
  if (entries.length === 0 || (overwrite && entries.includes('gallery.json'))) return;
  throw new RetrievalGuardError('OUTPUT_UNWRITABLE', {
    expected: `${out} not to exist yet`,
    got: entries.includes('gallery.json') ? 'a gallery' : `a folder with other files ('${entries[0]}')`,
    fix: entries.includes('gallery.json')
      ? 'Choose another folder, or replace it with --overwrite.'
      : 'Choose another folder.',
  });
}

const encode = (vector: Float32Array): string =>
  Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');

function decode(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/**
 * Refuses a gallery that does not belong to an encoder and σ. A gallery of clean embeddings fits any σ, one of plain vectors any model.
 * @throws GALLERY_MISMATCH naming what differs
 */
export function requireSameSystem(manifest: GalleryManifest, smoother: Smoother, sigma: number): void {
  const { info } = smoother;
  const differs = (expected: string, got: string, fix: string): never => {
    throw new RetrievalGuardError('GALLERY_MISMATCH', { expected, got, fix });
  };
  if (manifest.dimension !== info.dimension)
    differs(
      `a gallery of ${info.dimension}-dimensional vectors`,
      count(manifest.dimension, 'dimension'),
      'Build the gallery with this model.',
    );
  // plain vectors say nothing of their model: whoever names them vouches for it
  if (manifest.modelHash === ANY_MODEL) return;
  const pixelsOf = (unrounded: boolean): string => `--pixels ${unrounded ? 'file' : 'input'}`;
  const [built, asked] = [manifest.pixels === 'file', info.preprocessing.unrounded === true];
  if (built !== asked)
    differs(
      `a gallery made with ${pixelsOf(asked)}`,
      `one of ${pixelsOf(built)}, which is another smoothed model`,
      `Use ${pixelsOf(built)}, or build the gallery with ${pixelsOf(asked)}.`,
    );
  if (manifest.preprocessingHash !== info.preprocessingHash)
    differs(
      'a gallery made with this preprocessing',
      `another (${manifest.preprocessingHash.slice(0, 12)}…)`,
      'Use the preprocessor_config.json that the gallery was built with, or build it again.',
    );
  if (manifest.modelHash !== info.encoderHash)
    differs(
      `a gallery made by this model (${info.encoderHash.slice(0, 12)}…)`,
      `one of another model (${manifest.modelHash.slice(0, 12)}…)`,
      'Build the gallery with this model.',
    );
  if (manifest.samples > 0 && manifest.sigma !== sigma)
    differs(
      `a gallery smoothed with sigma ${sigma}`,
      `sigma ${manifest.sigma}`,
      `Use --sigma ${manifest.sigma}, or build the gallery with --sigma ${sigma}.`,
    );
}
