import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rootOf, slowNormalCdf, slowNormalQuantile, slowUpperBound } from '../../test/helpers/numeric.ts';
import { Random } from '../../test/helpers/random.ts';
import {
  distributionBound,
  distributionRadius,
  exceedanceBounds,
  exceedancesOf,
  shiftedShare,
  tailBoundsOf,
  type TailBounds,
} from './distribution.ts';
import { scalarMeanBound } from './lipschitz.ts';

const seeds = fc.integer({ min: 1, max: 2 ** 31 });

/** Thresholds in [low, high] with falling tails. */
function randomLaw(seed: number): TailBounds {
  const random = new Random(seed);
  const size = 1 + random.integer(8);
  const sorted = (count: number): number[] =>
    Array.from({ length: count }, () => random.uniform()).sort((x, y) => x - y);
  return {
    thresholds: sorted(size).map((x) => 2 * x - 1),
    exceedance: sorted(size).reverse(),
    low: -1,
    high: 1.2,
  };
}

describe('the bound of the moved mean', () => {
  test('is lo + ∫ Φ(Φ⁻¹(P̄(t)) + r/σ) dt', () => {
    fc.assert(
      fc.property(seeds, fc.double({ min: 0, max: 2, noNaN: true }), (seed, shift) => {
        const law = randomLaw(seed);
        const points = [law.low, ...Array.from(law.thresholds), law.high];
        let integral = law.low;
        for (let j = 0; j + 1 < points.length; j++) {
          const share = j === 0 ? 1 : law.exceedance[j - 1];
          const moved = j === 0 ? 1 : slowNormalCdf(slowNormalQuantile(share) + shift);
          integral += (points[j + 1] - points[j]) * moved;
        }
        expect(distributionBound(law, shift * 0.4, 0.4)).toBeCloseTo(integral, 8);
      }),
      { seed: 4, numRuns: 60 },
    );
  });

  test('grows with the radius, and a needlessly large tail at a high threshold is ignored', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const law = randomLaw(seed);
        let last = -Infinity;
        for (const radius of [0, 0.1, 0.5, 1, 3]) {
          const bound = distributionBound(law, radius, 1);
          expect(bound).toBeGreaterThan(last);
          last = bound;
        }
        const exceedance = Array.from(law.exceedance);
        const repaired = distributionBound(law, 0.3, 1);
        const top = exceedance.length - 1;
        if (top > 0) {
          exceedance[top] = 1;
          const cut = {
            ...law,
            thresholds: Array.from(law.thresholds).slice(0, top),
            exceedance: exceedance.slice(0, top),
          };
          expect(distributionBound({ ...law, exceedance }, 0.3, 1)).toBeCloseTo(
            distributionBound(cut, 0.3, 1),
            12,
          );
          expect(distributionBound(cut, 0.3, 1)).toBeGreaterThanOrEqual(repaired);
        }
      }),
      { seed: 5 },
    );
  });

  test('is tight for a staircase of one direction', () => {
    // s rises by `heights` at `places`: moving along the direction moves every exceedance by the full r/σ
    fc.assert(
      fc.property(seeds, fc.double({ min: 0, max: 2, noNaN: true }), (seed, shift) => {
        const random = new Random(seed);
        const places = Array.from({ length: 5 }, () => random.normal()).sort((x, y) => x - y);
        const heights = places.map(() => 0.05 + random.uniform());
        const thresholds: number[] = [];
        let level = -1;
        for (const height of heights) {
          thresholds.push(level);
          level += height;
        }
        const exceedance = places.map((place) => slowNormalCdf(-place));
        const moved =
          -1 + heights.reduce((sum, height, j) => sum + height * slowNormalCdf(shift - places[j]), 0);
        const law = { thresholds, exceedance, low: -1, high: level };
        expect(distributionBound(law, shift, 1)).toBeCloseTo(moved, 9);
      }),
      { seed: 6, numRuns: 50 },
    );
  });

  test('never exceeds the bound from the mean alone', () => {
    fc.assert(
      fc.property(seeds, fc.double({ min: 0, max: 2, noNaN: true }), (seed, shift) => {
        const law = { ...randomLaw(seed), high: 1 };
        const mean = distributionBound(law, 0, 1);
        expect(distributionBound(law, shift, 1)).toBeLessThanOrEqual(scalarMeanBound(mean, shift, 1) + 1e-12);
      }),
      { seed: 7 },
    );
  });

  test('shifted shares', () => {
    expect(shiftedShare(0, 3)).toBe(0);
    expect(shiftedShare(1, -3)).toBe(1);
    expect(shiftedShare(0.3, 0.7)).toBeCloseTo(slowNormalCdf(slowNormalQuantile(0.3) + 0.7), 10);
  });
});

describe('the radius', () => {
  test('is where the bound meets the level', () => {
    fc.assert(
      fc.property(seeds, fc.double({ min: -1, max: 1.1, noNaN: true }), (seed, level) => {
        const law = randomLaw(seed);
        const sigma = 0.3;
        const radius = distributionRadius(law, level, sigma);
        if (distributionBound(law, 0, sigma) >= level) expect(radius).toBe(0);
        else {
          const slow = rootOf((r) => distributionBound(law, r, sigma) - level, 0, 20);
          expect(Math.abs(radius - slow)).toBeLessThan(1e-11);
          expect(distributionBound(law, radius, sigma)).toBeLessThan(level);
        }
      }),
      { seed: 8 },
    );
  });

  test('of a half-space is exact', () => {
    // s = ±1: the answer changes where P(s = 1) reaches (1 + level)/2
    const share = 0.1;
    const law = { thresholds: [-1], exceedance: [share], low: -1, high: 1 };
    const truth = slowNormalQuantile(0.6) - slowNormalQuantile(share);
    expect(distributionRadius(law, 0.2, 1)).toBeCloseTo(truth, 9);
  });

  test('of a level above all values is unbounded', () => {
    expect(
      distributionRadius({ thresholds: [0], exceedance: [0.5], low: -1, high: 1 }, 2, 1),
    ).toBeGreaterThan(100);
  });
});

test('exceedance bounds are Clopper–Pearson with alpha split evenly', () => {
  const counts = [200, 37, 3, 0];
  const bounds = exceedanceBounds(counts, 200, 0.02);
  for (const [j, count] of counts.entries())
    expect(bounds[j]).toBeCloseTo(slowUpperBound(count, 200, 0.005), 9);
});

test('the plain form from a histogram bounds what was counted above each threshold', () => {
  const histogram = Uint32Array.of(50, 30, 0, 15, 5, 0);
  const levels = Float64Array.of(-0.6, -0.3, 0, 0.3, 0.6, 0.9);
  expect(exceedancesOf(histogram, [0, 2, 4])).toEqual([50, 20, 0]);
  const tails = tailBoundsOf({ levels, low: -1, thresholds: [0, 2, 4] }, histogram, 100, {
    alpha: 0.03,
    eta: 1e-4,
  });
  expect(tails).toMatchObject({ thresholds: [-0.6, 0, 0.6], low: -1, high: 0.9 });
  for (const [j, count] of [50, 20, 0].entries())
    expect(tails.exceedance[j]).toBeCloseTo(slowUpperBound(count, 100, 0.01) + 1e-4, 9);
});
