/** The gallery in memory: labelled vectors and exact search among them. */
import { createHash } from 'node:crypto';
import { RetrievalGuardError } from '../errors.ts';
import { encodeItems, type Items } from './items.ts';
import { checkManifest, type GalleryDescription, galleryHash, type GalleryManifest } from './manifest.ts';
import { nearestRows } from './nearest.ts';

/** One of the items nearest to a query. */
export interface Neighbour {
  /** Position in the gallery, from 0. */
  index: number;
  id: string;
  label: string;
  /** ℓ2 distance in embedding space, computed in float64. */
  distance: number;
}

/** The content of a gallery. */
export interface GalleryContent extends Items {
  manifest: GalleryDescription;
  /** [count × dimension] float32, row by row; need not have unit norm. */
  vectors: Float32Array;
  /** [count × dimension] embeddings of the unperturbed images, where `vectors` are smoothed: the undefended gallery. */
  clean?: Float32Array;
}

/** The content of a new gallery. Where there are no labels, each item's is its id. */
export type NewContent = Omit<GalleryContent, 'labels'> & Partial<Pick<GalleryContent, 'labels'>>;

/** Labelled vectors. Treat all arrays as read-only: the manifest's hashes speak of them. */
export class Gallery {
  readonly manifest: GalleryManifest;
  /** [count × dimension], row by row. */
  readonly vectors: Float32Array;
  /** [count × dimension] embeddings of the unperturbed images; the vectors themselves where those are clean. Null when unknown. */
  readonly clean: Float32Array | null;
  /** [count] */
  readonly labels: readonly string[];
  /** [count] */
  readonly ids: readonly string[];
  /** [count] SHA-256 of each picture's file, in hex; undefined where they are not known. */
  readonly hashes: readonly string[] | undefined;
  /** The different labels, in the order of their first item. */
  readonly labelNames: readonly string[];
  /** [count] position of each item's label in `labelNames`. */
  readonly labelIndex: Int32Array;

  /**
   * Takes content that matches its manifest, as `handle.load()` does; use {@link Gallery.create} for new content.
   * @throws DATASET_LABELS for missing or empty labels; GALLERY_INVALID when sizes disagree, ids repeat or a vector is not finite.
   */
  constructor(manifest: GalleryManifest, content: Omit<GalleryContent, 'manifest'>) {
    const { vectors, labels, ids } = content;
    checkContent(vectors, manifest.dimension, labels, ids);
    if (ids.length !== manifest.count) {
      throw new RetrievalGuardError('GALLERY_INVALID', {
        expected: `${manifest.count} items, as the manifest says`,
        got: `${ids.length}`,
        fix: 'Build the gallery again.',
      });
    }
    this.manifest = manifest;
    this.vectors = vectors;
    if (content.clean && content.clean.length !== vectors.length) {
      throw new RetrievalGuardError('GALLERY_INVALID', {
        expected: `${vectors.length} values of clean embeddings`,
        got: `${content.clean.length}`,
      });
    }
    this.clean = content.clean ?? (manifest.samples === 0 ? vectors : null);
    this.labels = labels;
    this.ids = ids;
    this.hashes = content.hashes;
    const positions = new Map<string, number>();
    this.labelIndex = Int32Array.from(labels, (label) => {
      const known = positions.get(label) ?? positions.size;
      positions.set(label, known);
      return known;
    });
    this.labelNames = [...positions.keys()];
  }

  /**
   * A gallery of new content: the dimension is vectors.length / ids.length, and the manifest's computed fields (format, version,
   * count, dimension, hashes) are filled in.
   * @throws as the constructor, and GALLERY_INVALID for an empty gallery or an impossible manifest.
   */
  static create({ manifest, vectors, clean, ids, labels = ids, hashes }: NewContent): Gallery {
    const dimension = vectors.length / ids.length;
    checkContent(vectors, dimension, labels, ids);
    const full = checkManifest(
      {
        ...manifest,
        format: 'retrievalguard-gallery',
        version: 1,
        count: ids.length,
        dimension,
        vectorsHash: createHash('sha256').update(vectorBytes(vectors)).digest('hex'),
        itemsHash: createHash('sha256').update(encodeItems({ ids, labels, hashes })).digest('hex'),
        ...(clean && { cleanHash: createHash('sha256').update(vectorBytes(clean)).digest('hex') }),
      },
      'the new gallery.json',
    );
    return new Gallery({ ...full, hash: galleryHash(full) }, { vectors, clean, labels, ids, hashes });
  }

