import { describe, expect, test } from 'vitest';
import { wilson } from '../evaluate/wilson.ts';
import type { Cell, CellRow } from '../evaluate/index.ts';
import {
  average,
  certifiedRecall,
  costOf,
  meanRadius,
  recallCurve,
  rejectionRatio,
  samplesNeeded,
  type SweptRow,
} from './statistics.ts';
import { shown, toCsv, toMarkdown } from './tables.ts';

const small: Cell = { samples: 100, alpha: 0.01, k: 1 };
const large: Cell = { samples: 1000, alpha: 0.01, k: 1 };

const cell = (of: Cell, rank: number, cdf: number, vote: number): CellRow => ({
  ...of,
  rank,
  vote: vote > 0 ? 1 : 0,
  duel: vote > 0 ? 1 : 0,
  radii: { cdf, vote },
});

/** Ten queries, by hand: the first eight are answered rightly, six of them with a radius at the larger n and three at the smaller. */
const rows: SweptRow[] = Array.from({ length: 10 }, (_, i) => ({
  samples: 1000,
  seconds: 2,
  sweep: {
    baseRank: i < 9 ? 1 : 3,
    cells: [
      cell(small, i < 8 ? 1 : 2, i < 3 ? 0.1 : 0, 0.5),
      cell(large, i < 8 ? 1 : 2, i < 6 ? 0.1 * (i + 1) : 0, i < 5 ? 1 : 0),
    ],
    looks: [128, 256, 512, 1000].map((samples, j) => ({
      samples,
      radii: { cdf: i < 6 && j >= i / 2 ? 0.1 * (i + 1) : 0 },
    })),
    limits: { paper: 0, cdf: 0, vote: 0, duel: 0 },
  },
}));

test('wilson intervals as published', () => {
  // Newcombe (1998), Statistics in Medicine 17, Table I, method 3: 81/263, 15/148, 0/20, 1/29
  for (const [r, n, low, high] of [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ]) {
    const found = wilson(r, n);
    expect(found.low).toBeCloseTo(low, 4);
    expect(found.high).toBeCloseTo(high, 4);
    expect(found.share).toBe(r / n);
  }
  expect(wilson(7, 7).high).toBe(1);
});

test('average: mean ± 1.96 standard errors', () => {
  const found = average([1, 2, 3, 4]);
  expect(found.mean).toBe(2.5);
  expect(found.high - 2.5).toBeCloseTo((1.96 * Math.sqrt(5 / 3)) / 2, 3);
  expect(average([3])).toEqual({ mean: 3, low: 3, high: 3 });
});

describe('of rows', () => {
  test('certified recall is over all queries, strictly beyond the radius', () => {
    expect(certifiedRecall(rows, large, 'cdf', 0).share).toBe(0.6);
    expect(certifiedRecall(rows, large, 'cdf', 0.1).share).toBe(0.5);
    expect(certifiedRecall(rows, small, 'cdf', 0).share).toBe(0.3);
    const curve = recallCurve(rows, large, 'cdf');
    expect(curve.map(({ share }) => share)).toEqual([0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0]);
  });

  test('the rejection ratio is over the rightly answered ones', () => {
    expect(rejectionRatio(rows, large, 'cdf').share).toBe(2 / 8);
    expect(rejectionRatio(rows, small, 'cdf').share).toBe(5 / 8);
    expect(rejectionRatio(rows, large, 'vote').share).toBe(0);
    expect(meanRadius(rows, large, 'cdf')).toBeCloseTo((0.1 * 21) / 8, 12);
  });

  test('samples needed: the least n that reaches the level', () => {
    const cells = [small, large];
    expect(samplesNeeded(rows, cells, 'cdf', 0, 0.3)).toBe(100);
    expect(samplesNeeded(rows, cells, 'cdf', 0, 0.31)).toBe(1000);
    expect(samplesNeeded(rows, cells, 'cdf', 0, 0.7)).toBeNull();
  });

  test('cost: the samples of the first look that reaches the radius, or all', () => {
    // radius 0.3: queries 2 to 5 have it, from look ⌈i/2⌉ on
    const cost = costOf(rows, 'cdf', 0.3 - 1e-9, 500);
    const spent = [1000, 1000, 256, 512, 512, 1000, 1000, 1000, 1000, 1000];
    expect(cost.samples.mean).toBeCloseTo(spent.reduce((a, b) => a + b, 0) / 10, 9);
    expect(cost.reached.share).toBe(0.4);
    // 2 s for 1,500 samples
    expect(cost.seconds.mean).toBeCloseTo(((cost.samples.mean + 500) * 2) / 1500, 9);
  });

  test('a cell that was not computed is a mistake, not a zero', () => {
    expect(() => certifiedRecall(rows, { ...large, alpha: 0.5 }, 'cdf', 0)).toThrow(/no certificates for/);
  });
});

test('tables as CSV and Markdown', () => {
  const table = {
    name: 't',
    title: 'A title',
    columns: [
      { name: 'method', format: 'text' as const },
      { name: 'a, b', format: 'share' as const },
      { name: 'n', format: 'count' as const },
    ],
    rows: [
      ['x "y"', 1 / 3, 12_345.4],
      ['p|q', Number.NaN, null],
    ],
  };
  expect(toCsv(table)).toBe('method,"a, b",n\n"x ""y""",0.3333333333333333,12345.4\np|q,,\n');
  expect(toMarkdown(table)).toBe(
    'A title\n\n| method | a, b | n |\n| --- | ---: | ---: |\n| x "y" | 0.333 | 12,345 |\n| p\\|q | – | – |\n',
  );
  expect(shown(0.1 + 0.2, 'radius')).toBe('0.3');
});
