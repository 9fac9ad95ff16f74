/**
 * The standard normal distribution: density, Φ and its upper tail 1 − Φ.
 *
 * Method: W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969), in the form
 * for Φ of Algorithm 715 (ACM TOMS 19, 1993): three rational functions, for |z| ≤ 0.67448975, ≤ √32 and above, and
 * exp(−z²/2) with z² split in two so that the rounding of z² is not magnified.
 *
 * Accuracy, measured against mpmath (fixtures/make-tables.py): see MAX_ERROR in normal.test.ts; relative error
 * ≤ 1e-15 wherever the result is a normal float64 (z ≥ −37.5), in both tails. Below, results are subnormal (±5e-324),
 * and 0 from z = −38.6.
 *
 * Why not a library: @stdlib/stats-base-dists-normal-* loses up to 2e-13 in Φ at the tail (z/√2 is rounded before it is
 * squared), returns −Infinity as the quantile of every p < 1e-17, and brings 140 packages (16 MB) for erfc and erfcinv.
 */
import { requireNumber } from './require.ts';

const INV_SQRT_2PI = 0.3989422804014327;
const SQRT_32 = 5.656854249492381;

/**
 * exp(−z²/2)·scale. z is split as head + rest with head a multiple of 1/16, so head² is exact, and the large exponential
 * is applied in two halves so that the result loses nothing before it becomes subnormal itself.
 */
function timesGauss(z: number, scale: number): number {
  const size = Math.abs(z);
  if (size > 40) return 0;
  const head = Math.trunc(size * 16) / 16;
  const rest = (size - head) * (size + head);
  const part = Math.exp(-rest / 2) * scale;
  if (size < 37) return Math.exp((-head * head) / 2) * part;
  const half = Math.exp((-head * head) / 4);
  return half * (half * part);
}

/** Density of N(0,1) at z: exp(−z²/2)/√(2π). Throws CERTIFICATE_INPUT for NaN. */
export function normalDensity(z: number): number {
  requireNumber('z', z);
  return timesGauss(z, INV_SQRT_2PI);
}

/** Φ(z) = P(N(0,1) ≤ z), without cancellation for z ≪ 0. Throws CERTIFICATE_INPUT for NaN; ±Infinity give 0 and 1. */
export function normalCdf(z: number): number {
  requireNumber('z', z);
  if (Math.abs(z) <= 0.67448975) return 0.5 + z * centralRatio(z);
  const tail = upperTail(Math.abs(z));
  return z < 0 ? tail : 1 - tail;
}

/** 1 − Φ(z) = P(N(0,1) > z), without cancellation for z ≫ 0. Throws CERTIFICATE_INPUT for NaN. */
export function normalSurvival(z: number): number {
  return normalCdf(-z);
}

/** (Φ(z) − ½)/z for |z| ≤ 0.67448975. */
function centralRatio(z: number): number {
  const s = z * z;
  const numerator =
    (((0.065682337918207449113 * s + 2.2352520354606839287) * s + 161.02823106855587881) * s +
      1067.6894854603709582) *
      s +
    18154.981253343561249;
  const denominator =
    (((s + 47.20258190468824187) * s + 976.09855173777669322) * s + 10260.932208618978205) * s +
    45507.789335026729956;
  return numerator / denominator;
}

/** P(N(0,1) > z) for z ≥ 0.67448975. */
function upperTail(z: number): number {
  return timesGauss(z, z <= SQRT_32 ? middleRatio(z) : farRatio(z));
}

const C = [
  1.0765576773720192317e-8, 0.39894151208813466764, 8.8831497943883759412, 93.506656132177855979,
  597.27027639480026226, 2494.5375852903726711, 6848.1904505362823326, 11602.651437647350124,
  9842.7148383839780218,
];
const D = [
  1, 22.266688044328115691, 235.38790178262499861, 1519.377599407554805, 6485.558298266760755,
  18615.571640885098091, 34900.952721145977266, 38912.003286093271411, 19685.429676859990727,
];
const P = [
  0.02307344176494017303, 0.21589853405795699, 0.1274011611602473639, 0.022235277870649807,
  0.001421619193227893466, 2.9112874951168792e-5,
];
const Q = [
  1, 1.28426009614491121, 0.468238212480865118, 0.0659881378689285515, 0.00378239633202758244,
  7.29751555083966205e-5,
];

/** Mills' ratio (1 − Φ(z))/exp(−z²/2) for 0.67448975 ≤ z ≤ √32. */
const middleRatio = (z: number): number => polynomial(C, z) / polynomial(D, z);

/** Mills' ratio (1 − Φ(z))/exp(−z²/2) for z ≥ √32. */
function farRatio(z: number): number {
  const s = 1 / (z * z);
  return (INV_SQRT_2PI - (s * polynomial(P, s)) / polynomial(Q, s)) / z;
}

/** Horner's rule, highest power first. */
function polynomial(coefficients: readonly number[], t: number): number {
  let sum = 0;
  for (const c of coefficients) sum = sum * t + c;
  return sum;
}
