// Exact noise on pictures of real pixels, the mirror of src/noise/exact/exact-real.ts and position-table.ts.
//
// The levels of a chunk are decided by prefixes where those decide; for the others a float64 Φ compares the draw with the borders, and
// what is within its margin is left to the caller, who has whole numbers of any length.

import { CELLS, CHUNK, OPEN, PREFIX_DOMAIN, REST_DOMAIN, WORDS, number } from './cells';
import { beginBlocks, fourBlocks, NUMBERS } from './chacha';
import { FOUR_BLOCKS } from './look-up';

/** Position T_p − 1 of each prefix p ≤ 2^15, i32. */
export const POSITIONS: usize = memory.data(131136, 64);
/** Coefficients of Φ around −i/16, i ≤ 192, eight f64 each. */
export const CDF: usize = memory.data(12352, 64);

/** Half a grey level in units of 2^-16. */
const HALF: i32 = 32768;

/**
 * Draws the levels of `count` values of a sample, from number `first` on, to CELLS. Those left to the caller go to OPEN.
 *
 * @param first a multiple of 32
 * @param count 1 to CHUNK
 * @param pixels the first value's pixel, i32 in units of 2^-16
 * @returns how many are left
 */
export function drawLevels(
  sample: u64,
  first: usize,
  count: usize,
  pixels: usize,
  reach: i32,
  slope: f64,
  margin: f64,
): usize {
  beginBlocks(sample, PREFIX_DOMAIN);
  let open = OPEN;
  for (let place: usize = 0; place < count; place += FOUR_BLOCKS) {
    number((first + place) >> 5);
    fourBlocks(WORDS);
    const n = min(FOUR_BLOCKS, count - place);
    let i: usize = 0;
    for (; i + 16 <= n; i += 16) {
      let found = sixteen(WORDS + 2 * i, pixels + 4 * (place + i), CELLS + 2 * (place + i));
      while (found) {
        const j = <usize>ctz(found);
        store<u32>(open, (<u32>(place + i + j) << 16) | <u32>load<u16>(WORDS + 2 * (i + j)));
        open += 4;
        found &= found - 1;
      }
    }
    // the last few of a picture, as if they were open
    for (; i < n; i++) {
      store<u32>(open, (<u32>(place + i) << 16) | <u32>load<u16>(WORDS + 2 * i));
      open += 4;
    }
  }
  if (open == OPEN) return 0;
  beginBlocks(sample, REST_DOMAIN);
  return decide(open, first, pixels, reach, slope, margin);
}

/** The levels of 16 prefixes where those decide; returns a bit for each that is open. */
@inline
function sixteen(words: usize, pixels: usize, levels: usize): i32 {
  return eight(words, pixels, levels) | (eight(words + 16, pixels + 32, levels + 16) << 8);
}

@inline
function eight(words: usize, pixels: usize, levels: usize): i32 {
  const prefixes = v128.load(words);
  const low = i32x4.extend_low_i16x8_s(prefixes);
  const high = i32x4.extend_high_i16x8_s(prefixes);
  const lowPixels = v128.load(pixels);
  const highPixels = v128.load(pixels, 16);
  // turned over in the upper half: 2^16 − 1 − prefix is ~prefix in 16 bits
  const lowUpper = i32x4.shr_s(low, 31);
  const highUpper = i32x4.shr_s(high, 31);
  const lowAt = i32x4.shl(v128.xor(low, lowUpper), 2);
  const highAt = i32x4.shl(v128.xor(high, highUpper), 2);
  const pair0 = twoPairs(i32x4.extract_lane(lowAt, 0), i32x4.extract_lane(lowAt, 1));
  const pair1 = twoPairs(i32x4.extract_lane(lowAt, 2), i32x4.extract_lane(lowAt, 3));
  const pair2 = twoPairs(i32x4.extract_lane(highAt, 0), i32x4.extract_lane(highAt, 1));
  const pair3 = twoPairs(i32x4.extract_lane(highAt, 2), i32x4.extract_lane(highAt, 3));
  const a = levelsOf(v128.shuffle<i32>(pair0, pair1, 0, 2, 4, 6), lowUpper, lowPixels);
  const b = levelsOf(v128.shuffle<i32>(pair0, pair1, 1, 3, 5, 7), lowUpper, lowPixels);
  const c = levelsOf(v128.shuffle<i32>(pair2, pair3, 0, 2, 4, 6), highUpper, highPixels);
  const d = levelsOf(v128.shuffle<i32>(pair2, pair3, 1, 3, 5, 7), highUpper, highPixels);
  v128.store(levels, i16x8.narrow_i32x4_s(a, c));
  return i16x8.bitmask(i16x8.narrow_i32x4_s(i32x4.ne(a, b), i32x4.ne(c, d)));
}

