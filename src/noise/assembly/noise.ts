// Rows of noise: raw, or added to an image.

import { seedLanes } from './philox';
import { BLOCK, CHUNK, drawWords, radii, writeFused, writeRaw } from './gaussian';

/** One block of z for the places where whole blocks do not fit. */
const EDGE: usize = memory.data(128, 16);

/** `count` rows of `dimension` raw values. */
export function gaussian(
  seedLow: u32,
  seedHigh: u32,
  queryLow: u32,
  queryHigh: u32,
  phase: u32,
  firstLow: u32,
  firstHigh: u32,
  count: usize,
  dimension: usize,
  out: usize,
): void {
  const first = ((<u64>firstHigh) << 32) | <u64>firstLow;
  for (let row: usize = 0; row < count; row++) {
    seedLanes(seedLow, seedHigh, queryLow, queryHigh, phase, first + <u64>row);
    for (let done: usize = 0; done < dimension; done += CHUNK) {
      const n = min(CHUNK, dimension - done);
      const whole = n / BLOCK;
      const rest = n - whole * BLOCK;
      const blocks = whole + <usize>(rest > 0);
      drawWords(blocks);
      radii(blocks);
      writeRaw(0, whole, out);
      out += whole * BLOCK * 4;
      if (rest > 0) {
        writeRaw(whole, 1, EDGE);
        memory.copy(out, EDGE, rest * 4);
        out += rest * 4;
      }
    }
  }
}

/** `count` rows of base + scale[channel] z. */
export function perturb(
  seedLow: u32,
  seedHigh: u32,
  queryLow: u32,
  queryHigh: u32,
  phase: u32,
  firstLow: u32,
  firstHigh: u32,
  count: usize,
  channels: usize,
  plane: usize,
  base: usize,
  scale: usize,
  out: usize,
): void {
  const first = ((<u64>firstHigh) << 32) | <u64>firstLow;
  const dimension = channels * plane;
  for (let row: usize = 0; row < count; row++) {
    seedLanes(seedLow, seedHigh, queryLow, queryHigh, phase, first + <u64>row);
    let channel: usize = 0;
    // values left in this channel
    let left = plane;
    let from = base;
    for (let done: usize = 0; done < dimension; done += CHUNK) {
      const n = min(CHUNK, dimension - done);
      const blocks = (n + BLOCK - 1) / BLOCK;
      drawWords(blocks);
      radii(blocks);
      let block: usize = 0;
      while (block < blocks) {
        const run = min(left / BLOCK, n / BLOCK - block);
        if (run > 0) {
          writeFused(block, run, from, load<f32>(scale + channel * 4), out);
          block += run;
          from += run * BLOCK * 4;
          out += run * BLOCK * 4;
          left -= run * BLOCK;
        } else {
          // the block crosses into the next channel or past the end of the row
          writeRaw(block, 1, EDGE);
          const m = min(BLOCK, n - block * BLOCK);
          for (let i: usize = 0; i < m; i++) {
            if (left == 0) {
              channel++;
              left = plane;
            }
            store<f32>(out, load<f32>(from) + load<f32>(scale + channel * 4) * load<f32>(EDGE + i * 4));
            from += 4;
            out += 4;
            left--;
          }
          block++;
        }
        if (left == 0) {
          channel++;
          left = plane;
        }
      }
    }
  }
}
