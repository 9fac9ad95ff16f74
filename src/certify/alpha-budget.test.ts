import { expect, test } from 'vitest';
import { AlphaBudget } from './alpha-budget.ts';

test('a fixed number of samples has all of alpha for any bound, at that number alone', () => {
  const budget = AlphaBudget.fixed(300, 0.01);
  expect([budget.counting(300), budget.counting(300, 2), budget.betting(300, 4)]).toEqual([
    0.01, 0.005, 0.0025,
  ]);
  expect(() => budget.counting(200)).toThrow(/300 samples.*200/);
  expect(() => budget.betting(200)).toThrow(/300 samples.*200/);
});

test('at any time betting has all of alpha at every number of samples, counting nothing', () => {
  const budget = AlphaBudget.anyTime(300, 0.01);
  for (const samples of [1, 300, 1000]) {
    expect(budget.betting(samples, 2)).toBe(0.005);
    expect(() => budget.counting(samples)).toThrow(/CERTIFICATE_INPUT/);
  }
});

test('impossible numbers are refused', () => {
  const makers = [
    (samples: number, alpha: number) => AlphaBudget.fixed(samples, alpha),
    (samples: number, alpha: number) => AlphaBudget.anyTime(samples, alpha),
  ];
  for (const make of makers) {
    for (const alpha of [0, 1, NaN]) expect(() => make(10, alpha)).toThrow(/CERTIFICATE_INPUT/);
    for (const samples of [0, 1.5, 1e10]) expect(() => make(samples, 0.1)).toThrow(/CERTIFICATE_INPUT/);
  }
});
