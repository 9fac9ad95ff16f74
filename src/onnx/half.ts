/**
 * float16 (IEEE 754 binary16) kept as bits in a Uint16Array, since Node 20 has no Float16Array.
 * 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits.
 */

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

/** The number that 16 bits stand for; exact. */
export function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/**
 * The bits of the float16 nearest to `x` rounded to float32, ties to even; beyond ±65,520 infinity; NaN stays NaN.
 */
export function numberToFloat16(x: number): number {
  single[0] = x;
  return roundWord(word[0]);
}

/** From the bits of a float32 to those of the nearest float16. */
function roundWord(w: number): number {
  const sign = (w >>> 16) & 0x8000;
  const magnitude = w & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // ≥ 65,520 rounds to infinity
  if (magnitude < 0x38800000) {
    // Below 2⁻¹⁴: a multiple of 2⁻²⁴, so shift the full 24-bit significand down to that unit.
    const shift = 126 - (magnitude >>> 23); // 14 at 2⁻¹⁴'s neighbour below
    if (shift > 24) return sign; // below 2⁻²⁵: nearer to zero (2⁻²⁵ itself has shift 24)
    const significand = (magnitude & 0x7fffff) | 0x800000;
    const kept = significand >>> shift;
    const rest = significand & ((1 << shift) - 1);
    const half = 1 << (shift - 1);
    return sign | (kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0));
  }
  // Normal: drop 13 fraction bits, round to even; a carry runs into the exponent as it should.
  const rebased = magnitude - 0x38000000; // exponent bias 127 → 15
  return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
}

let table: Float32Array | undefined;

/** Converts `input` (bits of float16) into `output`, which is at least as long; returns `output`. */
export function float16ToFloat32(
  input: Uint16Array,
  output: Float32Array = new Float32Array(input.length),
): Float32Array {
  table ??= Float32Array.from({ length: 65536 }, (_, bits) => float16ToNumber(bits));
  const values = table;
  for (let i = 0; i < input.length; i++) output[i] = values[input[i]];
  return output;
}

/** Converts `input` to bits of float16, nearest, ties to even, into `output`, at least as long; returns `output`. */
export function float32ToFloat16(
  input: Float32Array,
  output: Uint16Array = new Uint16Array(input.length),
): Uint16Array {
  const words = new Uint32Array(input.buffer, input.byteOffset, input.length);
  for (let i = 0; i < words.length; i++) output[i] = roundWord(words[i]);
  return output;
}
