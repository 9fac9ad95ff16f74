import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fileRadius, type FileScale } from './index.ts';

describe('fileRadius', () => {
  test('is (R − 2e)/‖A‖, never more, and 0 where e takes all', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 10, noNaN: true }),
        fc.double({ min: 0.01, max: 4, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (radius, norm, error) => {
          const found = fileRadius(radius, { norm, error });
          const exact = Math.max(0, radius - 2 * error) / norm;
          expect(found).toBeLessThanOrEqual(exact);
          expect(found).toBeGreaterThanOrEqual(exact * (1 - 1e-14));
        },
      ),
    );
    expect(fileRadius(Infinity, { norm: 0.5, error: 1e-5 })).toBe(Infinity);
  });
});

/**
 * Faults that make the radius too large, each on the map x = A f of two pixels into three, of which the first row is one at the edge:
 * its window is cut, so its weights are larger.
 */
describe('a radius that is too large is told by a file', () => {
  const A = [
    [0.9, 0.1],
    [0.4, 0.4],
    [0.3, 0.5],
  ];
  /** The map as it is computed: off by e in the direction that hurts, up at f and down beside it. */
  const error = 0.01;
  const apply = (f: readonly number[], sign: number): number[] =>
    A.map(([a, b], i) => a * f[0] + b * f[1] + sign * error * worst.image[i]);
  const norm = (rows: number[][], steps = 500): { norm: number; v: number[] } => {
    let v = [0.6, -0.8];
    let length = 0;
    for (let step = 0; step < steps; step++) {
      const image = rows.map(([a, b]) => a * v[0] + b * v[1]);
      const back = [0, 1].map((i) => rows.reduce((sum, row, j) => sum + row[i] * image[j], 0));
      length = Math.sqrt(Math.hypot(...back));
      v = back.map((x) => x / Math.hypot(...back));
    }
    return { norm: length, v };
  };
  const { norm: whole, v } = norm(A);
  const worst = { v, image: A.map(([a, b]) => (a * v[0] + b * v[1]) / whole) };

  /** The radius in x that a file at the end of the claimed radius uses up; a certificate R is broken where it is more. */
  const used = (claimed: number): number => {
    const f = [0.5, 0.5];
    const moved = f.map((x, i) => x + claimed * worst.v[i]);
    const [x, y] = [apply(f, -1), apply(moved, 1)];
    return Math.hypot(...y.map((value, i) => value - x[i]));
  };
  const R = 0.4;
  const scale = { norm: whole, error };

  test('the right one uses up all of R and no more', () => {
    expect(used(fileRadius(R, scale))).toBeLessThanOrEqual(R);
    expect(used(fileRadius(R, scale))).toBeGreaterThan(0.999 * R);
  });

  test.each<[string, (radius: number, scale: FileScale) => number]>([
    ['without the error of the resize', (radius, { norm: n }) => fileRadius(radius, { norm: n, error: 0 })],
    ['with the error once', (radius, { norm: n, error: e }) => fileRadius(radius, { norm: n, error: e / 2 })],
    ['without the rows at the edge', (radius) => fileRadius(radius, { norm: norm(A.slice(1)).norm, error })],
    [
      'with the norm of one step of power iteration, a lower bound',
      (radius) => fileRadius(radius, { norm: norm(A, 1).norm, error }),
    ],
    [
      'of a grey file in three channels without √3',
      (radius) => fileRadius(radius, { norm: whole / Math.sqrt(3), error }),
    ],
  ])('%s', (_, fault) => {
    expect(used(fault(R, scale))).toBeGreaterThan(R);
  });
});
