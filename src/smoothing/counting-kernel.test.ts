import { beforeAll, describe, expect, test } from 'vitest';
import { FIXED_POINT } from '../certify/index.ts';
import { KernelMemory } from '../kernel/index.ts';
import { gaussianSample, noiseKey } from '../noise/index.ts';
import { CountingKernel } from './counting-kernel.ts';

const OPTION_INVALID = expect.objectContaining({ code: 'OPTION_INVALID' });
let memory: KernelMemory;
let kernel: CountingKernel;
beforeAll(() => {
  memory = KernelMemory.createSync();
  kernel = new CountingKernel(memory);
  memory.allocate(1 << 20);
});

const f32 = Math.fround;
const key = noiseKey({ seed: 77, query: 'statistics', phase: 'evaluation' });
const normal = (index: number, length: number): Float32Array =>
  gaussianSample(key, index, Math.max(1, length)).subarray(0, length);

/** Copies values into the kernel. */
function put(values: Float32Array): number {
  const at = memory.allocate(values.length * 4);
  memory.f32(at, values.length).set(values);
  return at;
}
function putIntegers(values: Int32Array): number {
  const at = memory.allocate(values.length * 4);
  memory.i32(at, values.length).set(values);
  return at;
}

function normTwin(row: Float32Array): number {
  const sums = [0, 0, 0, 0];
  row.forEach((x, i) => {
    sums[i % 4] += x * x;
  });
  return Math.sqrt(sums[0] + sums[2] + (sums[1] + sums[3]));
}

describe('normalizeRows', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 127, 128, 512, 1001])(
    'equals its twin bit for bit, width %i',
    (width) => {
      memory.reset();
      const rows = 3;
      const values = normal(width, rows * width);
      const src = put(values);
      const dst = put(new Float32Array(rows * width));
      expect(kernel.normalizeRows(src, rows, width, dst)).toBeUndefined();
      const expected = values.slice();
      for (let row = 0; row < rows; row++) {
        const part = expected.subarray(row * width, (row + 1) * width);
        const inverse = 1 / normTwin(part);
        part.forEach((x, i) => {
          part[i] = x * inverse;
        });
        expect(Math.abs(normTwin(part) - 1)).toBeLessThan(1e-6);
      }
      expect(memory.f32(dst, rows * width)).toEqual(expected);
      expect(kernel.normalizeRows(src, rows, width, src)).toBeUndefined();
      expect(memory.f32(src, rows * width)).toEqual(expected);
    },
  );

  test.each([NaN, Infinity, -Infinity, 0, 1e-13])('tells the first row with %s', (value) => {
    for (let at = 0; at < 7; at++) {
      memory.reset();
      const values = new Float32Array(21).fill(1);
      if (Math.abs(value) < 1) values.fill(0, 7, 14);
      values[7 + at] = value;
      const src = put(values);
      expect(kernel.normalizeRows(src, 3, 7, src)).toBe(1);
    }
  });

  test('the largest finite values do not overflow', () => {
    memory.reset();
    const src = put(new Float32Array(4).fill(3.4e38));
    expect(kernel.normalizeRows(src, 1, 4, src)).toBeUndefined();
    expect(Array.from(memory.f32(src, 4))).toEqual([0.5, 0.5, 0.5, 0.5]);
  });

  test('no rows are fine; rows of no values are zero', () => {
    memory.reset();
    const src = put(new Float32Array(4));
    expect(kernel.normalizeRows(src, 0, 4, src)).toBeUndefined();
    expect(kernel.normalizeRows(src, 1, 0, src)).toBe(0);
  });
});

describe('addRowsFixedPoint', () => {
  /** Nearest integer, ties to even, by exact integer arithmetic on the f32. */
  function round(x: number): bigint {
    const scaled = x * FIXED_POINT;
    const low = Math.floor(scaled);
    const rest = scaled - low;
    const up = rest > 0.5 || (rest === 0.5 && low % 2 !== 0);
    return BigInt(low) + (up ? 1n : 0n);
  }

  test.each([1, 3, 4, 5, 128, 514])('equals exact integers, width %i', (width) => {
    memory.reset();
    const rows = 9;
    const values = normal(width, rows * width);
    // small values, so that rounding happens, and ties among them
    for (let i = 0; i < values.length; i += 3) values[i] *= 2 ** -30;
    values[0] = 2.5 / FIXED_POINT;
    values[values.length - 1] = -3.5 / FIXED_POINT;
    if (width > 4) values[2] = 1024;
    const src = put(values);
    const acc = memory.allocate(width * 8);
    const sums = memory.i64(acc, width).fill(-5n);
    expect(kernel.addRowsFixedPoint(src, rows, width, acc)).toBeUndefined();
    const expected = new BigInt64Array(width).fill(-5n);
    values.forEach((x, i) => {
      expected[i % width] += round(x);
    });
    expect(sums).toEqual(expected);
  });

  test('the order of rows and batches does not matter', () => {
    memory.reset();
    const [rows, width] = [12, 30];
    const src = put(normal(1, rows * width));
    const a = memory.allocate(width * 8);
    const b = memory.allocate(width * 8);
    const [sumsA, sumsB] = [memory.i64(a, width).fill(0n), memory.i64(b, width).fill(0n)];
    kernel.addRowsFixedPoint(src, rows, width, a);
    kernel.addRowsFixedPoint(src + 8 * width * 4, 4, width, b);
    for (let row = 7; row >= 0; row--) kernel.addRowsFixedPoint(src + row * width * 4, 1, width, b);
    expect(sumsB).toEqual(sumsA);
  });

  test.each([NaN, Infinity, 1025, -1025])('refuses %s, adding nothing', (value) => {
    for (let at = 0; at < 6; at++) {
      memory.reset();
      const values = new Float32Array(18).fill(1);
      values[12 + at] = value;
      const src = put(values);
      const acc = memory.allocate(48);
      const sums = memory.i64(acc, 6).fill(7n);
      expect(kernel.addRowsFixedPoint(src, 3, 6, acc)).toBe(2);
      expect(sums.every((x) => x === 7n)).toBe(true);
    }
  });
});

