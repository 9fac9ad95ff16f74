/**
 * Φ⁻¹, the quantile of the standard normal distribution, accurate in both tails.
 *
 * Method: M. J. Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988): three rational functions of degree 7,
 * in (p − ½)² for |p − ½| ≤ 0.425 and in √(−ln p) for the tails. Its own accuracy is about 1e-16, so no refinement step is
 * needed down to p = 1e-300 (and the least subnormal, 5e-324). Accuracy measured against mpmath: relative error ≤ 1e-15
 * (normal.test.ts). Source of the choice: see normal.ts.
 */
import { requireProbability } from './require.ts';

/**
 * z with Φ(z) = p, for 0 ≤ p ≤ 1; p = 0 and 1 give −Infinity and +Infinity. Throws CERTIFICATE_INPUT otherwise.
 * For p within 1e-3 of 1, {@link normalQuantileUpper} of 1 − p is the better conditioned question.
 */
export function normalQuantile(p: number): number {
  requireProbability('p', p);
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial(A, r)) / polynomial(B, r);
  }
  return q < 0 ? -upperQuantile(p) : upperQuantile(1 - p);
}

/** z with 1 − Φ(z) = q, that is Φ⁻¹(1 − q) without rounding 1 − q, for 0 ≤ q ≤ 1. Throws CERTIFICATE_INPUT otherwise. */
export function normalQuantileUpper(q: number): number {
  requireProbability('q', q);
  // Φ⁻¹ is odd about ½; 0 − z instead of −z keeps the zero at q = ½ positive.
  return 0 - normalQuantile(q);
}

/** z > 0 with 1 − Φ(z) = tail, for tail ≤ 0.075. */
function upperQuantile(tail: number): number {
  if (tail === 0) return Infinity;
  const r = Math.sqrt(-Math.log(tail));
  if (r <= 5) return polynomial(C, r - 1.6) / polynomial(D, r - 1.6);
  return polynomial(E, r - 5) / polynomial(F, r - 5);
}

/** Horner's rule, lowest power first. */
function polynomial(coefficients: readonly number[], t: number): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * t + coefficients[i];
  return sum;
}

const A = [
  3.387132872796366608, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
  4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3,
];
const B = [
  1, 4.2313330701600911252e1, 6.871870074920579083e2, 5.3941960214247511077e3, 2.1213794301586595867e4,
  3.930789580009271061e4, 2.8729085735721942674e4, 5.226495278852854561e3,
];
const C = [
  1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
  1.27045825245236838258, 2.4178072517745061177e-1, 2.27238449892691845833e-2, 7.7454501427834140764e-4,
];
const D = [
  1, 2.05319162663775882187, 1.6763848301838038494, 6.8976733498510000455e-1, 1.4810397642748007459e-1,
  1.51986665636164571966e-2, 5.475938084995344946e-4, 1.05075007164441684324e-9,
];
const E = [
  6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 2.9656057182850489123e-1,
  2.6532189526576123093e-2, 1.2426609473880784386e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
];
const F = [
  1, 5.9983220655588793769e-1, 1.3692988092273580531e-1, 1.48753612908506148525e-2, 7.868691311456132591e-4,
  1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15,
];
