/**
 * The block function of ChaCha: 512 bits from a key of 256 bits and an input of 128 bits.
 *
 * For a secret random key no feasible way is known to tell its outputs at different inputs from independent uniform bits; for 8 rounds
 * too, though 20 leave a wider margin.
 *
 * Source: D. J. Bernstein, "ChaCha, a variant of Salsa20" (2008); words 12 to 15 as counter and nonce: RFC 8439.
 */
import type { Words4 } from '../philox.ts';

/** Eight 32-bit words. */
export type Words8 = readonly [number, number, number, number, number, number, number, number];

/** Words of a block. */
const BLOCK_WORDS = 16;

/** Where the input begins in a state; RFC 8439 calls its first word counter and the other three nonce. */
export const INPUT_AT = 12;

/** "expand 32-byte k" in little-endian words. */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];

/** The state that a block starts from: 4 constants, 8 words of key, 4 words of input, signed or unsigned. */
export function chachaState(key: Words8, input: Words4): Int32Array {
  return Int32Array.from([...CONSTANTS, ...key, ...input]);
}

/**
 * One block of ChaCha8, 12 or 20.
 *
 * @param state from {@link chachaState}; it is left as it is
 * @param block where the 16 words go
 * @returns `block`
 */
export function chachaBlock(
  state: Int32Array,
  rounds: 8 | 12 | 20,
  block: Int32Array = new Int32Array(BLOCK_WORDS),
): Int32Array {
  block.set(state);
  for (let round = 0; round < rounds; round += 2) {
    // columns
    quarterRound(block, 0, 4, 8, 12);
    quarterRound(block, 1, 5, 9, 13);
    quarterRound(block, 2, 6, 10, 14);
    quarterRound(block, 3, 7, 11, 15);
    // diagonals
    quarterRound(block, 0, 5, 10, 15);
    quarterRound(block, 1, 6, 11, 12);
    quarterRound(block, 2, 7, 8, 13);
    quarterRound(block, 3, 4, 9, 14);
  }
  for (let i = 0; i < BLOCK_WORDS; i++) block[i] += state[i];
  return block;
}

/** Mixes four words. What is stored in an Int32Array is taken modulo 2^32. */
function quarterRound(x: Int32Array, a: number, b: number, c: number, d: number): void {
  x[a] += x[b];
  x[d] = rotate(x[d] ^ x[a], 16);
  x[c] += x[d];
  x[b] = rotate(x[b] ^ x[c], 12);
  x[a] += x[b];
  x[d] = rotate(x[d] ^ x[a], 8);
  x[c] += x[d];
  x[b] = rotate(x[b] ^ x[c], 7);
}

const rotate = (x: number, left: number): number => (x << left) | (x >>> (32 - left));
