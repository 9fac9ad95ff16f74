/** The stake of a bet on a mean (certify/mean-bound.ts). */

/** What the selection samples tell of a statistic. */
export interface SeenLaw {
  mean: number;
  variance: number;
  /** A-priori bound of the statistic. */
  high: number;
}

/**
 * The stake for bettingUpperBound that suits a law: √(2 ln(1/alpha)/(n·variance)), but at most half of the stake that a
 * single sample at `high` could lose all by. One sample in n at `high` is added to the variance, for the tail that is not seen.
 */
export function chooseStake({ mean, variance, high }: SeenLaw, samples: number, alpha: number): number {
  const reach = Math.max(high - mean, 1e-9);
  const spread = variance + (reach * reach) / samples;
  return Math.min(Math.sqrt((2 * Math.log(1 / alpha)) / (samples * spread)), 0.5 / reach);
}
