// ChaCha8, the mirror of src/noise/exact/chacha.ts: four blocks side by side, one in each lane.

import { lookUp } from './look-up';

/** The key, eight words. */
export const KEY: usize = memory.data(32, 16);
/** The numbers of four blocks, u32. */
export const NUMBERS: usize = memory.data(16, 16);
/** The state of a block, 16 words, each in all four lanes; word 12, the number of the block, is left out. */
const STATE: usize = memory.data(256, 16);
/** Columns 1 to 3 after the first quarter rounds, which no block number reaches: words 1 to 3, 5 to 7, 9 to 11, 13 to 15. */
const MIXED: usize = memory.data(256, 16);

@inline
function rotate(x: v128, left: i32): v128 {
  return v128.or(i32x4.shl(x, left), i32x4.shr_u(x, 32 - left));
}

@inline
function add(a: v128, b: v128): v128 {
  return i32x4.add(a, b);
}

/** (d ^ a) turned left. */
@inline
function turn(d: v128, a: v128, left: i32): v128 {
  return rotate(v128.xor(d, a), left);
}

@inline
function word(i: usize): v128 {
  return v128.load(STATE + 16 * i);
}

@inline
function mixed(i: usize): v128 {
  return v128.load(MIXED + 16 * i);
}

/** Begins the blocks of a sample in a domain, under the key at KEY. */
export function beginBlocks(sample: u64, domain: u32): void {
  v128.store(STATE, i32x4.splat(0x61707865));
  v128.store(STATE, i32x4.splat(0x3320646e), 16);
  v128.store(STATE, i32x4.splat(0x79622d32), 32);
  v128.store(STATE, i32x4.splat(0x6b206574), 48);
  for (let i: usize = 0; i < 8; i++) v128.store(STATE + 16 * i, v128.load32_splat(4 * i, KEY), 64);
  v128.store(STATE, i32x4.splat(<i32>sample), 208);
  v128.store(STATE, i32x4.splat(<i32>(sample >> 32)), 224);
  v128.store(STATE, i32x4.splat(<i32>domain), 240);
  for (let column: usize = 1; column < 4; column++) {
    let a = word(column);
    let b = word(column + 4);
    let c = word(column + 8);
    let d = word(column + 12);
    a = add(a, b);
    d = turn(d, a, 16);
    c = add(c, d);
    b = turn(b, c, 12);
    a = add(a, b);
    d = turn(d, a, 8);
    c = add(c, d);
    b = turn(b, c, 7);
    const at = MIXED + 16 * column;
    v128.store(at, a);
    v128.store(at, b, 64);
    v128.store(at, c, 128);
    v128.store(at, d, 192);
  }
}

/** Stores words 4g to 4g + 3 of the four blocks, where `at` is that of word 4g of the first. */
@inline
function storeWords(at: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(at, v128.shuffle<i64>(ab, cd, 0, 2));
  v128.store(at, v128.shuffle<i64>(ab, cd, 1, 3), 64);
  v128.store(at, v128.shuffle<i64>(ab2, cd2, 0, 2), 128);
  v128.store(at, v128.shuffle<i64>(ab2, cd2, 1, 3), 192);
}

/** The blocks of the four numbers at NUMBERS, one after the other, to `out`. */
export function fourBlocks(out: usize): void {
  mix(out, false);
}

/** The same, and ENTRIES from OFFSETS meanwhile. */
export function fourBlocksWhileLookingUp(out: usize): void {
  mix(out, true);
}

@inline
function mix(out: usize, lookingUp: bool): void {
  const numbers = v128.load(NUMBERS);
  // the first quarter round of column 0; the others are done
  let x0 = add(word(0), word(4));
  let x12 = turn(numbers, x0, 16);
  let x8 = add(word(8), x12);
  let x4 = turn(word(4), x8, 12);
  x0 = add(x0, x4);
  x12 = turn(x12, x0, 8);
  x8 = add(x8, x12);
  x4 = turn(x4, x8, 7);
  let x1 = mixed(1), x2 = mixed(2), x3 = mixed(3);
  let x5 = mixed(5), x6 = mixed(6), x7 = mixed(7);
  let x9 = mixed(9), x10 = mixed(10), x11 = mixed(11);
  let x13 = mixed(13), x14 = mixed(14), x15 = mixed(15);

  // four diagonal rounds, each with 32 look-ups, and three column rounds between them
  for (let round: usize = 0; ; round++) {
    // diagonals
    x0 = add(x0, x5); x1 = add(x1, x6); x2 = add(x2, x7); x3 = add(x3, x4);
    x15 = turn(x15, x0, 16); x12 = turn(x12, x1, 16); x13 = turn(x13, x2, 16); x14 = turn(x14, x3, 16);
    x10 = add(x10, x15); x11 = add(x11, x12); x8 = add(x8, x13); x9 = add(x9, x14);
    x5 = turn(x5, x10, 12); x6 = turn(x6, x11, 12); x7 = turn(x7, x8, 12); x4 = turn(x4, x9, 12);
    x0 = add(x0, x5); x1 = add(x1, x6); x2 = add(x2, x7); x3 = add(x3, x4);
    x15 = turn(x15, x0, 8); x12 = turn(x12, x1, 8); x13 = turn(x13, x2, 8); x14 = turn(x14, x3, 8);
    x10 = add(x10, x15); x11 = add(x11, x12); x8 = add(x8, x13); x9 = add(x9, x14);
    x5 = turn(x5, x10, 7); x6 = turn(x6, x11, 7); x7 = turn(x7, x8, 7); x4 = turn(x4, x9, 7);
    if (lookingUp) lookUp(32 * round);
    if (round == 3) break;
    // columns
    x0 = add(x0, x4); x1 = add(x1, x5); x2 = add(x2, x6); x3 = add(x3, x7);
    x12 = turn(x12, x0, 16); x13 = turn(x13, x1, 16); x14 = turn(x14, x2, 16); x15 = turn(x15, x3, 16);
    x8 = add(x8, x12); x9 = add(x9, x13); x10 = add(x10, x14); x11 = add(x11, x15);
    x4 = turn(x4, x8, 12); x5 = turn(x5, x9, 12); x6 = turn(x6, x10, 12); x7 = turn(x7, x11, 12);
    x0 = add(x0, x4); x1 = add(x1, x5); x2 = add(x2, x6); x3 = add(x3, x7);
    x12 = turn(x12, x0, 8); x13 = turn(x13, x1, 8); x14 = turn(x14, x2, 8); x15 = turn(x15, x3, 8);
    x8 = add(x8, x12); x9 = add(x9, x13); x10 = add(x10, x14); x11 = add(x11, x15);
    x4 = turn(x4, x8, 7); x5 = turn(x5, x9, 7); x6 = turn(x6, x10, 7); x7 = turn(x7, x11, 7);
  }

  storeWords(out, add(x0, word(0)), add(x1, word(1)), add(x2, word(2)), add(x3, word(3)));
  storeWords(out + 16, add(x4, word(4)), add(x5, word(5)), add(x6, word(6)), add(x7, word(7)));
  storeWords(out + 32, add(x8, word(8)), add(x9, word(9)), add(x10, word(10)), add(x11, word(11)));
  storeWords(out + 48, add(x12, numbers), add(x13, word(13)), add(x14, word(14)), add(x15, word(15)));
}
