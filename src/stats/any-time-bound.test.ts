import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import tables from './fixtures/mixture.json' with { type: 'json' };
import { anyTimeUpper, logMixtureRatio, type MixturePrior, mixtureThreshold } from './any-time-bound.ts';

const PRIORS: MixturePrior[] = [
  { a: 0.5, b: 0.5 },
  { a: 1, b: 1 },
  { a: 1 / 64, b: 1 / 64 },
  { a: 3, b: 0.25 },
  { a: 64, b: 0.5 },
];
const ALPHAS = [0.5, 0.1, 0.001, 1e-9, 1e-300];

/** A fraction of whole numbers. */
type Fraction = readonly [bigint, bigint];

const greatestDivisor = (m: bigint, n: bigint): bigint => (n === 0n ? m : greatestDivisor(n, m % n));

function reduced(m: bigint, n: bigint): Fraction {
  const common = greatestDivisor(m < 0n ? -m : m, n);
  return [m / common, n / common];
}
const add = ([m, n]: Fraction, [k, l]: Fraction): Fraction => reduced(m * l + k * n, n * l);
const multiply = ([m, n]: Fraction, [k, l]: Fraction): Fraction => reduced(m * k, n * l);
const toNumber = ([m, n]: Fraction): number => Number((m << 120n) / n) / 2 ** 120;

/** W of a uniform mixture, exactly, for q = m/n: ∫_0^q p^S (1−p)^F dp expanded in powers of p, over q·q^S (1−q)^F. */
function exactRatio(m: bigint, n: bigint, losses: number, samples: number): Fraction {
  let integral: Fraction = [0n, 1n];
  let binomial = 1n;
  for (let j = 0; j <= samples - losses; j++) {
    const power = BigInt(losses + j + 1);
    const sign = j % 2 === 0 ? 1n : -1n;
    integral = add(integral, [sign * binomial * m ** power, n ** power * power]);
    binomial = (binomial * BigInt(samples - losses - j)) / BigInt(j + 1);
  }
  const [lost, won] = [BigInt(losses), BigInt(samples - losses)];
  return multiply(integral, [n ** (lost + won + 1n), m ** (lost + 1n) * (n - m) ** won]);
}

describe('the likelihood ratio of a mixture', () => {
  it('agrees with quadrature in 40 digits, for up to 1e9 samples, within the stated error', () => {
    for (const [q, losses, samples, a, b, expected] of tables.ratios) {
      const error = Math.abs(logMixtureRatio(q, losses, samples, { a, b }) - expected);
      // the points of the table are float64, so q has no error; measured: 0.04 of this
      expect(error).toBeLessThan(0.3 * (1e-12 + 1e-14 * Math.abs(expected)));
    }
  });

  it('is a martingale at p = q, in whole numbers, and agrees with them', () => {
    for (const [m, n] of [
      [1n, 64n],
      [5n, 16n],
      [7n, 8n],
    ]) {
      const q = Number(m) / Number(n);
      for (let samples = 0; samples <= 9; samples++) {
        for (let losses = 0; losses <= samples; losses++) {
          const now = exactRatio(m, n, losses, samples);
          const lost = multiply([m, n], exactRatio(m, n, losses + 1, samples + 1));
          const won = multiply([n - m, n], exactRatio(m, n, losses, samples + 1));
          expect(add(lost, won)).toEqual(now);
          const found = logMixtureRatio(q, losses, samples, { a: 1, b: 1 });
          expect(found).toBeCloseTo(Math.log(toNumber(now)), 12);
        }
      }
    }
  });

  it('has the mean 1 over the binomial tree at p = q, and at most 1 for p > q', () => {
    for (const prior of PRIORS) {
      for (const q of [0.003, 0.3, 0.95]) {
        for (const samples of [1, 5, 30]) {
          const meanAt = (p: number): number => {
            let mean = 0;
            let logBinomial = 0;
            for (let losses = 0; losses <= samples; losses++) {
              const logWeight = logBinomial + losses * Math.log(p) + (samples - losses) * Math.log1p(-p);
              mean += Math.exp(logWeight + logMixtureRatio(q, losses, samples, prior));
              logBinomial += Math.log((samples - losses) / (losses + 1));
            }
            return mean;
          };
          expect(meanAt(q)).toBeCloseTo(1, 11);
          for (const t of [0.01, 0.3, 0.9]) expect(meanAt(q + t * (1 - q))).toBeLessThan(1);
        }
      }
    }
  });

  it('passes 1/alpha at some time with a probability of at most alpha, over the whole tree', () => {
    for (const [q, alpha] of [
      [0.5, 0.1],
      [0.3, 0.1],
      [0.067, 0.001],
      [0.02, 0.3],
    ]) {
      // the probability of each count among the paths that have not passed yet
      let alive = Float64Array.of(1);
      let passed = 0;
      let critical = 0;
      for (let samples = 1; samples <= 400; samples++) {
        const next = new Float64Array(samples + 1);
        for (const [losses, chance] of alive.entries()) {
          next[losses] += chance * (1 - q);
          next[losses + 1] += chance * q;
        }
        // the least count that does not pass; it never falls
        while (anyTimeUpper(critical, samples, alpha) <= q) critical++;
        for (let losses = 0; losses < critical; losses++) passed += next[losses];
        next.fill(0, 0, critical);
        alive = next;
      }
      expect(passed).toBeLessThanOrEqual(alpha);
      expect(passed).toBeGreaterThan(0.2 * alpha);
    }
  });

  const prior = fc.constantFrom(...PRIORS);
  const sizes = fc.double({ min: 0, max: 9, noNaN: true }).map((e) => Math.floor(10 ** e));
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const logOdds = fc.double({ min: -27, max: 27, noNaN: true });
  const counts = fc
    .tuple(sizes, share, fc.boolean())
    .map(([samples, part, few]) => ({ samples, losses: Math.floor((few ? part ** 9 : part) * samples) }));

  it('rises with q and falls with the losses', () => {
    fc.assert(
      fc.property(prior, counts, logOdds, logOdds, (beta, { samples, losses }, s, t) => {
        const q = 1 / (1 + Math.exp(-Math.min(s, t)));
        const more = 1 / (1 + Math.exp(-Math.max(s, t)));
        const low = logMixtureRatio(q, losses, samples, beta);
        const rounding = 2e-12 + 2e-14 * Math.abs(low);
        expect(logMixtureRatio(more, losses, samples, beta)).toBeGreaterThanOrEqual(low - rounding);
        if (losses < samples)
          expect(logMixtureRatio(q, losses + 1, samples, beta)).toBeLessThanOrEqual(low + rounding);
      }),
      { seed: 1, numRuns: 3000 },
    );
  });

  it('rises with q also between neighbouring points, where the losses are many or few', () => {
    for (const beta of PRIORS) {
      for (const [losses, samples] of [
        [0, 1],
        [1, 1],
        [1, 2],
        [20, 20],
        [19, 20],
        [3, 20],
        [0, 20],
      ]) {
        let before = -Infinity;
        let fall = 0;
        for (let theta = -27; theta <= 27; theta += 0.02) {
          const now = logMixtureRatio(1 / (1 + Math.exp(-theta)), losses, samples, beta);
          fall = Math.max(fall, (before - now) / (1 + Math.abs(now)));
          before = now;
        }
        expect(fall).toBeLessThan(1e-13);
      }
    }
  });

  it('gives an upper bound that rises with the losses and falls with alpha', () => {
    fc.assert(
      fc.property(prior, counts, fc.constantFrom(...ALPHAS), (beta, { samples, losses }, alpha) => {
        const upper = anyTimeUpper(losses, samples, alpha, beta);
        expect(upper).toBeGreaterThanOrEqual(losses / Math.max(1, samples));
        expect(upper).toBeLessThanOrEqual(1);
        expect(anyTimeUpper(losses, samples, alpha / 2, beta)).toBeGreaterThanOrEqual(upper);
        // a rounding of 1e-12 of it may hide the difference of one loss
        const more = anyTimeUpper(Math.min(samples, losses + 1), samples, alpha, beta);
        expect(more).toBeGreaterThanOrEqual(upper * (1 - 1e-11));
      }),
      { seed: 2, numRuns: 500 },
    );
  });
});

