/** The stored vectors that a certificate speaks of: what certify needs of a gallery, nothing more. */
export interface GalleryView {
  /** [count × dimension] float32, row by row, of norm at most 1 (smoothed vectors are shorter). */
  vectors: Float32Array;
  dimension: number;
  count: number;
  /** [count] class of each item. */
  labelIndex: Int32Array;
}

/** Row `index` of the gallery, without a copy. */
export function vectorAt(gallery: GalleryView, index: number): Float32Array {
  return gallery.vectors.subarray(index * gallery.dimension, (index + 1) * gallery.dimension);
}

/** Squared distances of a point to every item, in float64; Infinity at `exclude`. [count] */
export function squaredDistances(
  gallery: GalleryView,
  point: ArrayLike<number>,
  exclude: number | null = null,
): Float64Array {
  const { vectors, dimension, count } = gallery;
  const result = new Float64Array(count);
  for (let row = 0, at = 0; row < count; row++) {
    let sum = 0;
    for (let i = 0; i < dimension; i++) {
      const d = vectors[at++] - point[i];
      sum += d * d;
    }
    result[row] = sum;
  }
  if (exclude !== null) result[exclude] = Infinity;
  return result;
}