  /** Number of items. */
  get count(): number {
    return this.manifest.count;
  }

  /** Length of each vector. */
  get dimension(): number {
    return this.manifest.dimension;
  }

  /** The stored vector of an item: a view, not a copy. [dimension] */
  vector(index: number): Float32Array {
    return this.vectors.subarray(index * this.dimension, (index + 1) * this.dimension);
  }

  /**
   * The k items nearest to a query in ℓ2, exactly, nearest first; ties go to the smaller index. Fewer than k where the gallery
   * (less the excluded item) is smaller.
   * @param query [dimension], need not have unit norm.
   * @param options - `exclude`: index of an item to leave out: the query itself in leave-one-out evaluation. Default none.
   * @throws OPTION_INVALID unless k is a positive integer and `exclude` an index; GALLERY_MISMATCH for a query of another
   *   dimension; EMBEDDING_INVALID for one that is not finite.
   */
  nearest(
    query: Float32Array | Float64Array,
    k: number,
    { exclude }: { exclude?: number } = {},
  ): Neighbour[] {
    if (!Number.isInteger(k) || k < 1)
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: 'k to be an integer ≥ 1',
        got: `k = ${k}`,
      });
    if (exclude !== undefined && !(Number.isInteger(exclude) && exclude >= 0 && exclude < this.count)) {
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: `exclude to be an item's index, 0 to ${this.count - 1}`,
        got: `${exclude}`,
      });
    }
    if (query.length !== this.dimension) {
      throw new RetrievalGuardError('GALLERY_MISMATCH', {
        expected: `a query of the gallery's dimension ${this.dimension}`,
        got: `${query.length} values`,
        fix: 'Use the model that built the gallery, or build the gallery again with this model.',
      });
    }
    if (!query.every(Number.isFinite)) {
      throw new RetrievalGuardError('EMBEDDING_INVALID', {
        expected: 'a query embedding of finite numbers',
        got: 'NaN or infinity',
      });
    }
    const found = nearestRows(this.vectors, this.dimension, Float64Array.from(query), k, exclude);
    return found.map(({ index, squared }) => ({
      index,
      id: this.ids[index],
      label: this.labels[index],
      distance: Math.sqrt(squared),
    }));
  }
}

/** The bytes of the vectors as vectors.npy stores them, without a copy (every platform of Node.js is little-endian here). */
export function vectorBytes(vectors: Float32Array): Buffer {
  return Buffer.from(vectors.buffer, vectors.byteOffset, vectors.byteLength);
}

function checkContent(
  vectors: Float32Array,
  dimension: number,
  labels: readonly string[],
  ids: readonly string[],
): void {
  const invalid = (expected: string, got: string, fix?: string): never => {
    throw new RetrievalGuardError('GALLERY_INVALID', { expected, got, fix });
  };
  if (ids.length === 0) invalid('a gallery of at least one item', 'none');
  if (!Number.isInteger(dimension) || dimension < 1 || vectors.length !== ids.length * dimension)
    invalid(`${ids.length} ids and as many vectors of equal length`, `${vectors.length} vector values`);
  if (labels.length !== ids.length || labels.some((label) => label === '')) {
    const empty = labels.indexOf('');
    throw new RetrievalGuardError('DATASET_LABELS', {
      expected: `a label for each of the ${ids.length} items`,
      got:
        labels.length !== ids.length ? `${labels.length} labels` : `an empty label for item '${ids[empty]}'`,
    });
  }
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) invalid('ids that are all different', `'${id}' twice`, 'Remove the duplicate item.');
    seen.add(id);
  }
  let bad = 0;
  while (bad < vectors.length && Number.isFinite(vectors[bad])) bad++;
  if (bad < vectors.length)
    invalid('vectors of finite numbers', `${vectors[bad]} in item '${ids[Math.floor(bad / dimension)]}'`);
}
