import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import tables from './fixtures/normal.json' with { type: 'json' };
import { normalCdf, normalDensity, normalSurvival } from './normal.ts';
import { normalQuantile, normalQuantileUpper } from './normal-quantile.ts';

/** The largest relative error that any row of the mpmath tables may show; measured: 6e-16. */
const MAX_ERROR = 1e-15;

/** |got − want| in units of |want|, or of the spacing of subnormals where float64 cannot do better. */
function relativeError(got: number, want: number): number {
  if (got === want) return 0;
  return Math.max(0, Math.abs(got - want) - 5e-324) / Math.abs(want);
}

describe('normal distribution', () => {
  it('agrees with mpmath in both tails', () => {
    let worst = 0;
    for (const [z, below, above, density] of tables.cdf) {
      worst = Math.max(worst, relativeError(normalCdf(z), below));
      worst = Math.max(worst, relativeError(normalSurvival(z), above));
      worst = Math.max(worst, relativeError(normalDensity(z), density));
    }
    expect(worst).toBeLessThan(MAX_ERROR);
  });

  it('has quantiles that agree with mpmath from 1e-300 to 1 − 1e-16', () => {
    let worst = 0;
    for (const [p, z] of tables.quantile) {
      worst = Math.max(worst, relativeError(normalQuantile(p), z), relativeError(normalQuantileUpper(p), -z));
    }
    expect(worst).toBeLessThan(MAX_ERROR);
  });

  it('is exact at the ends and at the centre', () => {
    expect([normalCdf(-Infinity), normalCdf(0), normalCdf(Infinity)]).toEqual([0, 0.5, 1]);
    expect([normalCdf(-39), normalSurvival(39), normalDensity(50)]).toEqual([0, 0, 0]);
    expect([normalQuantile(0), normalQuantile(0.5), normalQuantile(1)]).toEqual([-Infinity, 0, Infinity]);
    expect([normalQuantileUpper(0), normalQuantileUpper(0.5), normalQuantileUpper(1)]).toEqual([
      Infinity,
      0,
      -Infinity,
    ]);
  });

  it('inverts itself, increases, and is symmetric', () => {
    fc.assert(
      fc.property(fc.double({ min: -37, max: 37, noNaN: true }), (z) => {
        // The tail's rounding of 7e-16 moves z by 7e-16·Φ/φ, at most 1e-15.
        const back = z < 0 ? normalQuantile(normalCdf(z)) : normalQuantileUpper(normalSurvival(z));
        expect(Math.abs(back - z)).toBeLessThan(2e-15 * Math.max(1, Math.abs(z)));
        expect(normalSurvival(z)).toBe(normalCdf(-z));
        expect(normalCdf(z + 1e-6)).toBeGreaterThanOrEqual(normalCdf(z));
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it('does not step down where one rational function hands over to the next', () => {
    for (const seam of [-5.656854249492381, -0.67448975, 0.67448975, 5.656854249492381]) {
      expect(normalCdf(seam + 1e-13)).toBeGreaterThanOrEqual(normalCdf(seam - 1e-13));
    }
    for (const seam of [0.075, 1.3887943864964021e-11, 0.925]) {
      expect(normalQuantile(seam * (1 + 1e-13))).toBeGreaterThanOrEqual(normalQuantile(seam * (1 - 1e-13)));
    }
  });

  it('refuses what is no number or no probability', () => {
    expect(() => normalCdf(NaN)).toThrow(/CERTIFICATE_INPUT/);
    expect(() => normalDensity(NaN)).toThrow(/CERTIFICATE_INPUT/);
    for (const p of [-1e-9, 1.0000001, NaN]) {
      expect(() => normalQuantile(p)).toThrow(/CERTIFICATE_INPUT/);
      expect(() => normalQuantileUpper(p)).toThrow(/CERTIFICATE_INPUT/);
    }
  });
});
