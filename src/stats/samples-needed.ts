import { requireAlpha, requireCount, requirePositive } from './require.ts';

/** Smallest n with which n hits of n samples show a share above `share`: alpha^{1/n} > share. Infinity for share ≥ 1. */
export function samplesForClopperPearsonLower(share: number, alpha: number): number {
  requireAlpha(alpha);
  if (share >= 1) return Infinity;
  if (share <= 0) return 1;
  return Math.floor(Math.log(alpha) / Math.log(share)) + 1;
}

/** Smallest n with which 0 exceedances of n samples show a share below `share`. */
export function samplesForUpperBound(share: number, alpha: number): number {
  requireAlpha(alpha);
  if (share <= 0) return Infinity;
  if (share >= 1) return 1;
  return Math.floor(Math.log(alpha) / Math.log1p(-share)) + 1;
}

/** Smallest n with which the confidence ball of matrixBernsteinRadius is smaller than `epsilon`. */
export function samplesForBernsteinRadius(
  epsilon: number,
  dimension: number,
  alpha: number,
  bound = 1,
): number {
  requirePositive('epsilon', epsilon);
  requireCount('dimension', dimension, 1);
  requireAlpha(alpha);
  const perSample = (epsilon * epsilon) / (2 * (bound * bound + (2 * bound * epsilon) / 3));
  return Math.floor(Math.log((dimension + 1) / alpha) / perSample) + 1;
}
