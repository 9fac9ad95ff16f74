/**
 * The definition of the noise: what sample `index` of a key is, bit by bit. The WebAssembly kernel gives the same bits.
 *
 * Layout. The four lanes of a sample (see stream.ts) step together. Eight steps give words w0 … w7 of each lane, hence
 * the four pairs (w0, w1), (w2, w3), …, and one block of 32 values. Pair p of lane l makes values
 * 32 block + 8 p + l and 32 block + 8 p + 4 + l. The last block of a sample is cut to its dimension.
 *
 * Transform (Box–Muller) of a pair (a, b):
 *
 *     u = ((a >> 1) + ((b & 255) + 1/2) / 256) / 2^31        u ≥ 2^-40, so |z| ≤ √(80 ln 2) < 7.45
 *     r = ± √(−2 ln u)                                       the sign from the low bit of a
 *     x = (b | 1 as a signed integer) / 2^31                 odd, so the law is symmetric
 *     z = (r cos(πx/2), r sin(πx/2))                         half a turn; the sign of r gives the other half
 *
 * Each step rounds to f32 (Math.fround) and uses only +, −, ×, √ and integer operations, which IEEE 754 fixes:
 * the same bits on every machine. No fused multiply-add, no Math.log or Math.sin. The polynomials are minimax fits:
 * −2 ln to 1.7e-7 relative, sine to 6e-9 relative, cosine to 5e-8 absolute.
 */
import { RetrievalGuardError } from '../errors.ts';
import { checkSamples, LANES, laneState, type NoiseKey } from './stream.ts';
import { Xoshiro128 } from './xoshiro.ts';

/** Values that one round of eight steps over all lanes makes. */
export const BLOCK = 32;

/** No |z| is larger than this. */
export const LARGEST_DEVIATE = 7.45;

const f32 = Math.fround;
const MINUS_2_LN_2 = f32(-1.3862943611198906);
const SQRT_HALF_BITS = 0x3f3504f3;
/** −2 ln(1 + f) = f (L0 + L1 f + …) for 1 + f in [√½, √2). */
const LOG = [
  -1.9999998807907104, 1.0000072717666626, -0.6667011976242065, 0.4993981719017029, -0.39800330996513367,
  0.34501659870147705, -0.32445159554481506, 0.20213785767555237,
];
/** sin(πx/2) = x (S0 + S1 x² + …) for |x| ≤ 1. */
const SINE = [
  1.5707963705062866, -0.645963728427887, 0.07968968152999878, -0.004673766437917948, 0.00015148513193707913,
];
/** cos(πx/2) = C0 + C1 x² + … for |x| ≤ 1. */
const COSINE = [
  0.9999999403953552, -1.2336982488632202, 0.2536507546901703, -0.020810628309845924, 0.0008581906440667808,
];

const bits = new Int32Array(1);
const float = new Float32Array(bits.buffer);

/** Horner's rule, every product and sum rounded to f32. */
function polynomial(coefficients: readonly number[], x: number): number {
  let sum = f32(coefficients[coefficients.length - 1]);
  for (let i = coefficients.length - 2; i >= 0; i--) sum = f32(f32(sum * x) + f32(coefficients[i]));
  return sum;
}

/** The two standard normal values of a pair of u32 words: see the top of this file. */
export function boxMuller(a: number, b: number): [number, number] {
  // u in units of 2^-31, split into 2^e (1 + f)
  float[0] = f32(f32(a >>> 1) + f32((b & 0xff) / 256 + 1 / 512));
  const shifted = bits[0] - (SQRT_HALF_BITS + (31 << 23));
  const e = shifted >> 23;
  bits[0] = (shifted & 0x007fffff) + SQRT_HALF_BITS;
  const f = f32(float[0] - 1);
  const square = f32(f32(polynomial(LOG, f) * f) + f32(e * MINUS_2_LN_2));
  const radius = f32(Math.sqrt(square));
  const r = a & 1 ? -radius : radius;
  const x = f32(f32(b | 1) * 2 ** -31);
  const y = f32(x * x);
  return [f32(r * polynomial(COSINE, y)), f32(r * f32(polynomial(SINE, y) * x))];
}

/**
 * Sample `index` of the noise of `key`: `dimension` independent standard normal values, f32.
 * The first values do not depend on `dimension`.
 *
 * @param index an integer from 0 to 2^48 − 1
 * @param dimension an integer ≥ 1
 * @throws RetrievalGuardError OPTION_INVALID for a bad index or dimension
 */
export function gaussianSample(key: NoiseKey, index: number, dimension: number): Float32Array {
  checkSamples(index, 1);
  if (!Number.isSafeInteger(dimension) || dimension < 1)
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'dimension an integer >= 1',
      got: `dimension = ${dimension}`,
    });
  const lanes = Array.from({ length: LANES }, (_, lane) => new Xoshiro128(laneState(key, index, lane)));
  const values = new Float32Array(dimension);
  // writes past the end of a Float32Array are ignored, which cuts the last block
  for (let at = 0; at < dimension; at += 2 * LANES) {
    for (let lane = 0; lane < LANES; lane++) {
      const a = lanes[lane].next();
      const b = lanes[lane].next();
      const [cosine, sine] = boxMuller(a, b);
      values[at + lane] = cosine;
      values[at + LANES + lane] = sine;
    }
  }
  return values;
}
