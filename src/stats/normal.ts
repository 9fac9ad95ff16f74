/**
 * The standard normal distribution: density, Φ and its upper tail 1 − Φ.
 *
 * Method: W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969), in the form
 * for Φ of Algorithm 715 (ACM TOMS 19, 1993): three rational functions, for |z| ≤ 0.67448975, ≤ √32 and above, and
 * exp(−z²/2) with z² split in two so that the rounding of z² is not magnified. The published coefficients are written as their nearest
 * float64.
 *
 * Accuracy, measured against mpmath (fixtures/make-tables.py): relative error ≤ 7e-16
 * wherever the result is a normal float64 (z ≥ −37.5), in both tails. Below, results are subnormal (±5e-324),
 * and 0 from z = −38.6.
 *
 * Why not a library: @stdlib/stats-base-dists-normal-* loses up to 2e-13 in Φ at the tail (z/√2 is rounded before it is
 * squared), returns −Infinity as the quantile of every p ≤ 1e-17, and brings 150 packages (16 MB) for erfc and erfcinv.
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
    (((0.06568233791820745 * s + 2.2352520354606837) * s + 161.02823106855587) * s + 1067.6894854603709) * s +
    18154.98125334356;
  const denominator =
    (((s + 47.202581904688245) * s + 976.0985517377767) * s + 10260.932208618979) * s + 45507.78933502673;
  return numerator / denominator;
}

/** P(N(0,1) > z) for z ≥ 0.67448975. */
function upperTail(z: number): number {
  return timesGauss(z, z <= SQRT_32 ? middleRatio(z) : farRatio(z));
}

const C = [
  1.0765576773720192e-8, 0.39894151208813466, 8.883149794388377, 93.50665613217785, 597.2702763948002,
  2494.5375852903726, 6848.190450536283, 11602.65143764735, 9842.714838383978,
];
const D = [
  1, 22.266688044328117, 235.387901782625, 1519.3775994075547, 6485.558298266761, 18615.571640885097,
  34900.95272114598, 38912.00328609327, 19685.429676859992,
];
const P = [
  0.023073441764940174, 0.215898534057957, 0.12740116116024736, 0.022235277870649807, 0.0014216191932278934,
  2.9112874951168793e-5,
];
const Q = [
  1, 1.284260096144911, 0.4682382124808651, 0.06598813786892856, 0.0037823963320275824, 7.297515550839662e-5,
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
