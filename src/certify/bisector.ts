import { requireAtLeastZero } from '../stats/require.ts';
import { NORM_BOUND, scalarMeanRadius } from './lipschitz.ts';

/** Input of {@link bisectorRadius}. */
export interface BisectorInput {
  /** Mean of ⟨h,u_ab⟩ over the samples, in [−bound, bound]. */
  mean: number;
  /** Confidence half-width of that mean, from mean-bound.ts or the ball ‖ĝ−g‖ ≤ ε. */
  deviation: number;
  /** c_ab, see bisectorOffset. */
  offset: number;
  /** In [0,1] pixel units. */
  sigma: number;
  /** F, the largest norm of an embedding; default {@link NORM_BOUND}. */
  bound?: number;
}

/**
 * Radius within which the positive a beats the negative b (certificates §4):
 * σ(Φ⁻¹((c+F)/2F) − Φ⁻¹((μ̄+F)/2F)), μ̄ = mean + deviation; 0 when the upper bound of the mean reaches the bisector.
 * @throws CERTIFICATE_INPUT for impossible numbers
 */
export function bisectorRadius({
  mean,
  deviation,
  offset,
  sigma,
  bound = NORM_BOUND,
}: BisectorInput): number {
  requireAtLeastZero('deviation', deviation);
  return scalarMeanRadius(Math.min(bound, mean + deviation), offset, sigma, bound);
}
