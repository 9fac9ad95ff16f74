import { empiricalBernsteinRadius } from '../stats/index.ts';
import { scalarMeanRadius } from './lipschitz.ts';

/** Input of {@link bisectorRadius}. */
export interface BisectorInput {
  /** Mean of ⟨h,u_ab⟩ over the samples, in [−bound, bound]. */
  mean: number;
  /** Confidence half-width of that mean, from {@link bisectorDeviation} or the ball ‖ĝ−g‖ ≤ ε. */
  deviation: number;
  /** c_ab, see bisectorOffset. */
  offset: number;
  /** In [0,1] pixel units. */
  sigma: number;
  /** F, the largest norm of an embedding; default 1. */
  bound?: number;
}

/**
 * Radius within which the positive a beats the negative b (certificates §3):
 * σ(Φ⁻¹((c+F)/2F) − Φ⁻¹((μ̄+F)/2F)), μ̄ = mean + deviation; 0 when the upper bound of the mean reaches the bisector.
 */
export function bisectorRadius({ mean, deviation, offset, sigma, bound = 1 }: BisectorInput): number {
  return scalarMeanRadius(Math.min(bound, mean + deviation), offset, sigma, bound);
}

/**
 * One-sided confidence half-width of the mean of a scalar in [−bound, bound] from its sample variance
 * (empirical Bernstein; Maurer & Pontil 2009, Theorem 4).
 */
export function bisectorDeviation(samples: number, variance: number, alpha: number, bound = 1): number {
  if (samples < 2) return 2 * bound;
  // a variance known only from above may exceed what values in [−bound, bound] can have
  const most = (bound * bound * samples) / (samples - 1);
  return empiricalBernsteinRadius({ samples, variance: Math.min(variance, most), range: 2 * bound, alpha });
}
