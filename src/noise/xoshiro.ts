/**
 * xoshiro128++ 1.0: a 128-bit state, period 2^128 - 1, 32 bits a step.
 *
 * Source: Blackman, Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47 (2021).
 */
import type { Words4 } from './philox.ts';

/** The first state word that stands in for the all-zero state, which the generator may not start from. */
export const NONZERO_WORD = 0x9e3779b9;

const rotate = (x: number, left: number): number => (x << left) | (x >>> (32 - left));

/** One xoshiro128++ stream. */
export class Xoshiro128 {
  #s0: number;
  #s1: number;
  #s2: number;
  #s3: number;

  /** Starts from four u32 words; all zero stands for 0x9e3779b9, 0, 0, 0. */
  constructor(state: Words4) {
    [this.#s0, this.#s1, this.#s2, this.#s3] = state;
    if ((this.#s0 | this.#s1 | this.#s2 | this.#s3) === 0) this.#s0 = NONZERO_WORD;
  }

  /** The next unsigned 32-bit word. */
  next(): number {
    const result = (rotate(this.#s0 + this.#s3, 7) + this.#s0) >>> 0;
    const t = this.#s1 << 9;
    this.#s2 ^= this.#s0;
    this.#s3 ^= this.#s1;
    this.#s1 ^= this.#s2;
    this.#s0 ^= this.#s3;
    this.#s2 ^= t;
    this.#s3 = rotate(this.#s3, 11);
    return result;
  }
}
