import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SMALLEST_SIGMA } from './cell-table.ts';
import tables from './fixtures/borders.json' with { type: 'json' };
import { affordableEta, eta } from './eta.ts';

const OPTION_INVALID = expect.objectContaining({ code: 'OPTION_INVALID' });

describe('eta', () => {
  test.each(tables.hashed)('is D((2K+1) 2^-64 + 2Φ(−K/s)), rounded up: sigma = $sigma', (row) => {
    const exact = (2 * row.reach + 1) * 2 ** -64 + 2 * Number(row.edge);
    for (const dimension of [1, 784, 150528]) {
      const bound = eta(dimension, row.sigma);
      expect(bound).toBeGreaterThanOrEqual(dimension * exact);
      expect(bound / (dimension * exact) - 1).toBeLessThan(1e-14);
    }
  });

  test('is about 10^-11 for a picture of 224 × 224 at sigma = 0.25', () => {
    expect(eta(3 * 224 * 224, 0.25)).toBeCloseTo(9.6e-12, 13);
  });

  test('grows with the dimension, in proportion', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 ** 6 }),
        fc.double({ min: SMALLEST_SIGMA, max: 1, noNaN: true }),
        (dimension, sigma) => {
          expect(eta(dimension, sigma) / (dimension * eta(1, sigma))).toBeCloseTo(1, 14);
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });

  test.each([
    [0, 0.25],
    [1.5, 0.25],
    [NaN, 0.25],
    [2 ** 31 + 1, 0.25],
    [784, 0.001],
    [784, 14],
    [784, NaN],
  ])('refuses dimension %s, sigma %s', (dimension, sigma) => {
    expect(() => eta(dimension, sigma)).toThrow(OPTION_INVALID);
  });
});

describe('affordableEta', () => {
  test('is eta, up to a thousandth of alpha', () => {
    const bound = eta(150528, 0.25);
    expect(affordableEta(150528, 0.25, 0.001)).toBe(bound);
    expect(affordableEta(150528, 0.25, bound * 1001)).toBe(bound);
    expect(() => affordableEta(150528, 0.25, bound * 999)).toThrow(OPTION_INVALID);
  });

  test.each([0, -1, 1, NaN])('refuses alpha = %s', (alpha) => {
    expect(() => affordableEta(784, 0.25, alpha)).toThrow(OPTION_INVALID);
  });
});
