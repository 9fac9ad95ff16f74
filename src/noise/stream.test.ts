import { describe, expect, test } from 'vitest';
import { fnv1a64 } from './hash.ts';
import { philox4x32 } from './philox.ts';
import {
  checkSamples,
  laneState,
  noiseKey,
  PHASES,
  type Phase,
  SAMPLE_LIMIT,
  SHARED_QUERY,
} from './stream.ts';

const hex = ({ low, high }: { low: number; high: number }): string =>
  high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
const phases = Object.keys(PHASES) as Phase[];
const OPTION_INVALID = expect.objectContaining({ code: 'OPTION_INVALID' });

describe('fnv1a64', () => {
  test.each([
    ['', 'cbf29ce484222325'],
    ['a', 'af63dc4c8601ec8c'],
    ['foobar', '85944171f73967e8'],
  ])('known answer for %j', (text, hash) => {
    expect(hex(fnv1a64(text))).toBe(hash);
  });

  test('equals the definition in 64-bit integers', () => {
    for (const text of ['query/0001.png', 'ö 漢 😀', 'x'.repeat(500)]) {
      let hash = 0xcbf29ce484222325n;
      for (const byte of new TextEncoder().encode(text))
        hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & (2n ** 64n - 1n);
      expect(hex(fnv1a64(text))).toBe(hash.toString(16).padStart(16, '0'));
    }
  });

  test('refuses a lone surrogate', () => {
    expect(() => fnv1a64('a\ud800')).toThrow(OPTION_INVALID);
  });
});

describe('noiseKey', () => {
  test('splits the seed and hashes the query', () => {
    const { low, high } = fnv1a64('q1');
    expect(noiseKey({ seed: 2 ** 53 - 1, query: 'q1', phase: 'gallery' })).toEqual({
      seedLow: 0xffffffff,
      seedHigh: 0x1fffff,
      queryLow: low,
      queryHigh: high,
      phase: PHASES.gallery,
    });
  });

  test('the phases have numbers of their own that fit a byte', () => {
    expect(new Set(Object.values(PHASES)).size).toBe(phases.length);
    for (const phase of phases) expect(PHASES[phase]).toBe(PHASES[phase] & 0xff);
  });

  test.each([-1, 0.5, NaN, Infinity, 2 ** 53])('refuses seed %s', (seed) => {
    expect(() => noiseKey({ seed, query: 'q', phase: 'selection' })).toThrow(OPTION_INVALID);
  });

  test('refuses an unknown phase and a query that is no string', () => {
    expect(() => noiseKey({ seed: 1, query: 'q', phase: 'toString' as Phase })).toThrow(OPTION_INVALID);
    expect(() => noiseKey({ seed: 1, query: 7 as unknown as string, phase: 'selection' })).toThrow(
      OPTION_INVALID,
    );
  });
});

describe('laneState', () => {
  test('each input stands in bits of its own', () => {
    const key = { seedLow: 1, seedHigh: 2, queryLow: 3, queryHigh: 4, phase: 0xab };
    const index = 0x1234 * 2 ** 32 + 0x89abcdef;
    expect(laneState(key, index, 3)).toEqual(philox4x32([0x89abcdef, 0x03ab1234, 3, 4], [1, 2]));
  });

  test('no two of many tuples share a state', () => {
    const states = new Set<string>();
    let count = 0;
    for (const seed of [0, 1, 2 ** 32])
      for (const query of [SHARED_QUERY, 'a', 'b'])
        for (const phase of phases)
          for (const index of [0, 1, 2, 2 ** 32, SAMPLE_LIMIT - 1])
            for (let lane = 0; lane < 4; lane++) {
              states.add(laneState(noiseKey({ seed, query, phase }), index, lane).join());
              count++;
            }
    expect(states.size).toBe(count);
  });
});

describe('checkSamples', () => {
  test('accepts the ends', () => {
    expect(() => checkSamples(0, 0)).not.toThrow();
    expect(() => checkSamples(SAMPLE_LIMIT - 1, 1)).not.toThrow();
  });
  test.each([
    [-1, 1],
    [0.5, 1],
    [0, -1],
    [0, NaN],
    [SAMPLE_LIMIT, 1],
  ])('refuses %s, %s', (first, count) => {
    expect(() => checkSamples(first, count)).toThrow(OPTION_INVALID);
  });
});
