import { describe, expect, test } from 'vitest';
import { RandomStream, trainingKey } from '../random.ts';
import { cropRanges, randomRectangle } from './random-resized-crop.ts';

const key = trainingKey(11, 'crop');
const draw = (size: { height: number; width: number }, options = {}, count = 4000) =>
  Array.from({ length: count }, (_, step) =>
    randomRectangle(size, cropRanges(options), new RandomStream(key, step)),
  );

/** Largest distance between the empirical distribution and `cdf` (Kolmogorov), times √n; above 1.95 once in 1,000. */
function kolmogorov(values: number[], cdf: (x: number) => number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  const gaps = sorted.map((x, i) => Math.max(Math.abs(cdf(x) - i / n), Math.abs(cdf(x) - (i + 1) / n)));
  return Math.max(...gaps) * Math.sqrt(n);
}

describe('randomRectangle', () => {
  const side = 100_000; // so large that rounding to pixels does not matter
  const square = { height: side, width: side };

  test('area uniform in scale, log of the aspect uniform in ratio, where all rectangles fit', () => {
    // with areas of at most 1/2 and ratios between 1/2 and 2 nothing is drawn again
    const rectangles = draw(square, { scale: [0.1, 0.5], ratio: [0.5, 2] });
    const area = rectangles.map(({ height, width }) => (height * width) / side ** 2);
    const log = rectangles.map(({ height, width }) => Math.log2(width / height));
    expect(kolmogorov(area, (a) => (a - 0.1) / 0.4)).toBeLessThan(1.95);
    expect(kolmogorov(log, (r) => (r + 1) / 2)).toBeLessThan(1.95);
    // independent: the correlation has standard deviation 1/√n
    const correlation =
      area.reduce((sum, a, i) => sum + (a - 0.3) * log[i], 0) /
      area.length /
      ((0.4 / Math.sqrt(12)) * (2 / Math.sqrt(12)));
    expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(area.length));
  });

  test('the defaults give the law of uniform draws that are drawn again when they do not fit', () => {
    const rectangles = draw(square);
    // of a rectangle of area a, |log aspect| ≤ min(L, −ln a): that bounds the density of a
    const L = Math.log(4 / 3);
    const mass = (from: number, to: number): number => {
      // ∫ min(L, −ln a) da; the integral of −ln a is a − a ln a
      const corner = Math.exp(-L);
      const tail = (a: number): number => a - a * Math.log(a);
      const flat = Math.max(0, Math.min(to, corner) - from) * L;
      return to <= corner ? flat : flat + tail(to) - tail(Math.max(from, corner));
    };
    const area = rectangles.map(({ height, width }) => (height * width) / side ** 2);
    expect(kolmogorov(area, (a) => mass(0.08, Math.min(a, 1)) / mass(0.08, 1))).toBeLessThan(1.95);
    const aspect = rectangles.map(({ height, width }) => width / height);
    expect(Math.min(...aspect)).toBeGreaterThan(0.75 - 1e-4);
    expect(Math.max(...aspect)).toBeLessThan(4 / 3 + 1e-4);
  });

  test('places are uniform over the picture', () => {
    const rectangles = draw({ height: side, width: 2 * side }, { scale: [0.1, 0.4] });
    const across = rectangles.map(({ left, width }) => left / (2 * side - width));
    const down = rectangles.map(({ top, height }) => top / (side - height));
    expect(kolmogorov(across, (x) => x)).toBeLessThan(1.95);
    expect(kolmogorov(down, (x) => x)).toBeLessThan(1.95);
  });

  test('every rectangle lies inside, and every place of a small picture is reached', () => {
    const size = { height: 5, width: 7 };
    const corners = new Set<string>();
    let outside = 0;
    for (const { top, left, height, width } of draw(size)) {
      outside += Number(
        Math.min(top, left, height - 1, width - 1) < 0 || top + height > 5 || left + width > 7,
      );
      if (height === 2 && width === 2) corners.add(`${top} ${left}`);
    }
    expect(outside).toBe(0);
    expect(corners.size).toBe(4 * 6);
  });

  test('where nothing fits, the middle with the nearest allowed ratio', () => {
    // a strip: any rectangle of a tenth of its area is higher than it
    expect(draw({ height: 3, width: 400 }, { scale: [0.1, 1] }, 1)).toEqual([
      { top: 0, left: 198, height: 3, width: 4 },
    ]);
    expect(draw({ height: 400, width: 3 }, { scale: [0.1, 1] }, 1)).toEqual([
      { top: 198, left: 0, height: 4, width: 3 },
    ]);
    expect(draw({ height: 1, width: 1 }, {}, 1)).toEqual([{ top: 0, left: 0, height: 1, width: 1 }]);
  });

  test.each([
    [{ scale: [0, 1] }],
    [{ scale: [0.5, 0.4] }],
    [{ scale: [0.5, 1.1] }],
    [{ scale: [NaN, 1] }],
    [{ ratio: [0, 1] }],
    [{ ratio: [2, 1] }],
    [{ ratio: [1, Infinity] }],
  ] as { scale?: [number, number]; ratio?: [number, number] }[][])('refuses %o', (options) => {
    expect(() => cropRanges(options)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  });
});