describe('the upper bound at any time', () => {
  it('is the root in 40 digits, rounded upwards and by little', () => {
    for (const [losses, samples, alpha, a, b, root, complement] of tables.roots) {
      const upper = anyTimeUpper(losses, samples, alpha, { a, b });
      expect(upper).toBeGreaterThanOrEqual(root);
      expect(1 - upper).toBeLessThanOrEqual(complement);
      expect(upper).toBeLessThanOrEqual(root * (1 + 3e-9));
    }
  });

  it('passes with a slack above ln(1/alpha), even what is 1e-13 below it', () => {
    for (const alpha of ALPHAS) {
      expect(mixtureThreshold(alpha)).toBeGreaterThan(-Math.log(alpha) + 0.99e-9);
      for (const samples of [1, 10, 37, 100, 1000, 12_345, 1e6, 1e8, 1e9]) {
        for (const share of [0, 0.001, 0.03, 0.2, 0.5, 0.9]) {
          const losses = Math.floor(share * samples);
          const upper = anyTimeUpper(losses, samples, alpha);
          if (upper === 1) continue;
          const least = upper / (1 + 0.9e-13);
          expect(logMixtureRatio(least, losses, samples)).toBeGreaterThanOrEqual(mixtureThreshold(alpha));
        }
      }
    }
  });

  it('is 1 where nothing is known or everything was lost', () => {
    for (const samples of [0, 1, 1000, 1e9]) expect(anyTimeUpper(samples, samples, 0.1)).toBe(1);
    expect(anyTimeUpper(1, 2, 1e-300)).toBe(1);
    expect(anyTimeUpper(0, 1, 5e-324)).toBeLessThanOrEqual(1);
  });

  it('refuses impossible arguments', () => {
    const refused: (() => unknown)[] = [
      () => logMixtureRatio(0, 0, 1),
      () => logMixtureRatio(1, 0, 1),
      () => logMixtureRatio(NaN, 0, 1),
      () => logMixtureRatio(0.5, 2, 1),
      () => logMixtureRatio(0.5, -1, 1),
      () => logMixtureRatio(0.5, 0.5, 1),
      () => logMixtureRatio(0.5, 0, 1e9 + 1),
      () => anyTimeUpper(2, 1, 0.1),
      () => anyTimeUpper(0, NaN, 0.1),
      () => anyTimeUpper(0, 1, 0),
      () => anyTimeUpper(0, 1, 1),
      () => anyTimeUpper(1, 1, NaN),
      () => mixtureThreshold(0),
    ];
    for (const b of [0, -1, 65 / 64, 2, 0.3, NaN]) {
      refused.push(() => logMixtureRatio(0.5, 0, 1, { a: 0.5, b }));
      refused.push(() => anyTimeUpper(1, 1, 0.1, { a: 0.5, b }));
    }
    for (const a of [0, -1, 65, 0.3, NaN]) refused.push(() => anyTimeUpper(0, 1, 0.1, { a, b: 0.5 }));
    for (const call of refused) expect(call).toThrow(/CERTIFICATE_INPUT/);
  });
});
