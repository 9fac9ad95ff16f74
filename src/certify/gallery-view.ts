import { inputError } from '../stats/require.ts';

/** The stored vectors that a certificate speaks of: what certify needs of a gallery, nothing more. */
export interface GalleryView {
  /** [count × dimension] float32, row by row, of norm at most {@link MOST_NORM} (smoothed vectors are shorter). */
  vectors: Float32Array;
  dimension: number;
  count: number;
  /** [count] class of each item. */
  labelIndex: Int32Array;
}

/** Largest norm of a stored vector: unit vectors are taken as other programs have rounded them. */
export const MOST_NORM = 1.0001;

/** How far storing a mean of embeddings in float32 moves it, in ℓ2: 2⁻²⁴ of each coordinate, and what is too small to have one. */
export const STORED_ROUNDING = 6e-8;

/** Row `index` of the gallery, without a copy. @throws CERTIFICATE_INPUT for no item of it */
export function vectorAt(gallery: GalleryView, index: number): Float32Array {
  if (!(Number.isInteger(index) && index >= 0 && index < gallery.count))
    throw inputError(`an item among ${gallery.count}`, String(index));
  return gallery.vectors.subarray(index * gallery.dimension, (index + 1) * gallery.dimension);
}

const norms = new WeakMap<Float32Array, Float64Array>();

/** ‖v‖² of every item, in float64, computed once for an array of vectors. [count] @throws CERTIFICATE_INPUT for a NaN */
export function squaredNorms({ vectors, dimension, count }: GalleryView): Float64Array {
  const known = norms.get(vectors);
  if (known?.length === count) return known;
  const squares = new Float64Array(count);
  for (let row = 0, at = 0; row < count; row++) {
    let sum = 0;
    for (let i = 0; i < dimension; i++, at++) sum += vectors[at] * vectors[at];
    if (Number.isNaN(sum)) throw inputError('vectors of numbers', `a NaN in item ${row}`);
    squares[row] = sum;
  }
  norms.set(vectors, squares);
  return squares;
}

/** Squared distances of a point to every item, in float64; Infinity at `exclude`. [count] */
export function squaredDistances(
  gallery: GalleryView,
  point: ArrayLike<number>,
  exclude: number | null = null,
): Float64Array {
  const { vectors, dimension, count } = gallery;
  if (point.length !== dimension) throw inputError(`a point of ${dimension} dimensions`, `${point.length}`);
  const result = new Float64Array(count);
  for (let row = 0, at = 0; row < count; row++) {
    let sum = 0;
    for (let i = 0; i < dimension; i++) {
      const d = vectors[at++] - point[i];
      sum += d * d;
    }
    result[row] = sum;
  }
  if (result.includes(Number.NaN)) throw inputError('a point and vectors of numbers', 'a NaN');
  if (exclude !== null) result[exclude] = Infinity;
  return result;
}
