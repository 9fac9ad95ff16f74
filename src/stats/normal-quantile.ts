/**
 * Φ⁻¹, the quantile of the standard normal distribution, accurate in both tails.
 *
 * Method: M. J. Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988): three rational functions of degree 7,
 * in (p − ½)² for |p − ½| ≤ 0.425 and in √(−ln p) for the tails. Its own accuracy is about 1e-16, so no refinement step is
 * needed down to p = 1e-300 (and the least subnormal, 5e-324). Accuracy measured against mpmath: relative error ≤ 7e-16
 * (normal.test.ts). The published
 * coefficients are written as their nearest float64. Why not a library: see normal.ts.
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
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987,
  67265.7709270087, 33430.57558358813, 2509.0809287301227,
];
const B = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
  28729.085735721943, 5226.495278852854,
];
const C = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
  0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
];
const D = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995345, 1.0507500716444169e-9,
];
const E = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
];
const F = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133,
  1.8463183175100548e-5, 1.421511758316446e-7, 2.0442631033899397e-15,
];
