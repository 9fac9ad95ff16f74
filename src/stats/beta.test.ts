import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import tables from './fixtures/beta.json' with { type: 'json' };
import { regularizedBeta, regularizedBetaUpper } from './beta.ts';
import { inverseRegularizedBeta, inverseRegularizedBetaUpper } from './beta-inverse.ts';

/** Largest relative errors allowed against the mpmath tables; measured: 2.3e-13 and 4e-14. */
const MAX_ERROR = { forward: 5e-13, inverse: 1e-13 };

const relativeError = (got: number, want: number): number =>
  got === want ? 0 : Math.abs(got - want) / Math.abs(want);

describe('regularised incomplete beta function', () => {
  it('agrees with mpmath for a, b from ½ to 1e7 in both tails', () => {
    let worst = 0;
    for (const [a, b, x, lower, upper] of tables.forward) {
      worst = Math.max(worst, relativeError(regularizedBeta(x, a, b), lower));
      worst = Math.max(worst, relativeError(regularizedBetaUpper(x, a, b), upper));
    }
    expect(worst).toBeLessThan(MAX_ERROR.forward);
  });

  it('has an inverse that agrees with mpmath, near 0 and as 1 − x near 1', () => {
    let worst = 0;
    for (const [p, a, b, x, complement] of tables.inverse) {
      worst = Math.max(worst, relativeError(inverseRegularizedBeta(p, a, b), x));
      worst = Math.max(worst, relativeError(inverseRegularizedBetaUpper(p, b, a), complement));
    }
    expect(worst).toBeLessThan(MAX_ERROR.inverse);
  });

  it('has the closed forms of a = 1 and of b = 1', () => {
    for (const x of [1e-300, 1e-9, 0.2, 0.5, 0.9]) {
      for (const b of [0.5, 1, 7, 1e5]) {
        expect(relativeError(regularizedBeta(x, 1, b), -Math.expm1(b * Math.log1p(-x)))).toBeLessThan(1e-12);
        const power = Math.pow(x, b);
        if (power > 1e-300) expect(relativeError(regularizedBeta(x, b, 1), power)).toBeLessThan(1e-12);
      }
    }
  });

  it('is 0 and 1 at the ends', () => {
    expect([regularizedBeta(0, 2, 3), regularizedBeta(1, 2, 3)]).toEqual([0, 1]);
    expect([regularizedBetaUpper(0, 2, 3), regularizedBetaUpper(1, 2, 3)]).toEqual([1, 0]);
    expect([inverseRegularizedBeta(0, 2, 3), inverseRegularizedBeta(1, 2, 3)]).toEqual([0, 1]);
    expect([inverseRegularizedBetaUpper(0, 2, 3), inverseRegularizedBetaUpper(1, 2, 3)]).toEqual([1, 0]);
  });

  const parameter = fc.double({ min: -1, max: 6, noNaN: true }).map((e) => 10 ** e);
  const logTail = fc.double({ min: -250, max: -0.31, noNaN: true }).map((e) => 10 ** e);

  it('undoes its inverse, from either tail', () => {
    fc.assert(
      fc.property(parameter, parameter, logTail, (a, b, p) => {
        const x = inverseRegularizedBeta(p, a, b);
        const y = inverseRegularizedBetaUpper(p, b, a);
        // Rounding the root moves ln tail by about 1e-16 times the root's distance from 0 in deviations, ≤ 40·√(a+b) here.
        const allowed = 1e-12 + 1e-14 * Math.sqrt(a + b);
        // The one below ½ of x and y = 1 − x is not rounded beside 1.
        if (x <= 0.5 && x > 1e-300) expect(relativeError(regularizedBeta(x, a, b), p)).toBeLessThan(allowed);
        if (y <= 0.5 && y > 1e-300)
          expect(relativeError(regularizedBetaUpper(y, b, a), p)).toBeLessThan(allowed);
        expect(Math.abs(x + y - 1)).toBeLessThan(3e-16);
      }),
      { seed: 2, numRuns: 1000 },
    );
  });

  it('increases with x, and its tails sum to 1', () => {
    fc.assert(
      fc.property(parameter, parameter, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, x) => {
        const lower = regularizedBeta(x, a, b);
        expect(Math.abs(lower + regularizedBetaUpper(x, a, b) - 1)).toBeLessThan(3e-16);
        const further = x + (1 - x) * 1e-6;
        expect(regularizedBeta(further, a, b)).toBeGreaterThanOrEqual(lower * (1 - 1e-12));
        expect(
          relativeError(regularizedBetaUpper(1 - x, b, a), regularizedBeta(1 - (1 - x), a, b)),
        ).toBeLessThan(1e-10);
      }),
      { seed: 3, numRuns: 1000 },
    );
  });

  it('refuses impossible arguments', () => {
    for (const bad of [-1, NaN, 1.5]) {
      expect(() => regularizedBeta(bad, 1, 1)).toThrow(/CERTIFICATE_INPUT/);
      expect(() => inverseRegularizedBeta(bad, 1, 1)).toThrow(/CERTIFICATE_INPUT/);
      expect(() => inverseRegularizedBetaUpper(bad, 1, 1)).toThrow(/CERTIFICATE_INPUT/);
    }
    for (const bad of [0, -1, NaN, Infinity]) {
      expect(() => regularizedBeta(0.5, bad, 1)).toThrow(/CERTIFICATE_INPUT/);
      expect(() => regularizedBetaUpper(0.5, 1, bad)).toThrow(/CERTIFICATE_INPUT/);
      expect(() => inverseRegularizedBeta(0.5, 1, bad)).toThrow(/CERTIFICATE_INPUT/);
      expect(() => inverseRegularizedBetaUpper(0.5, bad, 1)).toThrow(/CERTIFICATE_INPUT/);
    }
  });
});
