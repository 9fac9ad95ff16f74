import { expect, test } from 'vitest';
import type { Row } from '../evaluate/schema.ts';
import { wilson } from '../evaluate/wilson.ts';
import { calibrationGroups, histogramCounts } from './distribution-sections.ts';

test('radii fall into their intervals; abstentions nowhere', () => {
  expect(histogramCounts([0, 0.1, 0.24, 0.25, 0.99, 1], 1, 4)).toEqual([2, 1, 0, 2]);
});

test('groups of equal size by margin, with their share of right answers', () => {
  const row = (i: number) => ({ score: i < 10 ? 0 : 1, margin: i / 100 }) as Row;
  const rows = Array.from({ length: 40 }, (_, i) => row(i)).reverse();
  // a query whose answer has no rival has no margin and is in no group
  const groups = calibrationGroups([...rows, { score: 1 } as Row], 4);
  expect(groups.map(({ queries, right }) => [queries, right])).toEqual([
    [10, 0],
    [10, 10],
    [10, 10],
    [10, 10],
  ]);
  expect(groups[1].from).toBeCloseTo(0.1);
  expect(groups[1].to).toBeCloseTo(0.19);
  expect(calibrationGroups(rows.slice(0, 4))).toEqual([]);
});

test("Wilson's interval: known values", () => {
  // 8 of 10: 0.4902 to 0.9433 (Brown, Cai and DasGupta 2001)
  expect(wilson(8, 10).low).toBeCloseTo(0.4902, 4);
  expect(wilson(8, 10).high).toBeCloseTo(0.9433, 4);
  expect(wilson(0, 20)).toMatchObject({ low: 0 });
  expect(wilson(20, 20).high).toBe(1);
});
