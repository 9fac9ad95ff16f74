import { describe, expect, test } from 'vitest';
import { boxMuller, gaussianSample, LARGEST_DEVIATE } from './gaussian.ts';
import { noiseKey } from './stream.ts';
import { Xoshiro128 } from './xoshiro.ts';

const key = noiseKey({ seed: 1, query: 'q', phase: 'estimation' });
const OPTION_INVALID = expect.objectContaining({ code: 'OPTION_INVALID' });

/** The transform in f64 with the library's log, sine and cosine. */
function exact(a: number, b: number): [number, number] {
  const u = ((a >>> 1) + ((b & 0xff) + 0.5) / 256) / 2 ** 31;
  const r = Math.sqrt(-2 * Math.log(u)) * (a & 1 ? -1 : 1);
  const angle = ((b | 1) / 2 ** 31) * (Math.PI / 2);
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

  test('reaches 7.44 and no more than LARGEST_DEVIATE', () => {
    const [c, s] = boxMuller(0, 0);
    expect(c).toBeGreaterThan(7.44);
    expect(Math.hypot(c, s)).toBeLessThan(LARGEST_DEVIATE);
    // the largest radius that comes with a sine next to 1 is the same but for the low byte of b
    expect(Math.abs(boxMuller(1, 0x80000000)[1])).toBeGreaterThan(7.44);
    expect(Math.abs(boxMuller(1, 0x80000000)[1])).toBeLessThan(LARGEST_DEVIATE);
  });

  test('is symmetric: the low bit of a turns both signs, ~b turns the sine and, but for the low byte, keeps the rest', () => {
    const words = new Xoshiro128([5, 6, 7, 8]);
    for (let i = 0; i < 1000; i++) {
      const a = words.next();
      const b = words.next();
      const [c, s] = boxMuller(a, b);
      expect(boxMuller((a ^ 1) >>> 0, b)).toEqual([-c, -s]);
      const [c2, s2] = boxMuller(a, ~b >>> 0);
      expect(c2).toBeCloseTo(c, 3);
      expect(s2).toBeCloseTo(-s, 3);
    }
  });
});

describe('gaussianSample', () => {
  test('never changes: the stream is part of every recorded run', () => {
    const bits = new Uint32Array(gaussianSample(key, 0, 10).buffer);
    expect(Array.from(bits, (word) => word.toString(16).padStart(8, '0')).join(' ')).toMatchInlineSnapshot(
      `"400d64a4 3e8f1f13 3f56a6c7 3f9ca90e be4a8982 bfb08b6a bfb54a08 3c419922 3fa96bef be8fabda"`,
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
