import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { PHASES, type Phase, SAMPLE_LIMIT, SHARED_QUERY } from '../stream.ts';
import { chachaBlock, chachaState } from './chacha.ts';
import { drawsOf, type ExactNoiseSource, exactNoiseKey, prefixOf } from './key.ts';

const OPTION_INVALID = expect.objectContaining({ code: 'OPTION_INVALID' });
const phases = Object.keys(PHASES) as Phase[];
const secret = Uint8Array.from({ length: 32 }, (_, i) => 255 - i);

/** The key by its definition, through Node. */
function wordsByNode(seed: Uint8Array, kind: number, phase: number, query: string): number[] {
  const message = Buffer.concat([
    Buffer.from('RetrievalGuard exact noise 1'),
    Buffer.of(kind, phase),
    Buffer.from(query),
  ]);
  const digest = createHmac('sha256', seed).update(message).digest();
  return Array.from({ length: 8 }, (_, i) => digest.readUInt32LE(4 * i));
}

describe('exactNoiseKey', () => {
  test('is HMAC-SHA-256 of kind, phase and query under the seed', () => {
    const number = Buffer.alloc(8);
    number.writeBigUInt64LE(2n ** 53n - 1n);
    expect(exactNoiseKey({ seed: 2 ** 53 - 1, query: 'ö 漢 😀', phase: 'gallery' }).words).toEqual(
      wordsByNode(number, 0, PHASES.gallery, 'ö 漢 😀'),
    );
    expect(exactNoiseKey({ seed: secret, query: SHARED_QUERY, phase: 'estimation' }).words).toEqual(
      wordsByNode(secret, 1, PHASES.estimation, ''),
    );
  });

  test('differs between any two of many triples', () => {
    const asBytes = new Uint8Array(32);
    asBytes[0] = 1;
    const seeds = [0, 1, 2 ** 32, asBytes, secret];
    const keys = new Set<string>();
    for (const seed of seeds)
      for (const query of [SHARED_QUERY, 'a', 'b', 'ab', '\0', '\u0001a'])
        for (const phase of phases) keys.add(exactNoiseKey({ seed, query, phase }).words.join());
    expect(keys.size).toBe(seeds.length * 6 * phases.length);
  });

  test.each<[string, Partial<ExactNoiseSource>]>([
    ['a negative seed', { seed: -1 }],
    ['half a seed', { seed: 0.5 }],
    ['a seed beyond safe integers', { seed: 2 ** 53 }],
    ['no number', { seed: NaN }],
    ['a seed in words', { seed: '1' as unknown as number }],
    ['16 bytes', { seed: new Uint8Array(16) }],
    ['33 bytes', { seed: new Uint8Array(33) }],
    ['an unknown phase', { phase: 'toString' as Phase }],
    ['a query that is no string', { query: 7 as unknown as string }],
    ['a lone surrogate', { query: 'a\ud800' }],
  ])('refuses %s', (_, part) => {
    expect(() => exactNoiseKey({ seed: 1, query: 'q', phase: 'selection', ...part })).toThrow(OPTION_INVALID);
  });
});

/** The lowest 48 bits of two words, the low word first. */
const lowBits = (low: number, high: number): bigint => BigInt(high & 0xffff) * 2n ** 32n + BigInt(low >>> 0);

describe('drawsOf', () => {
  const key = exactNoiseKey({ seed: secret, query: 'q', phase: 'estimation' });
  const sample = 0x1234 * 2 ** 32 + 0x89abcdef;

  test('each part of the address stands in a word of its own', () => {
    const draws = drawsOf(key, sample);
    expect(draws.prefixes(77)).toEqual(chachaBlock(chachaState(key.words, [77, 0x89abcdef, 0x1234, 0]), 8));
    const [low, high] = chachaBlock(chachaState(key.words, [77, 0x89abcdef, 0x1234, 1]), 8);
    expect(draws.rest(77)).toBe(lowBits(low, high));
  });

  test('prefixes are the half words of a block, the low one first', () => {
    const block = drawsOf(key, sample).prefixes(3);
    const bytes = Buffer.from(block.buffer);
    for (let place = 0; place < 32; place++)
      expect(prefixOf(block, place)).toBe(bytes.readUInt16LE(2 * place));
  });

  test('no two of many addresses share bits', () => {
    const seen = new Set<bigint>();
    let count = 0;
    for (const phase of phases)
      for (const index of [0, 1, 2, 2 ** 16, 2 ** 32, 2 ** 32 + 1, SAMPLE_LIMIT - 1]) {
        const draws = drawsOf(exactNoiseKey({ seed: 0, query: 'q', phase }), index);
        for (const at of [0, 1, 2, 31, 32, 2 ** 16, 2 ** 31 - 1]) {
          const [low, high] = draws.prefixes(at);
          seen.add(lowBits(low, high)).add(draws.rest(at));
          count += 2;
        }
      }
    expect(seen.size).toBe(count);
  });
});
