import { describe, expect, test } from 'vitest';
import { drawSample, shuffledIndices, splitmix32 } from './sample.ts';

const items = Array.from({ length: 1000 }, (_, i) => ({ id: i, label: `class ${Math.floor(i / 10)}` }));

describe('splitmix32', () => {
  /** The same generator in integers of any size. */
  function* naive(seed: bigint): Generator<number> {
    const word = 0xffffffffn;
    for (let n = 1n; ; n++) {
      let z = (seed + n * 0x9e3779b9n) & word;
      z = ((z ^ (z >> 16n)) * 0x21f0aaadn) & word;
      z = ((z ^ (z >> 15n)) * 0xd35a2d97n) & word;
      yield Number(z ^ (z >> 15n));
    }
  }

  test.each([0, 1, 12345, 2 ** 32 - 1])('seed %i follows its definition', (seed) => {
    const next = splitmix32(seed);
    const expected = naive(BigInt(seed));
    for (let i = 0; i < 100; i++) expect(next()).toBe(expected.next().value);
  });

  test('is frozen: samples of earlier versions can be drawn again', () => {
    const next = splitmix32(0);
    expect([next(), next(), next()]).toMatchInlineSnapshot(`
      [
        3294826546,
        968997276,
        1865920016,
      ]
    `);
    expect([...shuffledIndices(10, 7)]).toMatchInlineSnapshot(`
      [
        2,
        9,
        6,
        4,
        3,
        0,
        5,
        1,
        7,
        8,
      ]
    `);
  });

  test('tells seeds apart beyond 32 bits', () => {
    expect(splitmix32(2 ** 32)()).not.toBe(splitmix32(0)());
    expect(splitmix32(-1)()).not.toBe(splitmix32(1)());
  });
});

describe('drawSample', () => {
  test('shuffles uniformly: each number comes first about as often', () => {
    const firsts = [0, 0, 0, 0, 0];
    for (let seed = 0; seed < 5000; seed++) firsts[shuffledIndices(5, seed)[0]]++;
    for (const count of firsts) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(800));
  });

  test('takes everything without options', () => {
    expect(drawSample(items, {})).toEqual(items);
  });

  test('keeps the order, repeats with the seed, differs with another', () => {
    const drawn = drawSample(items, { limit: 50, seed: 3 });
    expect(drawn).toHaveLength(50);
    expect(drawn.map(({ id }) => id)).toEqual(drawn.map(({ id }) => id).toSorted((a, b) => a - b));
    expect(drawSample(items, { limit: 50, seed: 3 })).toEqual(drawn);
    expect(drawSample(items, { limit: 50, seed: 4 })).not.toEqual(drawn);
    expect(drawSample(items, { limit: 50 })).toEqual(drawSample(items, { limit: 50, seed: 0 }));
  });

  test('spreads over the classes', () => {
    const classes = new Set(drawSample(items, { limit: 50 }).map(({ label }) => label));
    expect(classes.size).toBeGreaterThan(30);
  });

  test('draws a subset of a larger sample', () => {
    const larger = new Set(drawSample(items, { limit: 200, perClass: 3, seed: 9 }));
    for (const item of drawSample(items, { limit: 20, perClass: 3, seed: 9 })) expect(larger).toContain(item);
  });

  test('perClass caps every class, limit the whole', () => {
    const drawn = drawSample(items, { perClass: 2 });
    expect(drawn).toHaveLength(200);
    expect(drawSample(items, { perClass: 100 })).toEqual(items);
    expect(drawSample(items, { perClass: 2, limit: 30 })).toHaveLength(30);
    expect(drawSample(items, { limit: 5000 })).toEqual(items);
    expect(new Set(drawn.map(({ label }) => label)).size).toBe(100);
  });

  test.each([{ limit: 0 }, { limit: 1.5 }, { perClass: -1 }, { perClass: NaN }, { limit: 3, seed: 0.5 }])(
    'refuses %j',
    (options) => {
      expect(() => drawSample(items, options)).toThrow(/^OPTION_INVALID/);
    },
  );
});
