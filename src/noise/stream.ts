/**
 * Which random stream a sample draws from. Sample `index` of a query is the same bits whoever draws it, whenever.
 *
 * Philox takes 64 bits of key and 128 of counter, and all of them are used, so two different tuples
 * (seed, query hash, phase, index, lane) never share an input:
 *
 *     key      [seed low, seed high]
 *     counter  [index low, index high (16 bits) | phase (8 bits) << 16 | lane (8 bits) << 24, hash low, hash high]
 *
 * For one seed the outputs differ too (Philox is a bijection of its counter). Each output, 128 bits, is the first
 * state of one xoshiro128++ stream; a sample uses {@link LANES} of them (lanes 0 to 3).
 */
import { RetrievalGuardError } from '../errors.ts';
import { fnv1a64 } from './hash.ts';
import { philox4x32, type Words4 } from './philox.ts';

/**
 * What samples are drawn for, with the number that goes into the counter. Never renumber; add at the end (up to 255).
 * Different phases never share a stream.
 */
export const PHASES = {
  selection: 0,
  estimation: 1,
  gallery: 2,
  evaluation: 3,
  training: 4,
  weights: 5,
  attack: 6,
  evidence: 7,
} as const;

/** One of the keys of {@link PHASES}. */
export type Phase = keyof typeof PHASES;

/** The query name of noise that several queries share: the empty string. */
export const SHARED_QUERY = '';

/** xoshiro128++ streams per sample: the lanes of one SIMD vector. */
export const LANES = 4;

/** Sample indices lie below this: 2^48. */
export const SAMPLE_LIMIT = 2 ** 48;

/** The words that name a family of streams, one per sample index; all unsigned 32-bit, `phase` below 256. */
export interface NoiseKey {
  readonly seedLow: number;
  readonly seedHigh: number;
  readonly queryLow: number;
  readonly queryHigh: number;
  readonly phase: number;
}

/** What {@link noiseKey} takes. */
export interface NoiseSource {
  /** A safe integer ≥ 0. */
  seed: number;
  /** The query's name; {@link SHARED_QUERY} for noise shared by queries. */
  query: string;
  phase: Phase;
}

/**
 * The key of a query's noise in one phase: a plain object that can be posted to a worker.
 * The query enters as its FNV-1a hash; two names with one hash would share noise, which a union bound over queries allows.
 *
 * @throws RetrievalGuardError OPTION_INVALID for a bad seed, an unknown phase or a query that is no well-formed string
 */
export function noiseKey({ seed, query, phase }: NoiseSource): NoiseKey {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'seed a safe integer >= 0',
      got: `seed = ${String(seed)}`,
    });
  if (typeof query !== 'string')
    throw new RetrievalGuardError('OPTION_INVALID', { expected: 'query a string', got: typeof query });
  const number = numberOfPhase(phase);
  const hash = fnv1a64(query);
  return {
    seedLow: seed % 2 ** 32,
    seedHigh: Math.floor(seed / 2 ** 32),
    queryLow: hash.low,
    queryHigh: hash.high,
    phase: number,
  };
}

/**
 * The number of a phase.
 *
 * @throws RetrievalGuardError OPTION_INVALID for an unknown phase
 */
export function numberOfPhase(phase: Phase): number {
  if (!Object.hasOwn(PHASES, phase))
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: `phase one of ${Object.keys(PHASES).join(', ')}`,
      got: `phase = ${String(phase)}`,
    });
  return PHASES[phase];
}

/**
 * Checks that samples `first` to `first + count - 1` exist.
 *
 * @throws RetrievalGuardError OPTION_INVALID unless both are integers ≥ 0 and the last index is below {@link SAMPLE_LIMIT}
 */
export function checkSamples(first: number, count: number): void {
  const whole = Number.isSafeInteger(first) && Number.isSafeInteger(count);
  if (!whole || first < 0 || count < 0 || first + count > SAMPLE_LIMIT)
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'sample indices from 0 to 2^48 - 1',
      got: `first = ${first}, count = ${count}`,
    });
}

/** The first state of lane `lane` (0 to {@link LANES} - 1) of sample `index`. */
export function laneState(key: NoiseKey, index: number, lane: number): Words4 {
  const high = Math.floor(index / 2 ** 32) & 0xffff;
  const word = (high | ((key.phase & 0xff) << 16) | (lane << 24)) >>> 0;
  return philox4x32([index % 2 ** 32, word, key.queryLow, key.queryHigh], [key.seedLow, key.seedHigh]);
}
