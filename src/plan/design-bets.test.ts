import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { slowNormalCdf, slowNormalQuantile } from '../../test/helpers/numeric.ts';
import { Random } from '../../test/helpers/random.ts';
import { distributionRadius, RadiusBet, testRadii as testBets } from '../certify/index.ts';
import {
  betOnRadii,
  designBet,
  type DesignOptions,
  expectedRadius,
  type ExpectedLaw,
  radiiToTest,
} from './design-bets.ts';

const seeds = fc.integer({ min: 1, max: 2 ** 31 });
const shifts = fc.double({ min: 0.01, max: 3, noNaN: true });

/** The bet designed for a radius of sigma = 1: its logarithm at each level, and the growth that it promises. */
function designed(expected: ExpectedLaw, shift: number, options?: DesignOptions) {
  const { bet, growth } = designBet(expected, shift, options);
  return { logBet: bet.gap.map((gap) => Math.log(Math.max(0, 1 + bet.stake * gap))), growth };
}

/** The radius that the bets designed for an expected law certify. */
const testRadii = (
  expected: ExpectedLaw,
  counts: ArrayLike<number>,
  radii: readonly number[],
  alpha: number,
  sigma: number,
  rate = 0,
  stopAt?: number,
) => testBets(betOnRadii(expected, radii, rate), expected.levels, counts, { alpha, sigma, stopAt });

/** Ascending levels around 0, the last far above the others as an a-priori bound is. */
function randomLevels(random: Random): Float64Array {
  const size = 3 + random.integer(12);
  const levels = Array.from({ length: size }, () => 2 * random.uniform() - 1.2).sort((x, y) => x - y);
  levels[size - 1] = levels[size - 2] + 0.05 + 2 * random.uniform();
  return Float64Array.from(levels);
}

/** A law of even or very uneven shares, none far below `floor`. */
function randomLaw(random: Random, size: number, floor = 1e-9): Float64Array {
  const flat = random.uniform() < 0.5;
  const law = Float64Array.from(
    { length: size },
    () => (flat ? random.uniform() : random.uniform() ** 6) + floor,
  );
  const total = law.reduce((sum, x) => sum + x, 0);
  return law.map((x) => x / total);
}

function tails(law: ArrayLike<number>): number[] {
  const tail: number[] = [];
  let sum = 0;
  for (let j = law.length - 1; j >= 0; j--) tail[j] = sum += law[j];
  return tail;
}

/** θ_r(F), summed as it is written. */
function theta(levels: ArrayLike<number>, law: ArrayLike<number>, shift: number): number {
  const tail = tails(law);
  let sum = levels[0];
  for (let j = 1; j < levels.length; j++) {
    const p = tail[j];
    const moved = p <= 0 ? 0 : p >= 1 ? 1 : slowNormalCdf(slowNormalQuantile(p) + shift);
    sum += (levels[j] - levels[j - 1]) * moved;
  }
  return sum;
}

/** sup{ r : θ_r(F) < 0 } by the plain certificate with exact tails. */
function ceiling(levels: ArrayLike<number>, law: ArrayLike<number>, sigma: number): number {
  const values = Array.from(levels);
  const exceedance = tails(law)
    .slice(1)
    .map((share) => Math.min(1, share));
  return distributionRadius(
    { thresholds: values.slice(0, -1), exceedance, low: values[0], high: values[values.length - 1] },
    0,
    sigma,
  );
}

const expectedBet = (logBet: Float64Array, law: ArrayLike<number>): number =>
  logBet.reduce((sum, log, j) => sum + law[j] * Math.exp(log), 0);

