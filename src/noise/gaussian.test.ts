import { describe, expect, test } from 'vitest';
import { boxMuller, gaussianSample, LARGEST_DEVIATE } from './gaussian.ts';
import { noiseKey } from './stream.ts';
import { Xoshiro128 } from './xoshiro.ts';

const key = noiseKey({ seed: 1, query: 'q', phase: 'estimation' });
const OPTION_INVALID = expect.objectContaining({ code: 'OPTION_INVALID' });

/** The transform in f64 with the library's log, sine and cosine. */
function exact(a: number, b: number): [number, number] {
  const u = ((a >>> 1) + 0.5) / 2 ** 31;
  const r = Math.sqrt(-2 * Math.log(u)) * (a & 1 ? -1 : 1);
  const angle = ((b | 0) / 2 ** 31) * (Math.PI / 2);
  return [r * Math.cos(angle), r * Math.sin(angle)];
}

describe('boxMuller', () => {
  test('is the exact transform to 2e-6 everywhere but next to u = 1', () => {
    const words = new Xoshiro128([1, 2, 3, 4]);
    let worst = 0;
    for (let i = 0; i < 100_000; i++) {
      // every size of u, not only the likely ones
      const a = words.next() >>> (i % 31);
      const b = words.next();
      if (a > 0xfff00000) continue;
      const [c, s] = boxMuller(a, b);
      const [ec, es] = exact(a, b);
      worst = Math.max(worst, Math.abs(c - ec), Math.abs(s - es));
    }
    expect(worst).toBeLessThan(2e-6);
  });

  test('is small and finite next to u = 1', () => {
    for (const a of [0xffffffff, 0xfffffffe, 0xffffff80, 0xffffff00]) {
      const [c, s] = boxMuller(a, 0xffffffff);
      expect(Math.hypot(c, s)).toBeLessThan(1e-3);
    }
  });

  test('reaches 6.66 and no more than LARGEST_DEVIATE', () => {
    const [c, s] = boxMuller(0, 0);
    expect(c).toBeGreaterThan(6.66);
    expect(Math.hypot(c, s)).toBeLessThan(LARGEST_DEVIATE);
    for (const b of [0x80000000, 0x7fffffff, 0x7fff0000]) {
      const sine = Math.abs(boxMuller(1, b)[1]);
      expect(sine).toBeGreaterThan(6.66);
      expect(sine).toBeLessThan(LARGEST_DEVIATE);
    }
  });

  test('is symmetric: the low bit of a turns both signs, -b the sine', () => {
    const words = new Xoshiro128([5, 6, 7, 8]);
    for (let i = 0; i < 1000; i++) {
      const a = words.next();
      const b = words.next();
      const [c, s] = boxMuller(a, b);
      expect(boxMuller((a ^ 1) >>> 0, b)).toEqual([-c, -s]);
      expect(boxMuller(a, -b >>> 0)).toEqual([c, -s]);
    }
  });

  test('cosine and sine lie on the circle', () => {
    const words = new Xoshiro128([9, 10, 11, 12]);
    for (let i = 0; i < 10_000; i++) {
      const a = words.next();
      const radius = boxMuller(a, 0)[0];
      const [c, s] = boxMuller(a, words.next());
      expect(Math.abs(Math.hypot(c, s) / radius)).toBeCloseTo(1, 6);
    }
  });
});

describe('gaussianSample', () => {
  test('never changes: the stream is part of every recorded run', () => {
    const bits = new Uint32Array(gaussianSample(key, 0, 10).buffer);
    expect(Array.from(bits, (word) => word.toString(16).padStart(8, '0')).join(' ')).toMatchInlineSnapshot(
      `"3f1b9ab2 3fb2a77f 3fc5d122 3e1facd7 4008864c be38533b 3f10f4ac 3f9b641d 3d5b47ee bea2f1b2"`,
    );
  });

  test('the first values do not depend on the dimension', () => {
    const long = gaussianSample(key, 3, 200);
    for (const dimension of [1, 4, 5, 31, 32, 33, 199])
      expect(gaussianSample(key, 3, dimension)).toEqual(long.slice(0, dimension));
  });

  test('differs between samples, queries, phases and seeds', () => {
    const rows = [
      gaussianSample(key, 0, 4),
      gaussianSample(key, 1, 4),
      gaussianSample(key, 2 ** 32, 4),
      gaussianSample(noiseKey({ seed: 1, query: 'r', phase: 'estimation' }), 0, 4),
      gaussianSample(noiseKey({ seed: 1, query: 'q', phase: 'selection' }), 0, 4),
      gaussianSample(noiseKey({ seed: 2, query: 'q', phase: 'estimation' }), 0, 4),
    ];
    expect(new Set(rows.map((row) => row.join())).size).toBe(rows.length);
  });

  test('refuses impossible dimensions and indices', () => {
    for (const dimension of [0, -1, 1.5, NaN])
      expect(() => gaussianSample(key, 0, dimension)).toThrow(OPTION_INVALID);
    for (const index of [-1, 0.5, 2 ** 48])
      expect(() => gaussianSample(key, index, 4)).toThrow(OPTION_INVALID);
  });
});
