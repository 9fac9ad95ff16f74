import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { axisNorm } from './axis-norm.ts';
import { RESAMPLE_FILTERS, type ResampleFilter } from './filters.ts';
import { cropTaps, filterTaps, type Taps } from './taps.ts';

/** The matrix, row by row, from the taps alone. */
function dense({ inputLength, first, count, weights, stride }: Taps): number[][] {
  return Array.from(count, (terms, i) => {
    const row = Array.from({ length: inputLength }, () => 0);
    for (let t = 0; t < terms; t++) row[first[i] + t] += weights[i * stride + t];
    return row;
  });
}

/** ‖A‖₂ from below, by power iteration on AᵀA from a start that no eigenvector is orthogonal to. */
function powerIteration(matrix: number[][], steps = 3000): number {
  let vector = matrix[0].map((_, i) => Math.cos(12.9898 * (i + 1)) + 0.1);
  let norm = 0;
  for (let step = 0; step < steps; step++) {
    const image = matrix.map((row) => row.reduce((sum, value, i) => sum + value * vector[i], 0));
    const back = vector.map((_, i) => matrix.reduce((sum, row, j) => sum + row[i] * image[j], 0));
    const length = Math.hypot(...back);
    norm = Math.sqrt(length);
    vector = back.map((value) => value / length);
  }
  return norm;
}

/** The same from the taps, for long axes. */
function fastPowerIteration({ inputLength, first, count, weights, stride }: Taps): number {
  let vector = Float64Array.from({ length: inputLength }, (_, i) => Math.cos(12.9898 * (i + 1)) + 0.1);
  let norm = 0;
  for (let step = 0; step < 4000; step++) {
    const back = new Float64Array(inputLength);
    for (const [i, terms] of count.entries()) {
      let sum = 0;
      for (let t = 0; t < terms; t++) sum += weights[i * stride + t] * vector[first[i] + t];
      for (let t = 0; t < terms; t++) back[first[i] + t] += weights[i * stride + t] * sum;
    }
    const length = Math.hypot(...back);
    norm = Math.sqrt(length);
    vector = back.map((value) => value / length);
  }
  return norm;
}

describe('axisNorm', () => {
  test.each<[ResampleFilter, number]>([
    ['bilinear', 4.56],
    ['bicubic', 4.51],
    ['lanczos', 4.38],
  ])(
    'from 1,024 to 224 by %s a radius grows %f times, the bound within 2 percent of the true norm',
    (filter, gain) => {
      const taps = filterTaps(1024, 224, filter);
      const bound = axisNorm(taps);
      // both axes
      expect(Math.abs(1 / bound ** 2 / gain - 1)).toBeLessThan(0.01);
      const below = fastPowerIteration(taps);
      expect(bound).toBeGreaterThan(below);
      expect(bound ** 2 / below ** 2).toBeLessThan(1.02);
      const cropped = cropTaps(filterTaps(1024, 256, filter), 16, 224);
      expect(axisNorm(cropped)).toBeGreaterThan(fastPowerIteration(cropped));
      expect(axisNorm(cropped) ** 2 / fastPowerIteration(cropped) ** 2).toBeLessThan(1.02);
    },
  );

  test('is above the norm, and within 2%, at any size, filter and crop', () => {
    const side = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(
        side,
        side,
        fc.constantFrom<ResampleFilter>(...RESAMPLE_FILTERS),
        fc.integer({ min: -3, max: 10 }),
        side,
        (input, output, filter, start, length) => {
          for (const taps of [
            filterTaps(input, output, filter),
            cropTaps(filterTaps(input, output, filter), start, length),
          ]) {
            if (!taps.count.some((terms) => terms > 0)) return;
            const below = powerIteration(dense(taps), 300);
            expect(axisNorm(taps)).toBeGreaterThan(below);
            // power iteration may not have arrived yet
            expect(axisNorm(taps) / below).toBeLessThan(1.03);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('takes the rows at the edges, whose windows are cut and weigh more', () => {
    const taps = filterTaps(30, 6, 'lanczos');
    const inner = cropTaps(taps, 1, 4);
    expect(axisNorm(taps)).toBeGreaterThan(axisNorm(inner));
  });

  test('is 1 for the same size, and √r where each sample is repeated r times', () => {
    for (const filter of RESAMPLE_FILTERS) expect(axisNorm(filterTaps(17, 17, filter))).toBeCloseTo(1, 5);
    expect(axisNorm(filterTaps(5, 20, 'nearest'))).toBeCloseTo(2, 5);
    expect(axisNorm(filterTaps(20, 5, 'nearest'))).toBeCloseTo(1, 5);
    expect(axisNorm(cropTaps(filterTaps(4, 4, 'box'), 10, 3))).toBe(0);
  });
});
