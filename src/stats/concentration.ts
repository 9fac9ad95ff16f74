import { requireAlpha, requireCount, requirePositive } from './require.ts';

/** What a vector mean's confidence ball depends on. */
export interface MatrixBernsteinInput {
  /** n, number of independent samples. */
  samples: number;
  /** k, length of the vectors. */
  dimension: number;
  /** Failure probability. */
  alpha: number;
  /** F, the largest norm of a vector; default 1. */
  bound?: number;
}

/**
 * ε with P(‖ĝ−g‖ > ε) ≤ alpha for the mean of n independent vectors of norm ≤ F in R^k (certificates §2; Tropp 2012,
 * Theorem 1.6): the positive root of n ε² = 2 ln((k+1)/alpha)·(F² + 2Fε/3).
 */
export function matrixBernsteinRadius({
  samples,
  dimension,
  alpha,
  bound = 1,
}: MatrixBernsteinInput): number {
  requireCount('samples', samples, 1);
  requireCount('dimension', dimension, 1);
  requireAlpha(alpha);
  requirePositive('bound', bound);
  const half = (2 * bound * Math.log((dimension + 1) / alpha)) / (3 * samples);
  return half + Math.sqrt(half * half + 3 * bound * half);
}

/** The failure probability (k+1)·exp(−nε²/(2(F² + 2Fε/3))) that belongs to a radius ε; capped at 1. */
export function matrixBernsteinProbability(
  epsilon: number,
  { samples, dimension, bound = 1 }: Omit<MatrixBernsteinInput, 'alpha'>,
): number {
  const exponent = (samples * epsilon * epsilon) / (2 * (bound * bound + (2 * bound * epsilon) / 3));
  return Math.min(1, (dimension + 1) * Math.exp(-exponent));
}

/**
 * One-sided confidence half-width of the mean of independent values in an interval of length `range`:
 * mean of the law ≤ sample mean + √(2V ln(2/alpha)/n) + 7·range·ln(2/alpha)/(3(n−1)), V the unbiased sample variance
 * (Maurer & Pontil 2009, Theorem 4), with probability ≥ 1 − alpha. Infinity for fewer than two samples.
 */
export function empiricalBernsteinRadius({
  samples,
  variance,
  range,
  alpha,
}: {
  samples: number;
  variance: number;
  range: number;
  alpha: number;
}): number {
  requireCount('samples', samples, 1);
  requireAlpha(alpha);
  if (samples < 2) return Infinity;
  const log = Math.log(2 / alpha);
  return Math.sqrt((2 * variance * log) / samples) + (7 * range * log) / (3 * (samples - 1));
}

/** One-sided confidence half-width range·√(ln(1/alpha)/2n) (Hoeffding 1963). */
export function hoeffdingRadius({
  samples,
  range,
  alpha,
}: {
  samples: number;
  range: number;
  alpha: number;
}): number {
  requireCount('samples', samples, 1);
  requireAlpha(alpha);
  return range * Math.sqrt(Math.log(1 / alpha) / (2 * samples));
}
