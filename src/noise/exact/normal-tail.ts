/**
 * The upper tail of the standard normal distribution at a rational number, with a proved error, in whole numbers alone.
 *
 * For x > 0 and y = x²/2, integrating the exponential series of the density term by term gives
 *
 *     Φ(x) − ½ = (w_0 − w_1/3 + w_2/5 − w_3/7 + …)/√(2π),        w_n = x yⁿ/n!.
 *
 * {@link normalUpperTail} sums this in units of 2^-256; "unit" below is that. Let x < 13, hence y < 84.5 and e^y < 2^122.
 *
 * 1. `power` is w_n, cut to whole units in every step: power_0 = ⌊2^256 x⌋, power_n = ⌊power_{n−1} y/n⌋ with y an exact fraction.
 *    A cut takes less than one unit, and the later steps multiply what cut j took by y^(n−j)/((j+1) … n) ≤ y^(n−j)/(n−j)!.
 *    So 0 ≤ w_n − power_n < Σ_i y^i/i! = e^y units, for every n.
 * 2. The sum stops at the first N with power_N = 0. Then N > y: as long as n ≤ y, a whole number ≥ 1 times y/n ≥ 1, cut, is no
 *    smaller than before. From N on the terms w_n/(2n+1) fall and alternate in sign, so all that is left out is at most its
 *    first term, less than w_N, which is less than e^y units by 1. And N ≤ 380, since w_380 < 13 · 84.5^380/380! < 2^-277.
 * 3. Each of the N terms in the sum carries at most the error of 1 and less than one unit of its own division. With 2, the sum
 *    is off by less than (N + 1)(e^y + 1) < 2^131 units.
 * 4. The constant 1/√(2π) = 0.3989… is cut to whole units, which costs the product with the sum (below 2) less than 2 units; the
 *    product is cut once more. Together the tail is off by less than 0.4 · 2^131 + 3 < 2^130 units: {@link TAIL_ERROR}, 2^-126.
 */

/** Results of {@link normalUpperTail} are whole numbers of 2^-256. */
export const TAIL_BITS = 256n;

/** A result of {@link normalUpperTail} is off by less than this many units. */
export const TAIL_ERROR = 1n << 130n;

/** ⌊2^256/√(2π)⌋. */
const INVERSE_SQRT_2_PI = 0x662114cf50d942343f2cf1402eae38bfd3829f30512706d8c0471b4802639d2en;

/**
 * 2^256 (1 − Φ(x)) for x = numerator/denominator, off by less than {@link TAIL_ERROR}: the proof is at the top of this file. Where the
 * tail is smaller than that, the result may be slightly negative.
 *
 * @param numerator > 0
 * @param denominator > 0, with 2^-256 ≤ numerator/denominator < 13
 */
export function normalUpperTail(numerator: bigint, denominator: bigint): bigint {
  const square = numerator * numerator;
  const twice = 2n * denominator * denominator;
  let power = (numerator << TAIL_BITS) / denominator;
  let sum = power;
  for (let n = 1n; power > 0n; n++) {
    power = (power * square) / (twice * n);
    const term = power / (2n * n + 1n);
    sum += n % 2n === 0n ? term : -term;
  }
  const half = 1n << (TAIL_BITS - 1n);
  return half - ((sum * INVERSE_SQRT_2_PI) >> TAIL_BITS);
}
