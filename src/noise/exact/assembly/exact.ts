// Rows of exact noise: raw, added to a picture, or added from a tile drawn before.

import { BORDERS, CELLS, CHUNK, drawCells, OPEN } from './cells';
import { KEY } from './chacha';
import { TABLE, warm } from './look-up';
import { CDF, drawLevels, POSITIONS } from './real';

/** Where the caller puts the entries of the prefixes, see cells.ts. */
export function exactTable(): usize {
  return TABLE;
}

/** Where the caller puts the borders. */
export function exactBorders(): usize {
  return BORDERS;
}

/** Where the caller puts the positions of the prefixes, see real.ts. */
export function exactPositions(): usize {
  return POSITIONS;
}

/** Where the caller puts the coefficients of Φ. */
export function exactCdf(): usize {
  return CDF;
}

/** Where the caller finds the values that exactPerturbReal left to it, u32: place in the chunk << 16 | prefix. */
export function exactOpen(): usize {
  return OPEN;
}

/** Sets the key of what is drawn next. */
export function exactKey(w0: u32, w1: u32, w2: u32, w3: u32, w4: u32, w5: u32, w6: u32, w7: u32): void {
  store<u32>(KEY, w0);
  store<u32>(KEY, w1, 4);
  store<u32>(KEY, w2, 8);
  store<u32>(KEY, w3, 12);
  store<u32>(KEY, w4, 16);
  store<u32>(KEY, w5, 20);
  store<u32>(KEY, w6, 24);
  store<u32>(KEY, w7, 28);
}

/** `count` rows of `dimension` values, i16. */
export function exactNoise(
  firstLow: u32,
  firstHigh: u32,
  count: usize,
  reach: i32,
  dimension: usize,
  out: usize,
): void {
  const first = ((<u64>firstHigh) << 32) | <u64>firstLow;
  warm();
  for (let row: usize = 0; row < count; row++) {
    for (let done: usize = 0; done < dimension; done += CHUNK) {
      const n = min(CHUNK, dimension - done);
      drawCells(first + <u64>row, done, n, reach);
      memory.copy(out, CELLS, 2 * n);
      out += 2 * n;
    }
  }
}

/** `count` rows of scale[channel] (base + k) + offset[channel]. */
export function exactPerturb(
  firstLow: u32,
  firstHigh: u32,
  count: usize,
  reach: i32,
  channels: usize,
  plane: usize,
  base: usize,
  scale: usize,
  offset: usize,
  out: usize,
): void {
  const first = ((<u64>firstHigh) << 32) | <u64>firstLow;
  warm();
  const dimension = channels * plane;
  for (let row: usize = 0; row < count; row++) {
    let channel: usize = 0;
    // values left in this channel
    let left = plane;
    for (let done: usize = 0; done < dimension; done += CHUNK) {
      const n = min(CHUNK, dimension - done);
      drawCells(first + <u64>row, done, n, reach);
      for (let at: usize = 0; at < n; ) {
        const run = min(left, n - at);
        const s = load<f32>(scale + 4 * channel);
        const o = load<f32>(offset + 4 * channel);
        writeInput(CELLS + 2 * at, base + done + at, s, o, run, out);
        out += 4 * run;
        at += run;
        left -= run;
        if (left == 0) {
          channel++;
          left = plane;
        }
      }
    }
  }
}

/**
 * scale[channel] m + offset[channel] for the levels m of up to CHUNK values of a sample, from number `first` on, to `out`.
 *
 * @param first a multiple of 32
 * @param pixels, out of the whole picture and row
 * @returns how many values, listed at OPEN, are left to the caller
 */
export function exactPerturbReal(
  sampleLow: u32,
  sampleHigh: u32,
  first: usize,
  reach: i32,
  slope: f64,
  margin: f64,
  channels: usize,
  plane: usize,
  pixels: usize,
  scale: usize,
  offset: usize,
  out: usize,
): usize {
  const sample = ((<u64>sampleHigh) << 32) | <u64>sampleLow;
  const n = min(CHUNK, channels * plane - first);
  const left = drawLevels(sample, first, n, pixels + 4 * first, reach, slope, margin);
  let channel = first / plane;
  let end = (channel + 1) * plane - first;
  for (let at: usize = 0; at < n; ) {
    const run = min(end, n) - at;
    const s = load<f32>(scale + 4 * channel);
    const o = load<f32>(offset + 4 * channel);
    writeLevels(CELLS + 2 * at, s, o, run, out + 4 * (first + at));
    at += run;
    channel++;
    end += plane;
  }
  return left;
}

/** s m + o for `count` levels m. */
function writeLevels(levels: usize, s: f32, o: f32, count: usize, out: usize): void {
  const s4 = f32x4.splat(s);
  const o4 = f32x4.splat(o);
  let i: usize = 0;
  for (; i + 8 <= count; i += 8) {
    const eight = v128.load(levels + 2 * i);
    v128.store(out + 4 * i, affine(i32x4.extend_low_i16x8_s(eight), s4, o4));
    v128.store(out + 4 * i, affine(i32x4.extend_high_i16x8_s(eight), s4, o4), 16);
  }
  for (; i < count; i++) store<f32>(out + 4 * i, s * <f32>load<i16>(levels + 2 * i) + o);
}

/** s (base + k) + o for `count` values k at `noise`. */
function writeInput(noise: usize, base: usize, s: f32, o: f32, count: usize, out: usize): void {
  const s4 = f32x4.splat(s);
  const o4 = f32x4.splat(o);
  let i: usize = 0;
  for (; i + 16 <= count; i += 16) {
    const to = out + 4 * i;
    const a = i16x8.add(v128.load(noise + 2 * i), v128.load8x8_u(base + i));
    const b = i16x8.add(v128.load(noise + 2 * i, 16), v128.load8x8_u(base + i, 8));
    v128.store(to, affine(i32x4.extend_low_i16x8_s(a), s4, o4));
    v128.store(to, affine(i32x4.extend_high_i16x8_s(a), s4, o4), 16);
    v128.store(to, affine(i32x4.extend_low_i16x8_s(b), s4, o4), 32);
    v128.store(to, affine(i32x4.extend_high_i16x8_s(b), s4, o4), 48);
  }
  for (; i < count; i++) {
    const grey = <i16>(load<i16>(noise + 2 * i) + <i16>load<u8>(base + i));
    store<f32>(out + 4 * i, s * <f32>grey + o);
  }
}

@inline
function affine(grey: v128, s: v128, o: v128): v128 {
  return f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(grey), s), o);
}

/** Values of base that stay in the nearest cache while they meet the noise of each row. */
const STRETCH: usize = 4096;

/** The same from rows of noise. */
export function exactCombine(
  channels: usize,
  plane: usize,
  base: usize,
  scale: usize,
  offset: usize,
  noise: usize,
  count: usize,
  out: usize,
): void {
  const dimension = channels * plane;
  for (let channel: usize = 0; channel < channels; channel++) {
    const s = load<f32>(scale + 4 * channel);
    const o = load<f32>(offset + 4 * channel);
    for (let done: usize = 0; done < plane; done += STRETCH) {
      const n = min(STRETCH, plane - done);
      const from = channel * plane + done;
      for (let row: usize = 0; row < count; row++) {
        const at = row * dimension + from;
        writeInput(noise + 2 * at, base + from, s, o, n, out + 4 * at);
      }
    }
  }
}
