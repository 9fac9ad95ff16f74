import { describe, expect, it } from 'vitest';
import tables from './fixtures/stirling.json' with { type: 'json' };
import { logBeta, minusLog1p, stirlingError } from './stirling.ts';

describe('pieces of the beta prefactor', () => {
  it('agree with mpmath', () => {
    for (const [t, want] of tables.stirlingError)
      expect(Math.abs(stirlingError(t) - want)).toBeLessThan(3e-15);
    for (const [t, want] of tables.minusLog1p) {
      expect(Math.abs(minusLog1p(t) / want - 1)).toBeLessThan(1e-15);
    }
    for (const [a, b, want] of tables.logBeta) {
      expect(Math.abs(logBeta(a, b) - want)).toBeLessThan(2e-15 * (1 + Math.abs(want)));
    }
  });

  it('joins its series to the direct formula', () => {
    for (const seam of [-0.5, 1]) {
      expect(minusLog1p(seam * (1 - 1e-15)) / minusLog1p(seam * (1 + 1e-15))).toBeCloseTo(1, 13);
    }
    expect(minusLog1p(0)).toBe(0);
  });
});
