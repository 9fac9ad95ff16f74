import { describe, expect, test } from 'vitest';
import { RandomStream, trainingKey } from '../random.ts';
import { affineRanges, randomInverseMap } from './affine.ts';

const size = { height: 20, width: 30 };
const key = trainingKey(4, 'affine');

describe('randomInverseMap', () => {
  test('nothing asked for: the identity', () => {
    const { column, row } = randomInverseMap(size, affineRanges({}), new RandomStream(key, 0));
    expect(column.map((v) => v + 0)).toEqual([1, 0, 0]);
    expect(row.map((v) => v + 0)).toEqual([0, 1, 0]);
  });

  test('is the inverse of p ↦ s R(θ) [1 k; 0 1] p + t about the middle, with parameters in their ranges', () => {
    const ranges = affineRanges({ rotation: 30, scale: [0.8, 1.25], shear: 0.4, shift: 0.1 });
    const seen = {
      angle: [] as number[],
      scale: [] as number[],
      shear: [] as number[],
      shift: [] as number[],
    };
    for (let step = 0; step < 2000; step++) {
      const { column, row } = randomInverseMap(size, ranges, new RandomStream(key, step));
      // the forward matrix, by inverting what came back
      const determinant = column[0] * row[1] - column[1] * row[0];
      const [a, b, c, d] = [row[1], -column[1], -row[0], column[0]].map((v) => v / determinant);
      // first column of s R [1 k; 0 1]: s (cos θ, sin θ)
      const angle = Math.atan2(c, a);
      const scale = Math.hypot(a, c);
      expect(a * d - b * c).toBeCloseTo(scale ** 2, 10);
      // second column: s (k cos θ − sin θ, k sin θ + cos θ)
      const shear = (b * Math.cos(angle) + d * Math.sin(angle)) / scale;
      // the middle of the picture goes to the middle + t: solve for the output that comes from the middle
      const [mx, my] = [size.width / 2 - 0.5 - column[2], size.height / 2 - 0.5 - row[2]];
      const [ox, oy] = [a * mx + b * my, c * mx + d * my];
      seen.angle.push((angle * 180) / Math.PI);
      seen.scale.push(scale);
      seen.shear.push(shear);
      seen.shift.push(
        (ox - (size.width / 2 - 0.5)) / size.width,
        (oy - (size.height / 2 - 0.5)) / size.height,
      );
    }
    const check = (values: number[], low: number, high: number): void => {
      expect(Math.min(...values)).toBeGreaterThanOrEqual(low - 1e-9);
      expect(Math.max(...values)).toBeLessThanOrEqual(high + 1e-9);
      // uniform: mean and variance within 4 standard errors
      const n = values.length;
      const mean = values.reduce((x, y) => x + y) / n;
      const variance = values.reduce((x, y) => x + (y - mean) ** 2, 0) / n;
      expect(Math.abs(mean - (low + high) / 2)).toBeLessThan((4 * (high - low)) / Math.sqrt(12 * n));
      expect(Math.abs((12 * variance) / (high - low) ** 2 - 1)).toBeLessThan(4 * Math.sqrt(0.8 / n));
    };
    check(seen.angle, -30, 30);
    check(seen.scale, 0.8, 1.25);
    check(seen.shear, -0.4, 0.4);
    check(seen.shift, -0.1, 0.1);
  });

  test.each([
    [{ rotation: -1 }],
    [{ rotation: NaN }],
    [{ shear: Infinity }],
    [{ shift: -0.1 }],
    [{ scale: [0, 1] }],
    [{ scale: [2, 1] }],
    [{ border: 1.5 }],
    [{ border: NaN }],
  ] as object[][])('refuses %o', (options) => {
    expect(() => affineRanges(options)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  });
});