describe('the test of one radius', () => {
  test('no law with θ_r(F) ≥ 0 gains by the bet, whatever law was expected', () => {
    let meaningful = 0;
    let nearOne = 0;
    fc.assert(
      fc.property(seeds, shifts, fc.boolean(), (seed, shift, warm) => {
        const random = new Random(seed);
        const levels = randomLevels(random);
        const size = levels.length;
        const expected = { levels, law: randomLaw(random, size) };
        // any reference tail is valid, even nonsense
        const reference = warm ? Float64Array.from({ length: size }, () => random.uniform()) : undefined;
        const rate = random.uniform() < 0.5 ? 0 : 10 ** (-5 + 4 * random.uniform());
        const { logBet, growth } = designed(expected, shift, {
          warm: reference,
          iterations: 1 + random.integer(6),
          rate,
        });
        if (growth > 0 || logBet.some((log) => log > 0)) meaningful++;
        for (let trial = 0; trial < 3; trial++) {
          // from a random law, the mixture with the top level at which θ is just 0: the hardest of its line
          const law = randomLaw(random, size);
          const mixed = (share: number): Float64Array =>
            law.map((x, j) => (1 - share) * x + (j === size - 1 ? share : 0));
          let low = 0;
          let high = 1;
          if (theta(levels, law, shift) >= 0) high = 0;
          else if (levels[size - 1] < 0)
            continue; // never ≥ 0
          else
            for (let round = 0; round < 30; round++) {
              const middle = (low + high) / 2;
              if (theta(levels, mixed(middle), shift) >= 0) high = middle;
              else low = middle;
            }
          const worst = mixed(high);
          expect(theta(levels, worst, shift)).toBeGreaterThanOrEqual(0);
          const mean = expectedBet(logBet, worst);
          expect(mean).toBeLessThanOrEqual(1 + 1e-9);
          if (logBet.some((log) => log > 1e-6) && mean > 0.9) nearOne++;
        }
      }),
      { seed: 1, numRuns: 60 },
    );
    expect(meaningful).toBeGreaterThan(20);
    expect(nearOne).toBeGreaterThan(5); // the inequality is used to its end
  });

  test('grows under the expected law as fast as it says, never if that law fails itself', () => {
    fc.assert(
      fc.property(seeds, shifts, (seed, shift) => {
        const random = new Random(seed);
        const levels = randomLevels(random);
        const law = randomLaw(random, levels.length);
        const { logBet, growth } = designed({ levels, law }, shift);
        if (growth > 0) {
          expect(growth).toBeCloseTo(
            law.reduce((sum, p, j) => sum + p * logBet[j], 0),
            12,
          );
          expect(theta(levels, law, shift)).toBeLessThan(0);
        }
        if (theta(levels, law, shift) >= 0) expect(growth).toBeLessThanOrEqual(1e-12);
      }),
      { seed: 2, numRuns: 150 },
    );
  });

  test('is the likelihood ratio for two levels: a coin', () => {
    // θ_r(F) < 0 exactly when P(top) < q, and the best bet is that of a coin of bias p against one of bias q
    const levels = Float64Array.of(-1, 3);
    const p = 0.02;
    for (const shift of [0.3, 1]) {
      const q = slowNormalCdf(slowNormalQuantile(0.25) - shift);
      const { logBet, growth } = designed({ levels, law: Float64Array.of(1 - p, p) }, shift, {
        iterations: 40,
      });
      expect(logBet[0]).toBeCloseTo(Math.log((1 - p) / (1 - q)), 5);
      expect(logBet[1]).toBeCloseTo(Math.log(p / q), 4);
      expect(growth).toBeCloseTo(p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q)), 6);
    }
  });
});

