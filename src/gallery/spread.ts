import type { Gallery } from './gallery.ts';
import { count } from '../words.ts';

/** Below this the embeddings of a gallery are nearly all alike. Pretrained networks that work have 0.05 and more. */
const ALIKE = 2e-3;

/**
 * How far the vectors of a gallery point in different directions: 1 − ‖m‖², m the mean of the vectors made to length 1. 0 where they are
 * all alike, 1 where they point everywhere.
 */
export function spreadOf({
  vectors,
  dimension,
  count,
}: Pick<Gallery, 'vectors' | 'dimension' | 'count'>): number {
  const mean = new Float64Array(dimension);
  for (let item = 0; item < count; item++) {
    const vector = vectors.subarray(item * dimension, (item + 1) * dimension);
    let norm = 0;
    for (const value of vector) norm += value * value;
    const scale = norm > 0 ? 1 / Math.sqrt(norm) / count : 0;
    for (let i = 0; i < dimension; i++) mean[i] += scale * vector[i];
  }
  return 1 - mean.reduce((sum, value) => sum + value * value, 0);
}

/** A sentence for a gallery whose vectors are nearly all alike; null for any other. */
export function spreadNote(gallery: Gallery): string | null {
  if (gallery.count < 2) return null;
  const spread = spreadOf(gallery);
  if (spread >= ALIKE) return null;
  return `the embeddings of the ${count(gallery.count, 'item')} are nearly all alike (spread ${spread.toExponential(1)} of 1): check the mean and std of the preprocessing, the size of the input, and that sigma is in pixels of [0,1]`;
}
