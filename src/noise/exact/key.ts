/**
 * Which bits a sample of exact noise is made of. Sample `index` of a query is the same bits whoever draws it, whenever.
 *
 * The key is a ChaCha key of its own for each (seed, query, phase):
 *
 *     HMAC-SHA-256(seed, "RetrievalGuard exact noise 1" | kind of seed | phase | query)
 *
 * with one byte each for kind and phase and the query in UTF-8, at the end, so no two triples give the same message and HMAC key. A block
 * of bits is ChaCha8 under that key of the four words
 *
 *     [block, sample low, sample high, domain].
 *
 * Domain {@link PREFIX_DOMAIN} holds the 16-bit prefixes of a sample, 32 a block: prefix i is half i mod 2 (0 the low one) of word
 * ⌊i/2⌋ mod 16 of block ⌊i/32⌋. Domain {@link REST_DOMAIN} holds the other 48 bits of value i, for the few values that need them:
 * word 0 and above it the low half of word 1 of block i. All inputs differ, so all these bits are independent and uniform as far as
 * ChaCha8 and HMAC-SHA-256 are pseudorandom functions.
 *
 * That is a cryptographic assumption if the seed is 32 secret random bytes. A seed that is a number can be guessed: then the bits
 * are *treated as* independent and uniform, which supposes that whoever chose encoder, gallery and picture did not choose them by the
 * noise. The noises of one key at different σ come from the same bits.
 */
import { RetrievalGuardError } from '../../errors.ts';
import { isWellFormed } from '../hash.ts';
import { numberOfPhase, type Phase } from '../stream.ts';
import { chachaBlock, chachaState, INPUT_AT, type Words8 } from './chacha.ts';
import { concatenated, hmacSha256, sha256 } from './sha256.ts';

/** Bytes of a secret seed. */
export const SEED_BYTES = 32;

/** Rounds of ChaCha. */
export const ROUNDS = 8;

/** Prefixes of a block. */
export const PREFIXES_PER_BLOCK = 32;

/** The domain of the 16 highest bits of draws, and that of the other 48. */
export const PREFIX_DOMAIN = 0;
export const REST_DOMAIN = 1;

const LABEL = 'RetrievalGuard exact noise 1';

/**
 * Names the noise for whoever compares runs: its law, and which bits a seed and a query give. Grey or colour, each channel of a pixel has a
 * value of its own. Another text whenever the same seed gives other noise.
 */
export const NOISE_NAME = 'Gaussian rounded to grey levels, a value for each channel; ChaCha8; version 1';

/** Names a family of samples; a plain object that can be posted to a worker. As secret as its seed. */
export interface ExactNoiseKey {
  /** A ChaCha key: eight u32 words. */
  readonly words: Words8;
}

/** What {@link exactNoiseKey} takes. */
export interface ExactNoiseSource {
  /** A safe integer ≥ 0, or {@link SEED_BYTES} secret random bytes. */
  seed: number | Uint8Array;
  /** The query's name; SHARED_QUERY for noise shared by queries. */
  query: string;
  phase: Phase;
}

/**
 * The key of a query's noise in one phase.
 *
 * @throws RetrievalGuardError OPTION_INVALID for a bad seed, an unknown phase or a query that is no well-formed string
 */
export function exactNoiseKey({ seed, query, phase }: ExactNoiseSource): ExactNoiseKey {
  if (typeof query !== 'string' || !isWellFormed(query))
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'query a well-formed string',
      got: typeof query === 'string' ? JSON.stringify(query) : typeof query,
    });
  const phaseNumber = numberOfPhase(phase);
  const kind = typeof seed === 'number' ? 0 : 1;
  const utf8 = new TextEncoder();
  const message = concatenated(utf8.encode(LABEL), Uint8Array.of(kind, phaseNumber), utf8.encode(query));
  const digest = new DataView(hmacSha256(bytesOfSeed(seed), message).buffer);
  const word = (i: number): number => digest.getUint32(4 * i, true);
  return { words: [word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7)] };
}

/**
 * What may be told of a secret seed before it is used: whoever is shown the seed later can check that it was this one. A SHA-256 in 64
 * hexadecimal digits, which tells nothing else of 32 random bytes.
 *
 * @throws RetrievalGuardError OPTION_INVALID for another number of bytes
 */
export function seedCommitment(seed: Uint8Array): string {
  const label = new TextEncoder().encode('RetrievalGuard commitment 1');
  const digest = sha256(concatenated(label, bytesOfSeed(seed)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A number as 8 bytes, lowest first; secret bytes as they are. */
function bytesOfSeed(seed: number | Uint8Array): Uint8Array {
  if (seed instanceof Uint8Array && seed.length === SEED_BYTES) return seed;
  if (typeof seed !== 'number' || !Number.isSafeInteger(seed) || seed < 0)
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: `seed a safe integer >= 0 or ${SEED_BYTES} bytes`,
      got: seed instanceof Uint8Array ? `${seed.length} bytes` : `seed = ${String(seed)}`,
      fix: 'Secret bytes make the noise rest on a cryptographic assumption; a number only repeats a run.',
    });
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigUint64(0, BigInt(seed), true);
  return new Uint8Array(bytes.buffer);
}

/** The blocks of one domain of a sample, by their number below 2^32. A block is overwritten by the next one. */
function blocksOf(key: ExactNoiseKey, sample: number, domain: number): (block: number) => Int32Array {
  const state = chachaState(key.words, [0, sample % 2 ** 32, Math.floor(sample / 2 ** 32), domain]);
  const words = new Int32Array(state.length);
  return (block) => {
    state[INPUT_AT] = block;
    return chachaBlock(state, ROUNDS, words);
  };
}

/** A number that is uniform on (0, 1], of 48 bits of a key, rounded up. */
export const uniformOf = (key: ExactNoiseKey): number => (Number(drawsOf(key, 0).rest(0)) + 1) / 2 ** 48;

/** The bits of a sample's draws. */
export interface Draws {
  /** Words of block ⌊i/32⌋ of the prefixes, for {@link prefixOf}. Overwritten by the next call. */
  prefixes(block: number): Int32Array;
  /** The 48 low bits of the draw of value i. */
  rest(i: number): bigint;
}

/** The bits of sample number `sample`, an integer from 0 to 2^48 − 1. */
export function drawsOf(key: ExactNoiseKey, sample: number): Draws {
  const rests = blocksOf(key, sample, REST_DOMAIN);
  return {
    prefixes: blocksOf(key, sample, PREFIX_DOMAIN),
    rest(i) {
      const [low, high] = rests(i);
      return (BigInt(high & 0xffff) << 32n) | BigInt(low >>> 0);
    },
  };
}

/** Prefix `place` (0 to {@link PREFIXES_PER_BLOCK} − 1) of a block. */
export function prefixOf(block: Int32Array, place: number): number {
  const word = block[place >> 1];
  return place % 2 === 0 ? word & 0xffff : word >>> 16;
}
