import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { splitAlpha } from './alpha.ts';

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
