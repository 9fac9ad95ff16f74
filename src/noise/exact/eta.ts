/**
 * How far the noise of cell-table.ts and of position-table.ts is from the ideal one, and what a certificate pays for it.
 *
 * Ideal: D independent values with the law of Q(x + 255 ε), ε ~ N(0, σ²), less the whole number next to x (see cell-table.ts; for bytes
 * x is that number). Drawn: D independent values with the law of the table, if the generator's bits are independent and uniform. The
 * total variation between two laws is the most by which the probability of an event can differ.
 *
 * One value. Let f be x less the whole number next to it, −½ ≤ f < ½; 0 for bytes. Cell k is ideally that of k − ½ ≤ f + 255 ε < k + ½,
 * so what lies beyond the cells −K and K has a mass of at most 2Φ(−(K+½−|f|)/s) ≤ 2Φ(−K/s). Put it into these two: that changes the law
 * by no more. What is left are two laws on the cells with borders b_k (drawn: `borderAt` the position k + ½ − f, exactly, for f is a
 * whole number of 2^-16) and Φ_k (exact), |b_k − Φ_k| ≤ 2^-64. The masses of cell k differ by (b_k − Φ_k) − (b_{k−1} − Φ_{k−1}), so half
 * the sum of absolute differences is at most Σ_k |b_k − Φ_k| ≤ 2K · 2^-64. Together
 *
 *     η_1 ≤ (2K+1) 2^-64 + 2Φ(−K/s).
 *
 * A picture. Replace the D independent values one after the other: each replacement changes the joint law by at most η_1. So
 * η = D η_1 bounds the total variation between one drawn sample and an ideal one, and with it the change of the probability of any
 * event that a sample decides, whatever function the encoder is. n independent samples count such an event with the probability of
 * the drawn law each: n does not enter. A confidence bound p̄ ≥ p(drawn) gives min(1, p̄ + η) ≥ p(ideal), and a lower one max(0, p_ − η).
 */
import { RetrievalGuardError } from '../../errors.ts';
import { DRAW_BITS, exactScale, GREY_LEVEL, tailBeyond } from './cell-table.ts';
import { TAIL_BITS, TAIL_ERROR } from './normal-tail.ts';

/** η may be this share of alpha. */
const LARGEST_SHARE_OF_ALPHA = 1 / 1000;

/**
 * η: an upper bound on the total variation between one sample of the noise and the ideal one; about 10^-11 for 3·224² values at σ = 0.25.
 * Computed in whole numbers and rounded upwards.
 *
 * @param dimension how many values are drawn for a sample, an integer ≥ 1
 * @param sigma in pixels of [0, 1]
 * @throws RetrievalGuardError OPTION_INVALID for a bad dimension, or a sigma that has no table
 */
export function eta(dimension: number, sigma: number): number {
  requireDimension(dimension);
  const scale = exactScale(sigma);
  const borders = BigInt(2 * scale.reach + 1) << (TAIL_BITS - DRAW_BITS);
  const beyond = 2n * (tailBeyond(scale, scale.reach * GREY_LEVEL) + TAIL_ERROR);
  // the conversion is to the nearest float64: a relative 2^-53, less than what is added
  const nearest = Number(BigInt(dimension) * (borders + beyond)) * 2 ** -Number(TAIL_BITS);
  return nearest * (1 + 2 * Number.EPSILON);
}

/**
 * η, if a certificate at `alpha` can pay it without noticing.
 *
 * @param alpha the certificate's failure probability
 * @returns {@link eta} of the dimension and sigma
 * @throws RetrievalGuardError OPTION_INVALID if η is above alpha/1000, and whatever {@link eta} refuses
 */
export function affordableEta(dimension: number, sigma: number, alpha: number): number {
  const bound = eta(dimension, sigma);
  if (!(alpha < 1 && bound <= alpha * LARGEST_SHARE_OF_ALPHA))
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected:
        'alpha below 1 and at least 1000 times eta, what the noise in whole grey levels may be off by',
      got: `alpha = ${String(alpha)}, eta = ${bound} (${dimension} values, sigma = ${sigma})`,
      fix: 'Take a larger alpha, or pictures of fewer pixels.',
    });
  return bound;
}

/** @throws RetrievalGuardError OPTION_INVALID unless `dimension` is an integer from 1 to 2^31, as many as a sample may have */
export function requireDimension(dimension: number): void {
  if (!Number.isInteger(dimension) || dimension < 1 || dimension > 2 ** 31)
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'dimension an integer from 1 to 2^31',
      got: `dimension = ${String(dimension)}`,
    });
}