describe('maxBiased', () => {
  test.each([0, 1, 2, 3, 4, 5, 15, 16, 17, 31, 100, 1003])('equals its twin, count %i', (count) => {
    memory.reset();
    const [scores, bias] = [normal(2 * count, count), normal(2 * count + 1, count).slice()];
    for (let i = 0; i < count; i += 3) bias[i] = -Infinity;
    const twin = scores.reduce((best, score, i) => Math.max(best, f32(score + bias[i])), -Infinity);
    expect(kernel.maxBiased(put(scores), put(bias), count)).toBe(twin);
  });

  test('finds the largest in every place', () => {
    for (let at = 0; at < 37; at++) {
      memory.reset();
      const scores = new Float32Array(37).fill(-1);
      scores[at] = 0.5;
      expect(kernel.maxBiased(put(scores), put(new Float32Array(37)), 37)).toBe(0.5);
    }
  });

  test('everything left out is -Infinity; NaN is passed over; -0 is 0', () => {
    memory.reset();
    const scores = put(Float32Array.of(1, 2, NaN, 4, 5));
    const bias = memory.allocate(20);
    memory.f32(bias, 5).fill(-Infinity);
    expect(kernel.maxBiased(scores, bias, 5)).toBe(-Infinity);
    memory.f32(bias, 5).fill(0);
    expect(kernel.maxBiased(scores, bias, 3)).toBe(2);
    const zero = put(Float32Array.of(-0, -0, -0, -0, -0));
    expect(kernel.maxBiased(zero, zero, 5)).toBe(0);
  });
});

describe('maxWeighted', () => {
  test.each([0, 1, 3, 4, 7, 8, 9, 15, 16, 100, 517])('equals its twin, count %i', (count) => {
    memory.reset();
    const items = 257;
    const scores = normal(1000 + count, items);
    const pick = (factor: number): Int32Array =>
      Int32Array.from({ length: count }, (_, m) => (m * factor + 3) % items);
    const [index, anchor] = [pick(101), pick(37)];
    const weight = normal(2000 + count, count).map(Math.abs);
    const offset = normal(3000 + count, count);
    let twin = -Infinity;
    for (let m = 0; m < count; m++)
      twin = Math.max(twin, f32(weight[m] * f32(f32(scores[index[m]] - scores[anchor[m]]) + offset[m])));
    const pointers = [
      put(scores),
      putIntegers(index),
      putIntegers(anchor),
      put(weight),
      put(offset),
    ] as const;
    expect(kernel.maxWeighted(...pointers, count)).toBe(twin);
  });
});

describe('maxWeightedAll', () => {
  test.each([0, 1, 3, 4, 7, 8, 9, 15, 16, 100, 517])('equals maxWeighted of all items, count %i', (count) => {
    memory.reset();
    const scores = put(normal(1000 + count, count));
    const index = putIntegers(Int32Array.from({ length: count }, (_, m) => m));
    const anchor = putIntegers(Int32Array.from({ length: count }, (_, m) => (m * 37 + 3) % count));
    const weight = put(normal(2000 + count, count).map(Math.abs));
    const offset = put(normal(3000 + count, count));
    expect(kernel.maxWeightedAll(scores, anchor, weight, offset, count)).toBe(
      kernel.maxWeighted(scores, index, anchor, weight, offset, count),
    );
  });

  test('an offset of −Infinity leaves an item out', () => {
    memory.reset();
    const count = 21;
    const scores = put(Float32Array.from({ length: count }, (_, m) => m));
    const anchor = putIntegers(new Int32Array(count));
    const weight = put(new Float32Array(count).fill(1));
    for (let last = 0; last < count; last++) {
      const offset = put(Float32Array.from({ length: count }, (_, m) => (m > last ? -Infinity : 0)));
      expect(kernel.maxWeightedAll(scores, anchor, weight, offset, count)).toBe(last);
    }
  });
});

test('regions outside the memory or unaligned are refused', () => {
  memory.reset();
  const at = memory.allocate(4096);
  const end = memory.buffer.byteLength;
  expect(() => kernel.normalizeRows(at, -1, -4, at)).toThrow(OPTION_INVALID);
  expect(() => kernel.addRowsFixedPoint(at, 1, 4, at + 4)).toThrow(OPTION_INVALID);
  expect(() => kernel.maxBiased(at, end, 1)).toThrow(OPTION_INVALID);
  expect(() => kernel.maxWeighted(at, at, at, at, end, 1)).toThrow(OPTION_INVALID);
  expect(() => kernel.maxWeightedAll(end, at, at, at, 1)).toThrow(OPTION_INVALID);
});
