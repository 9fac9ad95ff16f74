import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PHASES, type Phase } from '../stream.ts';
import { borderAt, cellTable, exactScale, SMALLEST_SIGMA } from './cell-table.ts';
import { exactNoise } from './exact-noise.ts';
import { exactReal, fixedPointPicture } from './exact-real.ts';
import real from './fixtures/real.json' with { type: 'json' };
import { drawsOf, exactNoiseKey, prefixOf } from './key.ts';
import { positionTable } from './position-table.ts';
import { sha256 } from './sha256.ts';

const OPTION_INVALID = expect.objectContaining({ code: 'OPTION_INVALID' });
const key = exactNoiseKey({ seed: 1, query: 'q', phase: 'estimation' });

describe('exactReal', () => {
  test.each(real.samples)('is what Python computes from its definition, %#', (row) => {
    const seed = typeof row.seed === 'string' ? Uint8Array.from(Buffer.from(row.seed, 'hex')) : row.seed;
    const phase = (Object.keys(PHASES) as Phase[]).find((name) => PHASES[name] === row.phase) ?? 'selection';
    const picture = Int32Array.from({ length: row.dimension }, (_, i) => row.pixels[i % row.pixels.length]);
    const levels = exactReal(
      exactNoiseKey({ seed, query: row.query, phase }),
      row.sample,
      picture,
      positionTable(row.sigma),
    );
    expect([...levels.subarray(0, 64)]).toEqual(row.first);
    expect(Buffer.from(sha256(new Uint8Array(levels.buffer))).toString('hex')).toBe(row.hash);
  });

  test('is x + k of the byte noise for whole pixels', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(SMALLEST_SIGMA, 0.02, 0.25, 1),
        fc.integer({ min: 0, max: 2 ** 48 - 1 }),
        fc.array(fc.integer({ min: -30_000, max: 30_000 }), { minLength: 1, maxLength: 400 }),
        (sigma, sample, pixels) => {
          const noise = exactNoise(key, sample, pixels.length, cellTable(sigma));
          const picture = Int32Array.from(pixels, (pixel) => pixel * 65536);
          expect(exactReal(key, sample, picture, positionTable(sigma))).toEqual(
            noise.map((k, i) => k + pixels[i]),
          );
        },
      ),
      { numRuns: 100 },
    );
  });

  test('counts all borders of a pixel below a draw', () => {
    const sigma = 0.01;
    const table = positionTable(sigma);
    const scale = exactScale(sigma);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 48 - 1 }),
        fc.integer({ min: -128 * 65536, max: 383 * 65536 }),
        (sample, pixel) => {
          const draws = drawsOf(key, sample);
          const draw = (BigInt(prefixOf(draws.prefixes(0), 0)) << 48n) | draws.rest(0);
          const centre = Math.round(pixel / 65536);
          let count = 0;
          for (let k = -table.reach; k < table.reach; k++)
            if (borderAt(scale, (centre + k + 0.5) * 65536 - pixel) <= draw) count++;
          expect(exactReal(key, sample, Int32Array.of(pixel), table)[0]).toBe(centre - table.reach + count);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('never falls as the pixel rises, by a level each level', () => {
    const table = positionTable(0.05);
    const dimension = 500;
    const at = (pixel: number): Int16Array => exactReal(key, 4, new Int32Array(dimension).fill(pixel), table);
    let last = at(0);
    for (let pixel = 1000; pixel <= 65536; pixel += 1000) {
      const next = at(pixel);
      expect(next.every((level, i) => level >= last[i])).toBe(true);
      last = next;
    }
    expect(at(65536)).toEqual(at(0).map((level) => level + 1));
  });

  test('refuses a bad sample', () => {
    for (const sample of [-1, 0.5, 2 ** 48])
      expect(() => exactReal(key, sample, new Int32Array(4), positionTable(0.25))).toThrow(OPTION_INVALID);
  });
});

describe('fixedPointPicture', () => {
  test('rounds to 2^-16 grey level', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -0.5, max: 1.5, noNaN: true })), (pixels) => {
        const picture = fixedPointPicture(pixels);
        for (const [i, pixel] of pixels.entries())
          expect(Math.abs(picture[i] / 65536 - 255 * pixel)).toBeLessThanOrEqual(2 ** -17 + 1e-12);
      }),
    );
    expect([...fixedPointPicture([0, 1, 0.5])]).toEqual([0, 255 * 65536, 255 * 32768]);
  });

  test.each([-1.54, 1.54, NaN, Infinity])('refuses %s', (pixel) => {
    expect(() => fixedPointPicture([0, pixel])).toThrow(OPTION_INVALID);
    if (Math.abs(pixel) < 100) expect(() => fixedPointPicture([0, pixel], 0.25)).not.toThrow();
  });
});
