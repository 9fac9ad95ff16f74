import { describe, expect, it } from 'vitest';
import { clopperPearsonLower, clopperPearsonUpper } from './binomial.ts';
import { matrixBernsteinRadius } from './concentration.ts';
import {
  samplesForBernsteinRadius,
  samplesForClopperPearsonLower,
  samplesForUpperBound,
} from './samples-needed.ts';

/** The first n ≥ 1 that suffices, by trying them all. */
function search(suffices: (n: number) => boolean): number {
  let n = 1;
  while (!suffices(n)) n++;
  return n;
}

describe('samples needed', () => {
  const alphas = [0.5, 0.125, 0.05, 0.001, 1e-9];

  it('is the first n whose lower bound passes, by search', () => {
    for (const alpha of alphas) {
      for (const p of [0, 0.01, 0.25, 0.5, 0.9, 0.99]) {
        expect(samplesForClopperPearsonLower(p, alpha)).toBe(
          search((n) => clopperPearsonLower(n, n, alpha) > p),
        );
      }
    }
  });

  it('is the first n whose upper bound passes, by search', () => {
    for (const alpha of alphas) {
      for (const p of [1, 0.99, 0.75, 0.5, 0.1, 0.01]) {
        expect(samplesForUpperBound(p, alpha)).toBe(search((n) => clopperPearsonUpper(0, n, alpha) < p));
      }
    }
  });

  it('is the first n whose Bernstein radius is small enough, by search', () => {
    for (const alpha of alphas) {
      for (const epsilon of [3, 1, 0.3, 0.1]) {
        for (const bound of [1, 2]) {
          expect(samplesForBernsteinRadius(epsilon, 128, alpha, bound)).toBe(
            search((samples) => matrixBernsteinRadius({ samples, dimension: 128, alpha, bound }) <= epsilon),
          );
        }
      }
    }
  });

  it('answers for huge n at once', () => {
    // ln(1000) / 1e-12
    expect(samplesForUpperBound(1e-12, 0.001) / 6.907755278978683e12).toBeCloseTo(1, 11);
    expect(samplesForClopperPearsonLower(0.9999999999990905, 0.001) * 9.094947017729282e-13).toBeCloseTo(
      6.90776,
      4,
    );
  });

  it('refuses the impossible', () => {
    expect(() => samplesForClopperPearsonLower(1, 0.1)).toThrow(/certainty/);
    expect(() => samplesForUpperBound(0, 0.1)).toThrow(/impossibility/);
    expect(() => samplesForBernsteinRadius(0, 4, 0.1)).toThrow(/CERTIFICATE_INPUT/);
    expect(() => samplesForBernsteinRadius(1, 0, 0.1)).toThrow(/CERTIFICATE_INPUT/);
  });

  it('is infinite where no number that float64 counts would do', () => {
    expect(samplesForUpperBound(1e-300, 0.1)).toBe(Infinity);
    expect(samplesForBernsteinRadius(1e-200, 4, 0.1)).toBe(Infinity);
    expect(samplesForBernsteinRadius(1e-8, 4, 0.1)).toBe(Infinity);
  });
});
