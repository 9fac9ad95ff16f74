import type { Certificate } from './result.ts';
import { radiusOf } from './result.ts';
import { requireAtLeastZero, requireCount } from '../stats/require.ts';

/**
 * The radius within which *every* one of several conditions holds: the least of their certified radii.
 *
 * Each input R̂_b is a lower confidence bound of its true radius R_b at failure probability alpha. Then min_b R̂_b is one
 * of min_b R_b at the **same** alpha; no union bound is owed. Proof: the index b* of the least true radius is a fact of
 * the query, not of the estimation samples. If min_b R̂_b > min_b R_b = R_b*, then R̂_b* ≥ min_b R̂_b > R_b*, an event of
 * probability at most alpha. ∎ (An intersection–union test, Berger 1982. The inputs may depend on each other in any way.)
 */
export function leastRadius(certificates: Iterable<Certificate>): number {
  let least = Infinity;
  for (const certificate of certificates) least = Math.min(least, radiusOf(certificate));
  return least;
}

/** A certified radius that stands for `count` negatives at once (a far group falls as one). */
export interface WeightedRadius {
  radius: number;
  /** How many negatives may overtake together once the radius is exceeded; default 1. */
  count?: number;
}

/**
 * Recall@k: "one of the k nearest items has the label" holds while fewer than k negatives overtake all positives, so
 * its radius is the k-th smallest of the negatives' radii, a group counting as often as it has members (certificates §8).
 *
 * Each radius must be a lower confidence bound at alpha/k: let S be k negatives of least true radius. If the k-th
 * smallest estimate exceeds the k-th smallest truth, then fewer than k estimates lie at or below it, so at least one
 * member of S is overestimated: probability at most k·(alpha/k). A group of several members is one estimate and
 * appears in S at most once. ∎
 */
export function kthSmallestRadius(radii: readonly WeightedRadius[], k: number): number {
  requireCount('k', k, 1);
  for (const { radius, count = 1 } of radii) {
    requireAtLeastZero('radius', radius);
    requireCount('count', count, 0);
  }
  const sorted = [...radii].sort((x, y) => x.radius - y.radius);
  let overtaking = 0;
  for (const { radius, count = 1 } of sorted) {
    overtaking += count;
    if (overtaking >= k) return radius;
  }
  return Infinity;
}
