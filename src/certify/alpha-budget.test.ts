import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AlphaBudget } from './alpha-budget.ts';

test('looks of an early stop double, end at the last sample, and spend at most alpha in all', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10 ** 6 }),
      fc.double({ min: 1e-12, max: 0.9, noNaN: true }),
      (samples, alpha) => {
        const { looks, last } = AlphaBudget.early(samples, alpha);
        expect(last.samples).toBe(samples);
        for (const [j, look] of looks.entries()) {
          expect(look.samples).toBe(Math.min(samples, 128 * 2 ** j));
          expect(look.alpha).toBeCloseTo((alpha * 6) / (Math.PI * (j + 1)) ** 2, 12);
        }
        expect(looks.reduce((sum, look) => sum + look.alpha, 0)).toBeLessThanOrEqual(alpha);
      },
    ),
  );
});

test('counting spends at planned looks alone, betting all of alpha at any', () => {
  const budget = new AlphaBudget(0.01, [
    { samples: 100, alpha: 0.004 },
    { samples: 300, alpha: 0.006 },
  ]);
  expect(budget.counting(100)).toBe(0.004);
  expect(budget.counting(300, 3)).toBe(0.002);
  expect(budget.betting(2)).toBe(0.005);
  expect(() => budget.counting(200)).toThrow(/100, 300 samples.*200/);
});

test('what does not add up is refused', () => {
  for (const looks of [
    [],
    [{ samples: 100, alpha: 0.02 }],
    [
      { samples: 100, alpha: 0.006 },
      { samples: 200, alpha: 0.006 },
    ],
    [
      { samples: 100, alpha: 0.001 },
      { samples: 100, alpha: 0.001 },
    ],
    [{ samples: 0, alpha: 0.001 }],
    [{ samples: 10.5, alpha: 0.001 }],
    [{ samples: 10, alpha: 0 }],
    [{ samples: 10, alpha: Number.NaN }],
  ])
    expect(() => new AlphaBudget(0.01, looks)).toThrow(/CERTIFICATE_INPUT/);
  for (const alpha of [0, 1, -1, Number.NaN])
    expect(() => AlphaBudget.fixed(10, alpha)).toThrow(/CERTIFICATE_INPUT/);
});
