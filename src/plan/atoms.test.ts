import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../test/helpers/random.ts';
import { type Atoms, atomThresholds, binsAtAtoms, findAtoms } from './atoms.ts';
import { binLevels, binOf } from '../certify/index.ts';

const SLACK = 2e-6;
const seeds = fc.integer({ min: 1, max: 2 ** 31 });

/** Draws of the values with a jitter as of rounding. */
function draws(random: Random, values: readonly number[], count: number): Float64Array {
  return Float64Array.from(
    { length: count },
    (_, i) => values[i < values.length ? i : random.integer(values.length)] + SLACK * random.uniform(),
  );
}

/** By how much the level of each value lies above it. */
function excess(atoms: Atoms, high: number, bins: number): number[] {
  const placed = binsAtAtoms(atoms, high, SLACK, bins);
  expect(placed.bins).toBeLessThanOrEqual(bins);
  const levels = binLevels(placed, high, SLACK);
  return atoms.values.map((value) => levels[binOf(placed, value)] - value);
}

describe('finding atoms', () => {
  test('groups values that differ by rounding, with their shares', () => {
    const samples = Float64Array.from({ length: 80 }, (_, i) => (i % 4 === 0 ? 0.5 : -1) + 1e-7 * (i % 3));
    const atoms = findAtoms(samples, 4 * SLACK)!;
    expect(atoms.values).toEqual([-1 + 2e-7, 0.5 + 2e-7]);
    expect(atoms.shares[0]).toBeCloseTo(0.75, 12);
    expect(atoms.shares[1]).toBeCloseTo(0.25, 12);
  });

  test('not in a law of many values, nor in a few samples', () => {
    const random = new Random(1);
    const normal = Float64Array.from({ length: 512 }, () => random.normal());
    expect(findAtoms(normal, 4 * SLACK)).toBeNull();
    expect(findAtoms(normal.slice(0, 8), 4 * SLACK)).toBeNull();
    const values = Array.from({ length: 17 }, (_, i) => i / 20);
    expect(findAtoms(draws(random, values, 512), 4 * SLACK)).toBeNull();
    expect(findAtoms(draws(random, values.slice(1), 512), 4 * SLACK)!.values).toHaveLength(16);
    expect(findAtoms(draws(random, values.slice(1), 100), 4 * SLACK)).toBeNull();
  });
});

describe('bins at atoms', () => {
  test('one or two values lie just below their levels, wherever they are', () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom(1, 2), fc.constantFrom(16, 256), (seed, count, bins) => {
        const random = new Random(seed);
        const values = Array.from({ length: count }, () => 2 * random.uniform() - 1.2);
        const high = Math.max(...values) + (random.uniform() < 0.5 ? 0 : random.uniform());
        fc.pre(count === 1 || Math.abs(values[0] - values[1]) > 0.01);
        const atoms = findAtoms(draws(random, values, 64), 4 * SLACK)!;
        for (const above of excess(atoms, Math.max(high, ...atoms.values), bins)) {
          expect(above).toBeGreaterThan(0.99 * SLACK);
          expect(above).toBeLessThan(3 * SLACK);
        }
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('five values are rounded up by a fifth of a bin or less, on average', () => {
    const random = new Random(2);
    let worst = 0;
    for (let trial = 0; trial < 200; trial++) {
      const values = Array.from({ length: 5 }, () => 1.8 * random.uniform() - 0.9);
      const atoms = findAtoms(draws(random, values, 512), 4 * SLACK)!;
      const above = excess(atoms, 1, 256);
      worst = Math.max(worst, above.reduce((sum, x) => sum + x, 0) / 5);
    }
    expect(worst).toBeLessThan(0.2 * (2 / 254));
  });

  test('thresholds are the bins of the values, but not the last bin', () => {
    const bins = { origin: 0, width: 1, bins: 5 };
    const shares = [0.25, 0.25, 0.25, 0.25];
    expect(atomThresholds({ values: [0.9, 1.9, 1.95, 7], shares }, bins)).toEqual([0, 1]);
  });
});
