/**
 * Distance between a sample mean and its expectation that is exceeded with probability at most alpha, and the reverse.
 * All formulas are sums of positive terms, so each result has a relative rounding error below 1e-15.
 */
import { inputError, requireAlpha, requireCount, requirePositive } from './require.ts';

/** A mean of `samples` independent vectors of the given dimension, each of Euclidean norm ≤ bound. */
export interface VectorMean {
  /** Number of independent vectors n ≥ 1. */
  samples: number;
  /** Their dimension k ≥ 1. */
  dimension: number;
  /** F, the bound of their norm; 1 for an encoder that normalises its output. Default 1. */
  bound?: number;
}

/**
 * Radius ε with P(‖mean − expectation‖₂ ≥ ε) ≤ alpha: the positive root ε of
 * alpha = (k+1)·exp(−nε² / (2(F² + 2Fε/3))), that is ε = F·(t + √(t² + 2L/n)) with L = ln((k+1)/alpha), t = 2L/(3n).
 * It may exceed the trivial radius 2F. Source: J. A. Tropp, "User-friendly tail bounds for sums of random matrices", Found.
 * Comput. Math. 12 (2012), Thm 1.6, for k×1 matrices.
 * Throws CERTIFICATE_INPUT unless samples and dimension are integers ≥ 1, 0 < alpha < 1 and bound > 0.
 */
export function matrixBernsteinRadius(options: VectorMean & { alpha: number }): number {
  const { samples, dimension, alpha, bound = 1 } = options;
  requireVectorMean(samples, dimension, bound);
  requireAlpha(alpha);
  const rate = matrixBernsteinLog(dimension, alpha) / samples;
  const t = (2 * rate) / 3;
  return bound * (t + Math.sqrt(t * t + 2 * rate));
}

/**
 * Upper bound min(1, (k+1)·exp(−nε² / (2(F² + 2Fε/3)))) of P(‖mean − expectation‖₂ ≥ ε), with ε = `radius` ≥ 0: the
 * forward formula of {@link matrixBernsteinRadius}. Throws CERTIFICATE_INPUT for impossible numbers.
 */
export function matrixBernsteinProbability(options: VectorMean & { radius: number }): number {
  const { samples, dimension, radius, bound = 1 } = options;
  requireVectorMean(samples, dimension, bound);
  if (!(radius >= 0)) throw inputError('radius >= 0', `radius = ${radius}`);
  const share = radius / bound;
  if (share === Infinity) return 0;
  const exponent = (samples * share) / (2 * (1 / share + 2 / 3));
  return Math.min(1, (dimension + 1) * Math.exp(-exponent));
}

/** ln((k+1)/alpha), which does not overflow for a tiny alpha. Unchecked. */
export function matrixBernsteinLog(dimension: number, alpha: number): number {
  return Math.log(dimension + 1) - Math.log(alpha);
}

function requireVectorMean(samples: number, dimension: number, bound: number): void {
  requireCount('samples', samples, 1);
  requireCount('dimension', dimension, 1);
  requirePositive('bound', bound);
}

/**
 * Radius ε with P(expectation − mean ≥ ε) ≤ alpha, one-sided, for `samples` independent numbers that lie in an interval of length
 * `range`: √(2V ln(2/alpha)/n) + 7·range·ln(2/alpha)/(3(n−1)). By symmetry the same ε holds for mean − expectation, at another
 * alpha. `variance` V is the unbiased sample variance (divisor n − 1) of the same numbers, in their own units.
 * Source: A. Maurer and M. Pontil, "Empirical Bernstein bounds and sample variance penalization", COLT 2009, Thm 4.
 * Throws CERTIFICATE_INPUT unless samples ≥ 2, range > 0, 0 < alpha < 1 and 0 ≤ V ≤ range²n/(4(n−1)), its largest possible value.
 */
export function empiricalBernsteinRadius(options: {
  samples: number;
  variance: number;
  range: number;
  alpha: number;
}): number {
  const { samples, variance, range, alpha } = options;
  requireCount('samples', samples, 2);
  requirePositive('range', range);
  requireAlpha(alpha);
  const largest = (range * range * samples) / (4 * (samples - 1));
  // The slack is for the rounding of a variance computed by its caller.
  if (!(variance >= 0 && variance <= largest * (1 + 1e-9))) {
    throw inputError(
      `0 <= variance <= ${largest}`,
      `variance = ${variance}`,
      'Numbers in an interval of this range cannot have it; check that variance and range are in the same units.',
    );
  }
  const log = Math.LN2 - Math.log(alpha);
  return Math.sqrt((2 * variance * log) / samples) + (7 * range * log) / (3 * (samples - 1));
}

/**
 * Radius ε with P(expectation − mean ≥ ε) ≤ alpha, one-sided (and so for mean − expectation, at another alpha), for `samples`
 * independent numbers in an interval of length `range`: range·√(ln(1/alpha)/(2n)).
 * Source: W. Hoeffding, J. Amer. Statist. Assoc. 58 (1963), Thm 2. Throws CERTIFICATE_INPUT for impossible numbers.
 */
export function hoeffdingRadius(options: { samples: number; range: number; alpha: number }): number {
  const { samples, range, alpha } = options;
  requireCount('samples', samples, 1);
  requirePositive('range', range);
  requireAlpha(alpha);
  return range * Math.sqrt(-Math.log(alpha) / (2 * samples));
}
