// From bits to cells, the mirror of src/noise/exact/exact-noise.ts and cell-table.ts.
//
// The law is symmetric: the draws u and 2^64 − 1 − u have the cells k and −k. So the tables hold the lower half: draws below 2^63, whose
// cells are −K to 0. A draw of the upper half is turned over, and its cell with it.
//
// The entry of a prefix is minus its cell, 0 to K, or −1 − j if it is open and border j, counted from 0, is the lowest in it.

import { beginBlocks, fourBlocks, fourBlocksWhileLookingUp, NUMBERS } from './chacha';
import { ENTRIES, FOUR_BLOCKS, lookUp, OFFSETS, TABLE } from './look-up';

/** Values of a chunk at most: its cells stay in the first-level cache. */
export const CHUNK: usize = 4096;
/** The cells of a chunk, i16; whole blocks are drawn. */
export const CELLS: usize = memory.data(8192, 16);
/** The K ≤ 32375 borders below 2^63 and one that no draw of the lower half reaches, u64. */
export const BORDERS: usize = memory.data(259008, 64);

/** The words of four blocks, and of the four before them; where the first lie is a multiple of 512. */
export const WORDS: usize = memory.data(512, 512);
/** Bytes of four blocks. */
const BYTES: usize = 256;
/** Open values of a chunk, u32: place in the chunk << 16 | prefix. */
export const OPEN: usize = memory.data(16384, 16);

export const PREFIX_DOMAIN: u32 = 0;
export const REST_DOMAIN: u32 = 1;

/**
 * Draws `count` values of a sample, from number `first` on, to CELLS. The cells up to the next multiple of 128 are drawn too.
 *
 * @param first a multiple of 32
 * @param count 1 to CHUNK
 * @param reach K
 */
export function drawCells(sample: u64, first: usize, count: usize, reach: i32): void {
  beginBlocks(sample, PREFIX_DOMAIN);
  let words = WORDS;
  number(first >> 5);
  fourBlocks(words);
  aim(words);
  let open = OPEN;
  let place: usize = 0;
  for (; place + FOUR_BLOCKS < count; place += FOUR_BLOCKS) {
    const next = words ^ BYTES;
    number((first + place + FOUR_BLOCKS) >> 5);
    fourBlocksWhileLookingUp(next);
    open = finish(words, place, open);
    words = next;
    aim(words);
  }
  for (let i: usize = 0; i < FOUR_BLOCKS; i += 32) lookUp(i);
  open = finish(words, place, open);
  if (open > OPEN) {
    beginBlocks(sample, REST_DOMAIN);
    decide(open, first, reach);
  }
}

/** The next four blocks are `block` and those after it. */
@inline
export function number(block: usize): void {
  v128.store(NUMBERS, i32x4.add(i32x4.splat(<i32>block), i32x4(0, 1, 2, 3)));
}

/** Offsets of the 128 prefixes in `words`. */
function aim(words: usize): void {
  for (let i: usize = 0; i < BYTES; i += 64) {
    const from = words + i;
    v128.store(i, offsetsOf(v128.load(from)), OFFSETS);
    v128.store(i, offsetsOf(v128.load(from, 16)), OFFSETS + 16);
    v128.store(i, offsetsOf(v128.load(from, 32)), OFFSETS + 32);
    v128.store(i, offsetsOf(v128.load(from, 48)), OFFSETS + 48);
  }
}

/** Twice the prefixes, for an entry has two bytes, once those of the upper half are turned over. */
@inline
function offsetsOf(prefixes: v128): v128 {
  const lower = v128.xor(prefixes, i16x8.shr_s(prefixes, 15));
  return i16x8.add(lower, lower);
}

/**
 * Cells from the 128 ENTRIES of the prefixes in `words`, to the chunk from `place` on. What is open is put on the list, which ends at
 * `open`.
 *
 * @returns the new end
 */
function finish(words: usize, place: usize, open: usize): usize {
  for (let i: usize = 0; i < FOUR_BLOCKS; i += 64) {
    const from = words + 2 * i;
    const entries = ENTRIES + 2 * i;
    const to = CELLS + 2 * (place + i);
    // 64 at a time, for what is hard to predict is whether there is another
    let found = finishSixteen(from, entries, to);
    found |= finishSixteen(from + 32, entries + 32, to + 32) << 16;
    found |= finishSixteen(from + 64, entries + 64, to + 64) << 32;
    found |= finishSixteen(from + 96, entries + 96, to + 96) << 48;
    while (found) {
      const j = <usize>ctz(found);
      store<u32>(open, (<u32>(place + i + j) << 16) | <u32>load<u16>(from + 2 * j));
      open += 4;
      found &= found - 1;
    }
  }
  return open;
}

/** Cells from 16 entries; returns a bit for each that is open. */
@inline
function finishSixteen(words: usize, entries: usize, cells: usize): u64 {
  const low = v128.load(entries);
  const high = v128.load(entries, 16);
  v128.store(cells, cellsOf(low, v128.load(words)));
  v128.store(cells, cellsOf(high, v128.load(words, 16)), 16);
  return <u64>i8x16.bitmask(i8x16.narrow_i16x8_s(low, high));
}

/** Minus the entries for prefixes of the lower half, the entries for those of the upper. */
@inline
function cellsOf(entries: v128, prefixes: v128): v128 {
  const upper = i16x8.shr_s(prefixes, 15);
  return i16x8.sub(upper, v128.xor(entries, upper));
}

/** The cells of the list that ends at `end`, four at a time, to the chunk. */
function decide(end: usize, first: usize, reach: i32): void {
  const firsts = i32x4.splat(<i32>first);
  for (let open = OPEN; open < end; open += 16) {
    v128.store(NUMBERS, i32x4.add(i32x4.shr_u(v128.load(open), 16), firsts));
    fourBlocks(WORDS);
    const n = min((end - open) >> 2, 4);
    for (let i: usize = 0; i < n; i++) {
      const value = load<u32>(open + 4 * i);
      const rest = load<u64>(64 * i, WORDS) & 0xffffffffffff;
      const cell = cellOfDraw((<u64>(value & 0xffff) << 48) | rest, reach);
      store<i16>((<usize>value >> 16) << 1, <i16>cell, CELLS);
    }
  }
}

/** The cell of a draw whose prefix is open. */
@inline
function cellOfDraw(draw: u64, reach: i32): i32 {
  const upper = <i64>draw >> 63;
  const lower = draw ^ upper;
  let below = -1 - <i32>load<i16>(<usize>(lower >> 48) << 1, TABLE);
  // few prefixes have two borders: the first comparison alone is hard to predict
  below += <i32>(load<u64>(<usize>below << 3, BORDERS) <= lower);
  while (load<u64>(<usize>below << 3, BORDERS) <= lower) below++;
  const entry = reach - below;
  return <i32>upper - (entry ^ <i32>upper);
}
