/**
 * The definition of the noise: what sample `index` of a key is, bit by bit. The WebAssembly kernel gives the same bits.
 *
 * Layout. The four lanes of a sample (see stream.ts) step together. Six steps give words a0, a1, b, a2, a3, b' of each lane,
 * hence the four pairs (a0, b), (a1, b << 16), (a2, b'), (a3, b' << 16) and one block of 32 values. Pair p of lane l makes
 * values 32 block + 8 p + l and 32 block + 8 p + 4 + l. The last block of a sample is cut to its dimension.
 *
 * Transform (Box–Muller) of a pair (a, b):
 *
 *     u = ((a >> 1) + 1/2) / 2^31                            u ≥ 2^-32, so |z| ≤ √(64 ln 2) < 6.67
 *     r = ± √(−2 ln u)                                       the sign from the low bit of a
 *     x = b as a signed integer / 2^31                       −1 ≤ x < 1: half a turn; the sign of r gives the other half
 *     z = (r cos(πx/2), r sin(πx/2))
 *
 * Two pairs share a word b: the angle of the second is one of 2^17 equally spaced ones, and so is that of the first, up to a
 * rotation, once the second is known. A mean over N equally spaced angles is exact for every trigonometric polynomial of
 * degree below N, so all moments of up to 100,000 factors of the four values are those of independent angles.
 *
 * With u = 2^e m, √½ ≤ m < √2, and s = (m − 1)/(m + 1): −2 ln u = −2 e ln 2 + s (L0 + L1 s² + L2 s⁴). With
 * S = √2 sin(πx/4): cos(πx/2) = 1 − S² and sin(πx/2) = S √(2 − S²), whose squares add up to 1.
 *
 * Each step rounds to f32 (Math.fround) and uses only +, −, ×, ÷, √ and integer operations, which IEEE 754 fixes:
 * the same bits on every machine. No fused multiply-add, no Math.log or Math.sin. The polynomials are minimax fits:
 * −2 ln m to 1.2e-7 relative, S to 2e-8 relative.
 */
import { RetrievalGuardError } from '../errors.ts';
import { checkSamples, LANES, laneState, type NoiseKey } from './stream.ts';
import { Xoshiro128 } from './xoshiro.ts';

/** Values that one round of six steps over all lanes makes. */
export const BLOCK = 32;

/** No |z| is larger than this. */
export const LARGEST_DEVIATE = 6.67;

const f32 = Math.fround;
const MINUS_2_LN_2 = f32(-1.3862943611198906);
const SQRT_HALF_BITS = 0x3f3504f3;
/** L0, L1, L2. */
const LOG = [-4.000000476837158, -1.333044171333313, -0.8259359002113342];
/** √2 sin(πx/4) = x (S0 + S1 x² + …) for |x| ≤ 1. */
const SINE = [1.1107207536697388, -0.11419163644313812, 0.0035222675651311874, -0.000051402013923507184];

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
  // u in units of 2^-31, split into 2^e m
  float[0] = f32(f32(a >>> 1) + 0.5);
  const shifted = bits[0] - (SQRT_HALF_BITS + (31 << 23));
  const e = shifted >> 23;
  bits[0] = (shifted & 0x007fffff) + SQRT_HALF_BITS;
  const m = float[0];
  const s = f32(f32(m - 1) / f32(m + 1));
  const square = f32(f32(polynomial(LOG, f32(s * s)) * s) + f32(e * MINUS_2_LN_2));
  const radius = f32(Math.sqrt(square));
  const r = a & 1 ? -radius : radius;
  const x = f32(f32(b | 0) * 2 ** -31);
  const S = f32(polynomial(SINE, f32(x * x)) * x);
  const S2 = f32(S * S);
  return [f32(r * f32(1 - S2)), f32(r * f32(S * f32(Math.sqrt(f32(2 - S2)))))];
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
  for (let at = 0; at < dimension; at += 4 * LANES) {
    for (let lane = 0; lane < LANES; lane++) {
      const first = lanes[lane].next();
      const second = lanes[lane].next();
      const angle = lanes[lane].next();
      [values[at + lane], values[at + LANES + lane]] = boxMuller(first, angle);
      [values[at + 2 * LANES + lane], values[at + 3 * LANES + lane]] = boxMuller(second, angle << 16);
    }
  }
  return values;
}
