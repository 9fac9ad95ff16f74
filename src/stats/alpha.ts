/** How one failure probability is shared out, so that a union bound over all shares costs alpha. */
import { inputError, requireAlpha, requirePositive } from './require.ts';

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
