/** The galleries of the commands that take a dataset as its own gallery, or a stored one. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { absoluteSpec, type Dataset } from '../datasets/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import {
  galleryDifferences,
  indexDataset,
  type IndexOptions,
  ownItem,
  requireSameSystem,
} from '../evaluate/index.ts';
import { type Gallery, openGallery, spreadNote } from '../gallery/index.ts';
import type { INDEX, ValuesOf } from '../settings/index.ts';
import type { Smoother } from '../smoothing/index.ts';
import { note, startProgress, warn } from './terminal.ts';
import { count } from '../words.ts';

/** Refuses a command that names no gallery. In instance search a dataset may look for its own pictures. */
export function requireGallery({
  gallery,
  leaveOneOut,
  identity,
}: {
  gallery?: string;
  leaveOneOut?: boolean;
  identity?: boolean;
}): void {
  if (gallery || leaveOneOut || identity) return;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: '--gallery FOLDER or --leave-one-out',
    got: 'neither',
    fix: 'Build a gallery with `retrievalguard index`.',
  });
}

/**
 * Opens a stored gallery.
 *
 * @param sigma - that it has to have, where it is smoothed; absent: any
 * @param identity - whether its classes do not matter
 * @throws RetrievalGuardError GALLERY_MISMATCH when it was built with another model or σ, DATASET_LABELS for one class
 */
export async function storedGallery(
  path: string,
  smoother: Smoother,
  sigma?: number,
  identity?: boolean,
): Promise<Gallery> {
  const handle = await openGallery(path);
  requireSameSystem(handle.manifest, smoother, sigma ?? handle.manifest.sigma);
  const gallery = await handle.load();
  if (gallery.labelNames.length < 2 && !identity) {
    throw new RetrievalGuardError('DATASET_LABELS', {
      expected: 'a gallery of at least two classes',
      got: `one ('${gallery.labelNames[0]}')`,
      fix: 'With a single class every answer is right; instance search (certify --identity) asks for single items instead.',
    });
  }
  return gallery;
}

/** So many queries, spread over the dataset, are looked for in a gallery. */
const LOOKED_FOR = 64;

/**
 * Warns of queries that stand in the gallery themselves and are not left out of it, and of those that are to be left out of a gallery which
 * does not hold them. The same picture is known by its bytes, under whatever id; by the id alone in galleries of older versions.
 */
export async function warnOfSelves(
  { items }: Dataset,
  gallery: Gallery,
  leaveOneOut: boolean | undefined,
): Promise<void> {
  const step = Math.max(1, items.length / LOOKED_FOR);
  const looked = Array.from(
    { length: Math.ceil(items.length / step) },
    (_, i) => items[Math.floor(i * step)],
  );
  const own = ownItem(gallery);
  const hashes = new Set(gallery.hashes);
  const found: string[] = [];
  for (const item of looked) {
    const bytes = await item.read().catch(() => null);
    if (bytes === null) continue; // told when it is its turn
    const hash = createHash('sha256').update(bytes).digest('hex');
    const there = leaveOneOut || !gallery.hashes ? own(item.id, hash) !== undefined : hashes.has(hash);
    if (there !== (leaveOneOut ?? false)) found.push(item.id);
  }
  if (found.length === 0) return;
  const share = `${found.length} of ${looked.length === items.length ? '' : 'the '}${count(looked.length, 'query', 'queries')}${looked.length === items.length ? '' : ' looked at'}`;
  warn(
    leaveOneOut
      ? `${share} ${found.length === 1 ? 'is' : 'are'} not in the gallery (${found[0]}): nothing is left out for them`
      : `${share} ${found.length === 1 ? 'stands' : 'stand'} in the gallery as the same picture (${found[0]}) and will find ${found.length === 1 ? 'itself' : 'themselves'}: use --leave-one-out to leave each out of the gallery for itself`,
  );
}

/**
 * The dataset as its own gallery, kept inside the run folder and built where it is missing or of something else.
 *
 * @param values - `out` is the run folder; 0 `gallerySamples` are clean embeddings
 * @param begun - whether the run was begun with this gallery: it is then not replaced by another
 */
export async function ownGallery(
  values: IndexValues & { out: string; sigma: number; gallerySamples: number },
  dataset: Dataset,
  smoother: Smoother,
  signal: AbortSignal,
  begun: boolean,
): Promise<Gallery> {
  const folder = join(values.out, 'gallery');
  const known = await openGallery(folder).catch(() => null);
  if (begun && known && known.manifest.samples !== values.gallerySamples) {
    throw new RetrievalGuardError('RUN_MISMATCH', {
      expected: `the options with which ${values.out} was begun`,
      got: `gallerySamples: ${known.manifest.samples} there, ${values.gallerySamples} now`,
      fix: 'Use the same options to resume it, or another --out.',
    });
  }
  const { sigma, gallerySamples: samples, seed } = values;
  if (known && galleryDifferences(known.manifest, { dataset, smoother, sigma, samples, seed }).length === 0)
    return known.load();
  const each =
    values.gallerySamples === 0 ? 'clean embeddings' : `${count(values.gallerySamples, 'sample')} each`;
  note(`gallery: ${count(dataset.items.length, 'image')}, ${each}`, values);
  const { gallery } = await indexShown(values, dataset, smoother, {
    sigma: values.sigma,
    samples: values.gallerySamples,
    out: folder,
    overwrite: true,
    signal,
  });
  return gallery;
}

type IndexValues = Pick<
  ValuesOf<typeof INDEX>,
  'data' | 'seed' | 'strict' | 'maxPixels' | 'quiet' | 'json'
> & {
  identity?: boolean;
};

/** Builds a gallery, and shows how far it is and what was left out. */
export async function indexShown(
  values: IndexValues,
  dataset: Dataset,
  smoother: Smoother,
  options: Pick<IndexOptions, 'sigma' | 'samples' | 'out' | 'overwrite' | 'signal'>,
): Promise<{ gallery: Gallery; skipped: number }> {
  const { data, seed, strict, maxPixels, identity } = values;
  const progress = startProgress('index', dataset.items.length, values);
  const found = await indexDataset({
    dataset,
    data: absoluteSpec(data),
    smoother,
    seed,
    strict,
    maxPixels,
    identity,
    ...options,
    onSkip: ({ id }, error) => progress.line(`warning: left out ${id}: ${error.message}`),
    onItem: (done) => progress.update(done),
  }).finally(() => progress.stop());
  const alike = spreadNote(found.gallery);
  if (alike) warn(alike);
  return found;
}