/** T_p − 1 and T_{p+1} − 1 of two prefixes, given where the first lies. */
@inline
function twoPairs(first: i32, second: i32): v128 {
  return v128.load64_lane(<usize>second, v128.load64_zero(<usize>first, POSITIONS), 1, POSITIONS);
}

/** The levels at positions, which are turned over where `upper` is all ones. */
@inline
function levelsOf(positions: v128, upper: v128, pixels: v128): v128 {
  return i32x4.shr_s(i32x4.add(v128.xor(positions, upper), i32x4.add(pixels, i32x4.splat(HALF))), 16);
}

/** Levels of the list that ends at `end`, four at a time, to the chunk; what is left takes its place at the beginning of the list. */
function decide(end: usize, first: usize, pixels: usize, reach: i32, slope: f64, margin: f64): usize {
  const firsts = i32x4.splat(<i32>first);
  let left = OPEN;
  for (let open = OPEN; open < end; open += 16) {
    const values = v128.load(open);
    v128.store(NUMBERS, i32x4.add(i32x4.shr_u(values, 16), firsts));
    fourBlocks(WORDS);
    const n = min((end - open) >> 2, 4);
    for (let i: usize = 0; i < n; i++) {
      const value = load<u32>(open + 4 * i);
      const place = <usize>value >> 16;
      const rest = load<u64>(64 * i, WORDS) & 0xffffffffffff;
      const pixel = load<i32>(pixels + 4 * place);
      const level = levelOfDraw((<u64>(value & 0xffff) << 48) | rest, pixel, reach, slope, margin);
      if (level == IN_DOUBT) {
        store<u32>(left, value);
        left += 4;
      } else store<i16>(place << 1, <i16>level, CELLS);
    }
  }
  return (left - OPEN) >> 2;
}

const IN_DOUBT: i32 = i32.MIN_VALUE;

/** The level of a draw of 64 bits, or IN_DOUBT. */
function levelOfDraw(draw: u64, pixel: i32, reach: i32, slope: f64, margin: f64): i32 {
  const upper = <i32>(<i64>draw >> 63);
  const lower = draw ^ <u64>(<i64>upper);
  const prefix = <usize>(lower >> 48);
  const y = pixel + HALF;
  const a = (y + (load<i32>(prefix << 2, POSITIONS) ^ upper)) >> 16;
  const b = (y + (load<i32>(prefix << 2, POSITIONS + 4) ^ upper)) >> 16;
  let low = min(a, b);
  let high = max(a, b);
  if (prefix == 0) {
    if (upper) high = (y >> 16) + reach;
    else low = (y >> 16) - reach;
  }
  const target = <f64>lower * (1.0 / 18446744073709551616.0);
  while (low < high) {
    const middle = (low + high) >> 1;
    // a draw of the upper half reaches a border exactly if its mirror image does not reach the border's
    const position = (middle << 16) + HALF - pixel;
    const above = lowerCdf(<f64>(upper ? -position : position) * slope) - target;
    if (abs(above) <= margin) return IN_DOUBT;
    if ((above > 0) == (upper != 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Φ(z) for −12 ≤ z ≤ 0: normal-cdf.ts. */
@inline
function lowerCdf(z: f64): f64 {
  const i = <i32>(0.5 - 16.0 * z);
  const h = z + <f64>i * 0.0625;
  const at = CDF + (<usize>i << 6);
  let sum = load<f64>(at, 56);
  sum = sum * h + load<f64>(at, 48);
  sum = sum * h + load<f64>(at, 40);
  sum = sum * h + load<f64>(at, 32);
  sum = sum * h + load<f64>(at, 24);
  sum = sum * h + load<f64>(at, 16);
  sum = sum * h + load<f64>(at, 8);
  return sum * h + load<f64>(at);
}