describe('the tested radius', () => {
  test('is never above the plain ceiling of the counts themselves', () => {
    let positive = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        const levels = randomLevels(random);
        const size = levels.length;
        const expected = { levels, law: randomLaw(random, size) };
        // counts of the law expected, or of any other
        const law = random.uniform() < 0.5 ? expected.law : randomLaw(random, size);
        const counts = law.map((x) => Math.round(x * 10 ** (2 + random.integer(4))));
        const total = counts.reduce((sum, x) => sum + x, 0);
        fc.pre(total > 0);
        const sigma = 0.4;
        const limit = ceiling(
          levels,
          counts.map((x) => x / total),
          sigma,
        );
        fc.pre(limit < 20); // else hardly any law on these levels fails
        const radii = Array.from({ length: 40 }, (_, i) => 0.05 * (i + 1) * (limit > 0 ? limit : sigma));
        const rate = random.uniform() < 0.5 ? 0 : (2 * random.uniform()) / total;
        const { radius } = testRadii(expected, counts, radii, 0.3, sigma, rate);
        expect(radius).toBeLessThanOrEqual(limit + 1e-9);
        if (radius > 0) positive++;
      }),
      { seed: 3, numRuns: 200 },
    );
    expect(positive).toBeGreaterThan(30);
  });

  test('reaches 95% of the ceiling for n = 1e7 samples of the expected law', () => {
    let certified = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        const levels = randomLevels(random);
        const law = randomLaw(random, levels.length, 1e-4); // expected laws have such floors
        const sigma = 0.25;
        const limit = ceiling(levels, law, sigma);
        fc.pre(limit > 0.1 * sigma && limit < 6 * sigma);
        const counts = law.map((x) => Math.round(x * 1e7));
        const radii = Array.from({ length: 100 }, (_, i) => 0.01 * (i + 1) * limit);
        const { radius } = testRadii({ levels, law }, counts, radii, 0.001, sigma);
        expect(radius).toBeGreaterThanOrEqual(0.95 * limit);
        expect(radius).toBeLessThanOrEqual(limit);
        certified++;
      }),
      { seed: 4, numRuns: 60 },
    );
    expect(certified).toBeGreaterThanOrEqual(60);
  });

  test('of a law that was misjudged: bets sized for n reach 96% of the ceiling, log-optimal ones much less', () => {
    // as many samples as leave an error of one or two percent, and an expected law as 512 samples give it
    const samples = 100_000;
    const levels = Float64Array.from({ length: 21 }, (_, j) => -0.5 + 0.08 * j);
    const random = new Random(8);
    const shape = Array.from(levels, (u) => Math.exp(-(((u + 0.3) / 0.2) ** 2) / 2) + 1e-4);
    const total = shape.reduce((sum, x) => sum + x, 0);
    const law = Float64Array.from(shape, (x) => x / total);
    const counts = law.map((p) => Math.round(p * samples));
    const limit = ceiling(levels, law, 1);
    const radii = Array.from({ length: 300 }, (_, i) => 0.004 * (i + 1) * limit);
    const reached = { sized: 0, optimal: 0 };
    for (let trial = 0; trial < 20; trial++) {
      const seen = law.map(() => 1e-4);
      for (let i = 0; i < 512; i++) {
        let u = random.uniform();
        let j = 0;
        while (j < law.length - 1 && u > law[j]) u -= law[j++];
        seen[j] += 1 / 512;
      }
      const sum = seen.reduce((x, y) => x + y, 0);
      const expected = { levels, law: seen.map((x) => x / sum) };
      const rate = (1.2 * Math.log(1000)) / samples;
      reached.sized += testRadii(expected, counts, radii, 0.001, 1, rate).radius / limit / 20;
      reached.optimal += testRadii(expected, counts, radii, 0.001, 1).radius / limit / 20;
    }
    expect(reached.sized).toBeGreaterThan(0.96);
    expect(reached.sized).toBeLessThan(1);
    expect(reached.optimal).toBeLessThan(reached.sized - 0.02);
  });

  test('grows with n and alpha, and stops where it is told', () => {
    const levels = Float64Array.from({ length: 9 }, (_, j) => -0.5 + 0.2 * j);
    const law = Float64Array.of(0.1, 0.4, 0.3, 0.1, 0.08, 0.015, 0.003, 0.0015, 0.0005);
    const radii = Array.from({ length: 200 }, (_, i) => 0.01 * (i + 1));
    const at = (samples: number, alpha: number, stopAt?: number): number =>
      testRadii(
        { levels, law },
        law.map((p) => p * samples),
        radii,
        alpha,
        1,
        0,
        stopAt,
      ).radius;
    expect(at(300, 0.01)).toBeLessThan(at(3000, 0.01));
    expect(at(3000, 0.01)).toBeLessThan(at(30_000, 0.01));
    expect(at(300, 0.001)).toBeLessThan(at(300, 0.1));
    expect(at(30_000, 0.01)).toBeGreaterThan(0.31);
    expect(at(30_000, 0.01, 0.3)).toBe(radii.find((r) => r >= 0.3));
    expect(at(3, 0.01)).toBe(0);
  });

  test('is 0 when the first radius fails, with the product that tells how many samples are missing', () => {
    const levels = Float64Array.of(-1, 3);
    const law = Float64Array.of(0.98, 0.02);
    const counts = (n: number): Float64Array => law.map((p) => p * n);
    const radii = [0.2, 0.4];
    const few = testRadii({ levels, law }, counts(10), radii, 1e-3, 1);
    expect(few.radius).toBe(0);
    const needed = (10 * Math.log(1e3)) / few.firstLogProduct;
    expect(testRadii({ levels, law }, counts(1.01 * needed), radii, 1e-3, 1).radius).toBeGreaterThanOrEqual(
      0.2,
    );
    expect(testRadii({ levels, law }, counts(0.99 * needed), radii, 1e-3, 1).radius).toBe(0);
  });

  test('the expected radius is what those samples then certify', () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom(200, 5000), (seed, samples) => {
        const random = new Random(seed);
        const levels = randomLevels(random);
        const law = randomLaw(random, levels.length, 1 / samples);
        const radius = expectedRadius({ levels, law }, samples, 0.01, 0.5);
        fc.pre(radius > 0.25 && radius < 5);
        const counts = law.map((p) => p * samples);
        expect(testRadii({ levels, law }, counts, [0.9 * radius], 0.01, 0.5).radius).toBeGreaterThan(0);
        expect(testRadii({ levels, law }, counts, [1.2 * radius], 0.01, 0.5).radius).toBe(0);
      }),
      { seed: 5, numRuns: 60 },
    );
  });

  test('the radii to test ascend and surround the one expected', () => {
    for (const expected of [0, 0.37]) {
      const radii = radiiToTest(expected, 0.5);
      expect([...radii].sort((x, y) => x - y)).toEqual(radii);
      expect(radii[0]).toBeGreaterThan(0);
      expect(radii[0]).toBeLessThan(0.05);
      expect(radii[radii.length - 1]).toBeGreaterThan(1);
    }
    expect(radiiToTest(0.37, 0.5)).toContain(0.37);
  });
});

test('no stake beyond the one that keeps a bet fair, and no radii that do not ascend', () => {
  const levels = Float64Array.of(-1, 3);
  const bet = RadiusBet.at(levels, Float64Array.of(1, 0.02), 0.3, 1);
  expect(bet.staked(bet.most).stake).toBe(bet.most);
  for (const stake of [1.001 * bet.most, -1e-9, Number.NaN, Infinity])
    expect(() => bet.staked(stake)).toThrow(/CERTIFICATE_INPUT/);
  for (const [radius, sigma] of [
    [0, 1],
    [1, 0],
    [Number.NaN, 1],
  ])
    expect(() => RadiusBet.at(levels, Float64Array.of(1, 0.02), radius, sigma)).toThrow(/CERTIFICATE_INPUT/);
  const law = Float64Array.of(0.999, 0.001);
  expect(() => testRadii({ levels, law }, [1e4, 0], [0.2, 0.1], 0.01, 1)).toThrow(/ascending/);
});
