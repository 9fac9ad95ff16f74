import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { earlyStoppingAlpha, splitAlpha } from './alpha.ts';

describe('earlyStoppingAlpha', () => {
  it('starts with 6/π² of alpha and falls with the square', () => {
    const first = earlyStoppingAlpha(0.001, 0);
    expect(first / (0.001 * (6 / Math.PI ** 2))).toBeCloseTo(1, 13);
    expect(earlyStoppingAlpha(0.001, 1) / first).toBeCloseTo(1 / 4, 15);
    expect(earlyStoppingAlpha(0.001, 9) / first).toBeCloseTo(1 / 100, 15);
  });

  it('sums to alpha but never above it', () => {
    const looks = 200_000;
    let total = 0;
    for (let look = looks - 1; look >= 0; look--) total += earlyStoppingAlpha(0.01, look);
    // The looks left out hold between 6/π²/(looks+1) and 6/π²/looks of alpha.
    expect(total + (0.01 * 0.6079271) / (looks + 1)).toBeLessThanOrEqual(0.01);
    expect(total + (0.01 * 0.6079272) / looks).toBeGreaterThan(0.01 * (1 - 1e-12));
  });

  it('refuses impossible looks', () => {
    for (const look of [-1, 0.5, NaN])
      expect(() => earlyStoppingAlpha(0.1, look)).toThrow(/CERTIFICATE_INPUT/);
    expect(() => earlyStoppingAlpha(1, 0)).toThrow(/CERTIFICATE_INPUT/);
  });
});

describe('splitAlpha', () => {
  it('is proportional, and never spends more than alpha', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-12, max: 0.5, noNaN: true }),
        fc.array(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 }),
        (alpha, weights) => {
          const shares = splitAlpha(alpha, weights);
          const total = shares.reduce((sum, share) => sum + share, 0);
          expect(total).toBeLessThanOrEqual(alpha);
          expect(total).toBeGreaterThan(alpha * (1 - 1e-12));
          shares.forEach((share, i) => {
            expect(Math.abs((share * weights[0]) / (shares[0] * weights[i]) - 1)).toBeLessThan(1e-14);
          });
        },
      ),
      { seed: 6, numRuns: 200 },
    );
  });

  it('takes weights of any scale', () => {
    expect(splitAlpha(0.5, [1e308, 1e308])[0]).toBeCloseTo(0.25, 14);
  });

  it('refuses no weights, a zero weight and a share that vanishes', () => {
    expect(() => splitAlpha(0.1, [])).toThrow(/at least one weight/);
    expect(() => splitAlpha(0.1, [1, 0])).toThrow(/weights\[1\]/);
    expect(() => splitAlpha(0.1, [1, NaN])).toThrow(/CERTIFICATE_INPUT/);
    expect(() => splitAlpha(0.1, [1e300, 1e-300])).toThrow(/comparable size/);
  });
});
