import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import tables from './fixtures/bounds.json' with { type: 'json' };
import { binomialCdf, binomialUpperTail, clopperPearsonLower, clopperPearsonUpper } from './binomial.ts';

/** Largest relative errors allowed against the mpmath tables; measured: 3e-16 (after scaling) and 2.1e-15. */
const MAX_ERROR = { ends: 1e-15, interior: 1e-14 };

const relativeError = (got: number, want: number): number =>
  got === want ? 0 : Math.abs(got - want) / Math.abs(want);

/** P(X = k), k = 0…n, multiplied out; for small n. */
function naiveBinomial(n: number, p: number): number[] {
  const mass: number[] = [];
  let choose = 1;
  for (let k = 0; k <= n; k++) {
    mass.push(choose * p ** k * (1 - p) ** (n - k));
    choose = (choose * (n - k)) / (k + 1);
  }
  return mass;
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

describe('binomial tails', () => {
  it('equal direct summation', () => {
    for (const n of [1, 2, 7, 30]) {
      for (const p of [0, 1e-6, 0.1, 0.5, 0.77, 1 - 1e-6, 1]) {
        const mass = naiveBinomial(n, p);
        for (let k = 0; k <= n; k++) {
          expect(relativeError(binomialCdf(k, n, p), sum(mass.slice(0, k + 1)))).toBeLessThan(1e-9);
          expect(relativeError(binomialUpperTail(k, n, p), sum(mass.slice(k)))).toBeLessThan(1e-9);
        }
      }
    }
  });
});

describe('Clopper–Pearson bounds', () => {
  it('have the closed forms at 0 and n, for n up to 1e7', () => {
    let worst = 0;
    for (const [n, alpha, upper, lower] of tables.ends) {
      worst = Math.max(worst, relativeError(clopperPearsonUpper(0, n, alpha), upper));
      // α^{1/n} is exp of a number whose size multiplies the rounding: ln 1e-300 = −690.
      const scale = 1 + Math.abs(Math.log(alpha)) / n;
      worst = Math.max(worst, relativeError(clopperPearsonLower(n, n, alpha), lower) / scale);
      expect(clopperPearsonUpper(n, n, alpha)).toBe(1);
      expect(clopperPearsonLower(0, n, alpha)).toBe(0);
    }
    expect(worst).toBeLessThan(MAX_ERROR.ends);
  });

  it('agree with mpmath between', () => {
    let worst = 0;
    for (const [k, n, alpha, lower, upper] of tables.interior) {
      worst = Math.max(worst, relativeError(clopperPearsonLower(k, n, alpha), lower));
      worst = Math.max(worst, relativeError(clopperPearsonUpper(k, n, alpha), upper));
    }
    expect(worst).toBeLessThan(MAX_ERROR.interior);
  });

  it('cover the truth with probability ≥ 1 − alpha, computed exactly', () => {
    for (const alpha of [0.3, 0.05, 0.001]) {
      for (const n of [1, 2, 3, 5, 8, 13, 21]) {
        const uppers = Array.from({ length: n + 1 }, (_, k) => clopperPearsonUpper(k, n, alpha));
        const lowers = Array.from({ length: n + 1 }, (_, k) => clopperPearsonLower(k, n, alpha));
        for (let i = 0; i <= 200; i++) {
          const p = i / 200;
          const mass = naiveBinomial(n, p);
          const missAbove = sum(mass.filter((_, k) => uppers[k] < p));
          const missBelow = sum(mass.filter((_, k) => lowers[k] > p));
          expect(missAbove).toBeLessThanOrEqual(alpha * (1 + 1e-12));
          expect(missBelow).toBeLessThanOrEqual(alpha * (1 + 1e-12));
        }
      }
    }
  });

  it('are as short as that allows: at the bound the tail is alpha', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: -9, max: -0.1, noNaN: true }),
        (n, share, exponent) => {
          const k = Math.round(share * n);
          const alpha = 10 ** exponent;
          const upper = clopperPearsonUpper(k, n, alpha);
          const lower = clopperPearsonLower(k, n, alpha);
          // Rounding the bound by 2e-16 moves ln P(X ≤ k) by at most n·2e-16/(1 − bound), ln P(X ≥ k) by n·2e-16.
          if (upper < 1) {
            const rounding = (2.3e-16 * n) / (1 - upper);
            expect(relativeError(binomialCdf(k, n, upper), alpha)).toBeLessThan(1e-12 + rounding);
          }
          if (k > 0) {
            expect(relativeError(binomialUpperTail(k, n, lower), alpha)).toBeLessThan(1e-12 + 2.3e-16 * n);
          }
          expect(Math.abs(upper + clopperPearsonLower(n - k, n, alpha) - 1)).toBeLessThan(3e-16);
          if (alpha < 0.5) {
            expect(lower).toBeLessThanOrEqual(k / n);
            expect(upper).toBeGreaterThanOrEqual(k / n);
          }
        },
      ),
      { seed: 4, numRuns: 1000 },
    );
  });

  it('increase with the successes and tighten with alpha', () => {
    for (let k = 0; k < 50; k++) {
      expect(clopperPearsonUpper(k + 1, 50, 0.01)).toBeGreaterThan(clopperPearsonUpper(k, 50, 0.01));
      expect(clopperPearsonLower(k + 1, 50, 0.01)).toBeGreaterThan(clopperPearsonLower(k, 50, 0.01));
      expect(clopperPearsonUpper(k, 50, 0.1)).toBeLessThan(clopperPearsonUpper(k, 50, 0.01));
    }
  });

  it('refuse impossible counts and alphas', () => {
    for (const call of [clopperPearsonUpper, clopperPearsonLower]) {
      expect(() => call(5, 4, 0.1)).toThrow(/CERTIFICATE_INPUT.*successes, samples/);
      expect(() => call(-1, 4, 0.1)).toThrow(/CERTIFICATE_INPUT/);
      expect(() => call(0, 0, 0.1)).toThrow(/CERTIFICATE_INPUT/);
      expect(() => call(1.5, 4, 0.1)).toThrow(/CERTIFICATE_INPUT/);
      for (const alpha of [0, 1, -1, NaN]) expect(() => call(1, 4, alpha)).toThrow(/CERTIFICATE_INPUT/);
    }
    expect(() => binomialCdf(1, 2, 1.1)).toThrow(/CERTIFICATE_INPUT/);
    expect(() => binomialUpperTail(3, 2, 0.1)).toThrow(/CERTIFICATE_INPUT/);
  });
});
