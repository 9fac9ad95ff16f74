import { expect, test } from 'vitest';
import type { Row } from '../evaluate/types.ts';
import { answerMargin, calibrationGroups, histogramCounts, wilson } from './distribution-sections.ts';

test('radii fall into their intervals; abstentions nowhere', () => {
  expect(histogramCounts([0, 0.1, 0.24, 0.25, 0.99, 1], 1, 4)).toEqual([2, 1, 0, 2]);
});

const item = (label: string, distance: number): Row['nearest'][number] => ({
  id: `${label} ${distance}`,
  label,
  distance,
});
const row = (label: string, nearest: Row['nearest']): Row => ({ label, nearest }) as Row;

test('the margin is to the nearest item of another label, or to the last one kept', () => {
  expect(answerMargin(row('a', [item('a', 0.2), item('a', 0.3), item('b', 0.7)]))).toBeCloseTo(0.5);
  expect(answerMargin(row('a', [item('b', 0.2), item('b', 0.6)]))).toBeCloseTo(0.4);
  expect(answerMargin(row('a', [item('b', 0.2)]))).toBeNull();
});

test('groups of equal size by margin, with their share of right answers', () => {
  const rows = Array.from({ length: 40 }, (_, i) =>
    row(i < 10 ? 'wrong' : 'a', [item('a', 0), item('b', i / 100)]),
  ).reverse();
  const groups = calibrationGroups(rows, 4);
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
