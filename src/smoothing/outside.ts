/** What lies outside a query's scan: what its samples need to look for items there. */
import type { QueryPlan } from '../certify/index.ts';
import { makeOrthogonal } from './principal-directions.ts';
import {
  BLOCK,
  headErrors,
  lossOfOrthogonality,
  NOWHERE,
  type SharedGallery,
  sharedFloats,
} from './shared-gallery.ts';

/** How the items of a shared gallery lie to a query's mean; in shared memory. */
export interface Survey {
  /** ĝ₀ */
  mean: Float64Array;
  /** A unit vector along what the head's basis misses of the mean; zeros where it misses nothing. [dimension] */
  direction: Float32Array;
  /** Of the basis with the direction. */
  rank: number;
  loss: number;
  /** [items] squared distances from the mean, in float64 from differences. */
  squared: Float64Array;
  /** [items] ⟨direction, b⟩ */
  along: Float32Array;
  /** [items] at least ‖ρ_b‖, what is left of b beside the basis and the direction. */
  tails: Float32Array;
}

/** A query's items outside the scan. */
export interface Outside extends Omit<Survey, 'squared'> {
  /** [blocks] at most ‖ĝ₀ − b‖ of the items outside the scan in each block of them; Infinity where there are none. */
  nearest: Float64Array;
  /** [items] −‖b‖²/2; {@link NOWHERE} for items that are scanned or left out. */
  bias: Float32Array;
  /** Positives that lie outside: a statistic of negatives passes them over. */
  positives: Int32Array;
}

/** A survey that is still to be made. */
export function emptySurvey({ head, dimension, count }: SharedGallery, mean: Float64Array): Survey {
  const vector = mean.slice();
  const missed = makeOrthogonal(vector, head.basis, head.rank, dimension);
  const direction = missed ? Float32Array.from(vector) : new Float32Array(dimension);
  const all = new Float32Array((head.rank + (missed ? 1 : 0)) * dimension);
  all.set(head.basis);
  if (missed) all.set(direction, head.basis.length);
  return {
    mean,
    direction,
    rank: head.rank + 1,
    loss: lossOfOrthogonality(all, dimension),
    squared: new Float64Array(new SharedArrayBuffer(8 * count)),
    along: sharedFloats(head.bias.length),
    tails: sharedFloats(head.bias.length),
  };
}

/** Surveys items first … first + count − 1. */
export function survey(
  { vectors, dimension, head }: SharedGallery,
  { mean, direction, rank, loss, squared, along, tails }: Survey,
  first: number,
  count: number,
): void {
  const { tail } = headErrors(dimension, rank, loss);
  // a Float32Array would be converted for each item
  const u = Float64Array.from(direction);
  for (let item = first, at = first * dimension; item < first + count; item++) {
    let [square, product] = [0, 0];
    for (let d = 0; d < dimension; d++, at++) {
      const value = vectors[at];
      const difference = value - mean[d];
      square += difference * difference;
      product += value * u[d];
    }
    squared[item] = square;
    along[item] = product;
    tails[item] =
      Math.sqrt(Math.max(0, head.rests[item] - along[item] * along[item] + tail)) * (1 + 2 ** -22);
  }
}

/** What lies outside the scan of a plan. */
export function outsideOf(
  { head }: SharedGallery,
  { mean, direction, rank, loss, squared, along, tails }: Survey,
  { scanned, exclude, positives }: QueryPlan,
): Outside | undefined {
  if (scanned === null) return undefined;
  const bias = sharedFloats(head.bias.length);
  bias.set(head.bias);
  for (const item of scanned.items) bias[item] = NOWHERE;
  if (exclude !== null) bias[exclude] = NOWHERE;
  const outside = positives.filter((item) => bias[item] !== NOWHERE);
  const nearest = new Float64Array(bias.length / BLOCK);
  for (let block = 0; block < nearest.length; block++) {
    let least = Infinity;
    for (let item = block * BLOCK; item < Math.min(squared.length, (block + 1) * BLOCK); item++)
      if (bias[item] !== NOWHERE) least = Math.min(least, squared[item]);
    nearest[block] = Math.sqrt(least) * (1 - 1e-12);
  }
  return { mean, direction, rank, loss, along, tails, nearest, bias, positives: outside };
}

/** ‖x − b‖² for item b, summed in float64 from differences, first to last: the same bits for whoever asks. */
export function squaredDistanceTo(
  { vectors, dimension }: SharedGallery,
  item: number,
  x: ArrayLike<number>,
): number {
  let sum = 0;
  for (let d = 0, at = item * dimension; d < dimension; d++, at++) {
    const difference = x[d] - vectors[at];
    sum += difference * difference;
  }
  return sum;
}
