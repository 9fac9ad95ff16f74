/** How one failure probability is shared out, so that a union bound over all shares costs alpha. */
import { inputError, requireAlpha, requireCount, requirePositive } from './require.ts';

/** 6/π² = 0.60792710185402662…, rounded down by more than a share's own rounding, so that all shares sum to less than alpha. */
const SIX_OVER_PI_SQUARED = 0.607927101854026;

/**
 * The share of alpha that look number `look` = 0, 1, 2, … of a run may spend: alpha·6/(π²(look+1)²). Over all looks the shares sum
 * to alpha, so a certificate is valid at whatever look the run stops. Throws CERTIFICATE_INPUT unless 0 < alpha < 1 and look is an
 * integer ≥ 0.
 */
export function earlyStoppingAlpha(alpha: number, look: number): number {
  requireAlpha(alpha);
  requireCount('look', look, 0);
  return (alpha * SIX_OVER_PI_SQUARED) / ((look + 1) * (look + 1));
}

/**
 * Shares of alpha in proportion to the weights, one for each. They sum to at most alpha, as real numbers and when added in
 * float64, at the price of a relative loss of (weights.length + 4)·2.2e-16.
 * Throws CERTIFICATE_INPUT unless 0 < alpha < 1, there is a weight, and every weight is finite and > 0 and its share does not
 * underflow.
 */
export function splitAlpha(alpha: number, weights: readonly number[]): number[] {
  requireAlpha(alpha);
  if (weights.length === 0) throw inputError('at least one weight', 'none');
  let largest = 0;
  for (const [i, weight] of weights.entries()) {
    requirePositive(`weights[${i}]`, weight);
    largest = Math.max(largest, weight);
  }
  let total = 0;
  for (const weight of weights) total += weight / largest;
  const scale = (alpha / total) * (1 - (weights.length + 4) * Number.EPSILON);
  return weights.map((weight, i) => {
    const share = scale * (weight / largest);
    if (share === 0) {
      throw inputError('weights of comparable size', `weights[${i}] = ${weight} beside ${largest}`);
    }
    return share;
  });
}
