import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { binomialAtLeast } from '../../test/helpers/numeric.ts';
import { Random } from '../../test/helpers/random.ts';
import { chooseStake } from '../plan/choose-bounds.ts';
import { bettingUpperBound, type CountedMean } from './mean-bound.ts';

const seeds = fc.integer({ min: 1, max: 2 ** 31 });
const LOW = -1.3;
const HIGH = 0.8;

/** Counts values of [LOW, HIGH] in bins, each up to its level. */
function count(values: readonly number[], bins: number): CountedMean {
  const levels = Float64Array.from({ length: bins }, (_, j) => LOW + ((j + 1) * (HIGH - LOW)) / bins);
  levels[bins - 1] = HIGH;
  const counts = new Uint32Array(bins);
  for (const value of values) counts[levels.findIndex((level) => value <= level)]++;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, counts, samples: values.length, levels, low: LOW, slack: 0 };
}

/** The root of ln Π(1 + λ(m − T_i)) = ln(1/alpha) from the samples themselves. */
function exactBound(values: readonly number[], stake: number, alpha: number): number {
  const capital = (m: number): number =>
    values.reduce(
      (sum, value) => sum + (1 + stake * (m - value) > 0 ? Math.log(1 + stake * (m - value)) : -Infinity),
      0,
    );
  let [low, high] = [LOW, HIGH];
  if (capital(high) < Math.log(1 / alpha)) return HIGH;
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2;
    if (capital(middle) < Math.log(1 / alpha)) low = middle;
    else high = middle;
  }
  return high;
}

const clip = (x: number): number => Math.max(LOW, Math.min(HIGH, x));
/** Laws on [LOW, HIGH] with their means and variances. */
const LAWS: Record<string, { draw: (random: Random) => number; mean: number; variance: number }> = {
  'a fair coin at the ends': {
    draw: (random) => (random.uniform() < 0.5 ? LOW : HIGH),
    mean: (LOW + HIGH) / 2,
    variance: (HIGH - LOW) ** 2 / 4,
  },
  'a rare high value': {
    draw: (random) => (random.uniform() < 0.02 ? HIGH : -0.3),
    mean: -0.278,
    variance: 0.02 * 0.98 * 1.1 ** 2,
  },
  'a rare low value': {
    draw: (random) => (random.uniform() < 0.02 ? LOW : 0.1),
    mean: 0.072,
    variance: 0.02 * 0.98 * 1.4 ** 2,
  },
  uniform: { draw: (random) => -0.5 + random.uniform(), mean: 0, variance: 1 / 12 },
  normal: { draw: (random) => clip(0.1 * random.normal()), mean: 0, variance: 0.01 },
};

describe('the bound by a bet', () => {
  test('is at least that of the samples themselves, and near it with fine bins', () => {
    let bounded = 0;
    fc.assert(
      fc.property(
        seeds,
        fc.constantFrom(...Object.keys(LAWS)),
        fc.constantFrom(4, 64, 256),
        (seed, name, bins) => {
          const random = new Random(seed);
          const samples = 50 + random.integer(400);
          const values = Array.from({ length: samples }, () => LAWS[name].draw(random));
          const stake = (0.02 + 0.9 * random.uniform()) / (HIGH - LOW); // any stake is valid
          const exact = exactBound(values, stake, 0.05);
          const bound = bettingUpperBound(count(values, bins), stake, 0.05);
          expect(bound).toBeGreaterThanOrEqual(exact - 1e-9);
          expect(bound).toBeLessThanOrEqual(HIGH);
          if (bins === 256) expect(bound - exact).toBeLessThan(0.15 * (exact - count(values, 1).mean) + 1e-6);
          if (bound < HIGH) bounded++;
        },
      ),
      { seed: 1, numRuns: 200 },
    );
    expect(bounded).toBeGreaterThan(100);
  });

  test.each(Object.keys(LAWS))('fails no more often than alpha; a third of its width would: %s', (name) => {
    const { draw, mean, variance } = LAWS[name];
    const [samples, alpha, repetitions] = [200, 0.1, 2000];
    const stake = chooseStake({ mean, variance, high: HIGH }, samples, alpha);
    /** Runs in which the sample mean and a part of the bound's distance from it lie below the expectation. */
    const failures = (part: number): number => {
      const random = new Random(7);
      let found = 0;
      for (let repetition = 0; repetition < repetitions; repetition++) {
        const counted = count(
          Array.from({ length: samples }, () => draw(random)),
          64,
        );
        const distance = bettingUpperBound(counted, stake, alpha) - counted.mean;
        if (counted.mean + part * distance < mean) found++;
      }
      return found;
    };
    expect(binomialAtLeast(failures(1), repetitions, alpha)).toBeGreaterThan(1e-6);
    expect(binomialAtLeast(failures(0.3), repetitions, alpha)).toBeLessThan(1e-6);
  });

  test('is within 5% of √(2 ln(1/alpha)·variance/n) for many samples, whose error is 3.09 deviations at alpha = 0.001', () => {
    const random = new Random(3);
    const samples = 50_000;
    const values = Array.from({ length: samples }, () => clip(0.1 * random.normal()));
    const counted = count(values, 256);
    const stake = chooseStake({ mean: 0, variance: 0.01, high: HIGH }, samples, 0.001);
    const width = bettingUpperBound(counted, stake, 0.001) - counted.mean;
    const ideal = Math.sqrt((2 * Math.log(1000) * 0.01) / samples);
    expect(width).toBeGreaterThan(ideal);
    expect(width).toBeLessThan(1.05 * ideal);
  });

  test('of too few samples is the a-priori bound', () => {
    expect(bettingUpperBound(count([-1, -1, -1], 16), 0.2, 0.001)).toBe(HIGH);
  });

  test('stakes less where a single sample could lose all', () => {
    const law = { mean: -0.2, variance: 1e-6, high: HIGH };
    for (const samples of [5, 100, 1e5]) expect(chooseStake(law, samples, 0.01)).toBeLessThanOrEqual(0.5);
    expect(chooseStake(law, 1e5, 0.01)).toBeGreaterThan(chooseStake({ ...law, variance: 1 }, 1e5, 0.01));
  });
});
