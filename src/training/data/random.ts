/**
 * The random numbers of training: what is drawn for a purpose at a step for a place in the batch is a function of the
 * seed and these three alone, so a resumed training sees the same bits as one that was never stopped.
 *
 * Each (purpose, step, position) is one sample of src/noise in the phase 'training': 'data/' and the purpose is the query's name,
 * step · 65,536 + position the sample's index.
 */
import { RetrievalGuardError } from '../../errors.ts';
import { laneState, type NoiseKey, noiseKey, Xoshiro128 } from '../../noise/index.ts';

/** What random numbers are drawn for. */
export type Purpose = 'sampler' | 'crop' | 'flip' | 'affine' | 'noise' | 'loss';

/** Places in a batch, at most. */
export const LARGEST_BATCH = 65536;

/** Steps are below this: with the place in the batch they fill the 48 bits of a sample's index. */
const STEP_LIMIT = 2 ** 32;

/** Throws OPTION_INVALID unless `step` is an integer from 0 to 2^32 − 1. */
export function checkStep(step: number): void {
  if (!Number.isSafeInteger(step) || step < 0 || step >= STEP_LIMIT) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'a step from 0 to 2^32 - 1',
      got: `step = ${step}`,
    });
  }
}

/** Throws OPTION_INVALID unless `value` is an integer of at least `least`. */
export function requireWhole(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: `${name}: an integer >= ${least}`,
    got: `${name} = ${value}`,
  });
}

/** The streams of one purpose. Throws OPTION_INVALID unless the seed is a safe integer ≥ 0. */
export function trainingKey(seed: number, purpose: Purpose): NoiseKey {
  return noiseKey({ seed, query: `data/${purpose}`, phase: 'training' });
}

/** The sample's index of a place in the batch of a step. */
export function sampleIndex(step: number, position: number): number {
  return step * LARGEST_BATCH + position;
}

/** A stream of uniform numbers. */
export class RandomStream {
  readonly #words: Xoshiro128;

  constructor(key: NoiseKey, step: number, position = 0) {
    this.#words = new Xoshiro128(laneState(key, sampleIndex(step, position), 0));
  }

  /** Uniform in [0, 1), a multiple of 2^-32. */
  uniform(): number {
    return this.#words.next() / 2 ** 32;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** An integer from 0 to n − 1. */
  below(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** Shuffles in place (Fisher–Yates) and returns the same array. */
  shuffle<T extends number[] | Int32Array>(values: T): T {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const held = values[i];
      values[i] = values[j];
      values[j] = held;
    }
    return values;
  }
}
