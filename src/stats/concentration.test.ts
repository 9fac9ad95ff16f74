import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import tables from './fixtures/bounds.json' with { type: 'json' };
import {
  empiricalBernsteinRadius,
  hoeffdingRadius,
  matrixBernsteinProbability,
  matrixBernsteinRadius,
} from './concentration.ts';

describe('matrix Bernstein', () => {
  it('has the root that mpmath finds, for n from 10 to 1e7', () => {
    let worst = 0;
    for (const [samples, dimension, alpha, bound, root] of tables.bernstein) {
      const radius = matrixBernsteinRadius({ samples, dimension, alpha, bound });
      worst = Math.max(worst, Math.abs(radius - root) / root);
    }
    expect(worst).toBeLessThan(1e-15);
  });

  it('undoes its forward formula', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e8 }),
        fc.integer({ min: 1, max: 4096 }),
        fc.double({ min: -300, max: -0.01, noNaN: true }),
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        (samples, dimension, exponent, bound) => {
          const alpha = 10 ** exponent;
          const radius = matrixBernsteinRadius({ samples, dimension, alpha, bound });
          const back = matrixBernsteinProbability({ samples, dimension, radius, bound });
          expect(Math.abs(back / alpha - 1)).toBeLessThan(1e-12);
        },
      ),
      { seed: 5, numRuns: 500 },
    );
  });

  it('is a probability at every radius', () => {
    const mean = { samples: 100, dimension: 8 };
    expect(matrixBernsteinProbability({ ...mean, radius: 0 })).toBe(1);
    expect(matrixBernsteinProbability({ ...mean, radius: Infinity })).toBe(0);
    expect(matrixBernsteinProbability({ ...mean, radius: 1 })).toBeCloseTo(
      9 * Math.exp(-100 / (2 + 4 / 3)),
      20,
    );
  });

  it('refuses impossible numbers', () => {
    const good = { samples: 10, dimension: 4, alpha: 0.1 };
    for (const bad of [{ samples: 0 }, { dimension: 1.5 }, { alpha: 1 }, { bound: 0 }, { bound: NaN }]) {
      expect(() => matrixBernsteinRadius({ ...good, ...bad })).toThrow(/CERTIFICATE_INPUT/);
    }
    expect(() => matrixBernsteinProbability({ samples: 10, dimension: 4, radius: -1 })).toThrow(
      /CERTIFICATE_INPUT/,
    );
  });
});

describe('scalar bounds', () => {
  it('are the published formulas', () => {
    // ln(2/0.05) = 3.6888794541139363, ln(1/0.05) = 2.995732273553991
    expect(empiricalBernsteinRadius({ samples: 101, variance: 0.04, range: 2, alpha: 0.05 })).toBeCloseTo(
      Math.sqrt((0.08 * 3.6888794541139363) / 101) + (14 * 3.6888794541139363) / 300,
      14,
    );
    expect(hoeffdingRadius({ samples: 50, range: 2, alpha: 0.05 })).toBeCloseTo(
      2 * Math.sqrt(2.995732273553991 / 100),
      14,
    );
  });

  it('hold for coin flips, with the miss probability computed exactly', () => {
    const alpha = 0.2;
    for (const n of [10, 40]) {
      for (const p of [0.02, 0.1, 0.3, 0.5, 0.9]) {
        let mass = (1 - p) ** n;
        let bernsteinMiss = 0;
        let hoeffdingMiss = 0;
        for (let k = 0; k <= n; k++) {
          const mean = k / n;
          const variance = (n * mean * (1 - mean)) / (n - 1);
          if (p - mean >= empiricalBernsteinRadius({ samples: n, variance, range: 1, alpha }))
            bernsteinMiss += mass;
          if (p - mean >= hoeffdingRadius({ samples: n, range: 1, alpha })) hoeffdingMiss += mass;
          mass *= ((n - k) / (k + 1)) * (p / (1 - p));
        }
        expect(bernsteinMiss).toBeLessThanOrEqual(alpha);
        expect(hoeffdingMiss).toBeLessThanOrEqual(alpha);
      }
    }
  });

  it('scale with the unit of the numbers', () => {
    const one = empiricalBernsteinRadius({ samples: 30, variance: 0.1, range: 1, alpha: 0.01 });
    expect(empiricalBernsteinRadius({ samples: 30, variance: 0.9, range: 3, alpha: 0.01 })).toBeCloseTo(
      3 * one,
      14,
    );
  });

  it('refuse a variance that the range excludes, and other impossible numbers', () => {
    const good = { samples: 10, variance: 0.1, range: 1, alpha: 0.1 };
    expect(() => empiricalBernsteinRadius({ ...good, variance: 0.28 })).toThrow(/same units/);
    for (const bad of [{ variance: -1 }, { variance: NaN }, { samples: 1 }, { range: 0 }, { alpha: 0 }]) {
      expect(() => empiricalBernsteinRadius({ ...good, ...bad })).toThrow(/CERTIFICATE_INPUT/);
    }
    expect(() => hoeffdingRadius({ samples: 0, range: 1, alpha: 0.1 })).toThrow(/CERTIFICATE_INPUT/);
  });
});
