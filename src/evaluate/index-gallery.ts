/** Building a gallery from a dataset: smoothed embeddings (or clean ones), resumable. */
import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import type { Dataset, DatasetItem } from '../datasets/index.ts';
import { isRetrievalGuardError, RetrievalGuardError } from '../errors.ts';
import { Gallery, type GalleryManifest, writeGallery } from '../gallery/index.ts';
import { makeFolders, unwritable } from '../output.ts';
import type { Smoother } from '../smoothing/index.ts';
import { VERSION } from '../version.ts';
import { inOrder, JournalWriter, locked, readJournal } from '../runs/index.ts';
import { readPictures, type SkipPolicy } from './pictures.ts';
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
  const work = (): ReturnType<typeof indexLocked> => indexLocked(options);
  if (options.dataset.labels.length < 2) requireClasses(options.dataset.labels);
  if (!options.out) return work();
  await requirePlace(options.out, options.overwrite);
  return locked(`${resolve(options.out)}.partial`, work);
}

async function indexLocked(options: IndexOptions): Promise<{ gallery: Gallery; skipped: number }> {
  const { dataset, smoother, samples = 256, seed = 0, signal } = options;
  const sigma = samples === 0 ? 0 : options.sigma;
  const identity = {
    sigma,
    samples,
    seed,
    modelHash: smoother.info.encoderHash,
    preprocessingHash: smoother.info.preprocessingHash,
    dataFingerprint: dataset.fingerprint,
  };
  const partial = options.out ? `${resolve(options.out)}.partial` : null;
  const done = partial ? await openPartial(partial, identity) : [];
  const finished = new Map(done.map((item) => [item.id, item]));
  const journal = partial ? await JournalWriter.open(join(partial, 'items.jsonl')) : null;
  let skipped = 0;
  let progress = finished.size;
  const leaveOut = async (item: DatasetItem, error: Error): Promise<void> => {
    skipped++;
    await options.onSkip?.(item, error);
  };
  try {
    const pictures = readPictures(
      dataset.items.filter(({ id }) => !finished.has(id)),
      smoother.info.preprocessing,
      {
        strict: options.strict,
        maxPixels: options.maxPixels,
        onSkip: leaveOut,
      },
    );
    const inFlight = 2 * smoother.threads + 2;
    await inOrder(
      pictures,
      inFlight,
      async ({ item, pixels, hash }): Promise<PartialItem | null> => {
        const image = { id: item.id, pixels };
        try {
          const clean = Float32Array.from(await smoother.embedClean(image, { signal }));
          const vector =
            samples === 0
              ? clean
              : Float32Array.from(await smoother.embed(image, { sigma, samples, seed }, { signal }));
          return { id: item.id, label: item.label, vector: encode(vector), clean: encode(clean), hash };
        } catch (error) {
          if (options.strict || !isRetrievalGuardError(error, 'EMBEDDING_INVALID')) throw error;
          await leaveOut(item, error);
          return null;
        }
      },
      async (item) => {
        if (item === null) return;
        await journal?.append(item);
        finished.set(item.id, item);
        options.onItem?.(++progress, dataset.items.length);
      },
    );
  } finally {
    await journal?.close();
  }

  const items = dataset.items.map(({ id }) => finished.get(id)).filter((item) => item !== undefined);
  requireUsable(items, dataset);
  const { dimension } = smoother.info;
  const vectors = new Float32Array(items.length * dimension);
  const clean = samples === 0 ? undefined : new Float32Array(items.length * dimension);
  for (const [i, item] of items.entries()) {
    vectors.set(decode(item.vector), i * dimension);
    clean?.set(decode(item.clean), i * dimension);
  }
  const manifest = {
    ...identity,
    data: options.data,
    created: new Date().toISOString(),
    retrievalguard: VERSION,
  };
  const gallery = Gallery.create({
    manifest,
    vectors,
    clean,
    ids: items.map((i) => i.id),
    labels: items.map((i) => i.label),
    hashes: items.map((i) => i.hash),
  });
  if (options.out && partial) {
    await writeGallery(options.out, gallery, { overwrite: options.overwrite });
    await rm(partial, { recursive: true, force: true });
  }
  return { gallery, skipped };
}

/** What was embedded before a kill, if it belongs to the same work; else a fresh start. */
async function openPartial(folder: string, identity: object): Promise<PartialItem[]> {
  try {
    await makeFolders(folder);
  } catch (error) {
    throw unwritable(folder, error);
  }
  const [known] = await readJournal(join(folder, 'identity.jsonl'), {
    schema: z.looseObject({}),
    key: () => '',
  });
  if (known && JSON.stringify(known) === JSON.stringify(identity))
    return readJournal(join(folder, 'items.jsonl'), { schema: PARTIAL_ITEM, key: ({ id }) => id });
  await rm(join(folder, 'items.jsonl'), { force: true });
  await rm(join(folder, 'identity.jsonl'), { force: true });
  const journal = await JournalWriter.open(join(folder, 'identity.jsonl'));
  await journal.append(identity);
  await journal.close();
  return [];
}

function requireUsable(items: readonly PartialItem[], dataset: Dataset): void {
  if (items.length === 0) {
    throw new RetrievalGuardError('DATASET_EMPTY', {
      expected: `readable images in ${dataset.spec}`,
      got: `${count(dataset.items.length, 'image')}, none of which could be read and embedded`,
      fix: 'See the warnings above for each image.',
    });
  }
  requireClasses(items.map(({ label }) => label));
}

function requireClasses(labels: readonly string[]): void {
  if (new Set(labels).size > 1) return;
  throw new RetrievalGuardError('DATASET_LABELS', {
    expected: 'at least two classes in the gallery',
    got: `one ('${labels[0]}')`,
    fix: 'With a single class every answer is right; add images of other classes.',
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
 * Refuses a gallery that does not belong to an encoder and σ. A gallery of clean embeddings fits any σ.
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
