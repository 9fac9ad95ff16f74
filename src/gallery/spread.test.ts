import { expect, test } from 'vitest';
import { Random } from '../../test/helpers/random.ts';
import { spreadOf } from './spread.ts';

const of = (rows: number[][]) =>
  spreadOf({ vectors: Float32Array.from(rows.flat()), dimension: rows[0].length, count: rows.length });

test('is 0 for vectors of one direction, 1 for opposite ones, and half the mean squared distance of pairs', () => {
  expect(
    of([
      [1, 0],
      [0.5, 0],
      [2, 0],
    ]),
  ).toBeCloseTo(0, 7);
  expect(
    of([
      [1, 0],
      [-1, 0],
    ]),
  ).toBeCloseTo(1, 7);
  const random = new Random(1);
  const rows = Array.from({ length: 30 }, () => random.direction(5));
  let sum = 0;
  for (const a of rows) for (const b of rows) sum += a.reduce((d, x, i) => d + (x - b[i]) ** 2, 0) / 2;
  expect(of(rows)).toBeCloseTo(sum / rows.length ** 2, 6);
});
