import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { buildWasm, GENERATED, generatedSource } from '../../tools/build-wasm.ts';
import { noiseKey } from '../noise/index.ts';
import { Kernel } from './kernel.ts';

const OPTION_INVALID = expect.objectContaining({ code: 'OPTION_INVALID' });
const key = noiseKey({ seed: 1, query: 'q', phase: 'selection' });

test('the committed module is what the sources compile to', async () => {
  expect(readFileSync(GENERATED, 'utf8')).toBe(generatedSource(await buildWasm()));
});

describe('memory', () => {
  test('allocations are aligned, apart, and grow the memory', () => {
    const kernel = Kernel.createSync();
    const [a, b, c] = [kernel.allocate(1), kernel.allocate(65), kernel.allocate(10 << 20)];
    expect([a % 64, b % 64, c % 64]).toEqual([0, 0, 0]);
    expect(b - a).toBe(64);
    expect(c - b).toBe(128);
    expect(kernel.buffer).toBeInstanceOf(ArrayBuffer);
    expect(kernel.buffer.byteLength).toBeGreaterThanOrEqual(c + (10 << 20));
    expect(kernel.f32(c, (10 << 20) / 4).length).toBe((10 << 20) / 4);
  });

  test('growth detaches views; reset keeps memory and views', () => {
    const kernel = Kernel.createSync();
    const a = kernel.allocate(64);
    const view = kernel.f32(a, 16);
    kernel.allocate(1 << 20);
    expect(view.length).toBe(0);
    const again = kernel.f32(a, 16);
    kernel.reset();
    expect(kernel.allocate(64)).toBe(a);
    expect(again.length).toBe(16);
  });

  test('two kernels share nothing', () => {
    const [one, two] = [Kernel.createSync(), Kernel.createSync()];
    expect(one.buffer).not.toBe(two.buffer);
  });

  test('refuses impossible sizes', () => {
    const kernel = Kernel.createSync();
    for (const size of [-1, 0.5, NaN, 5 * 2 ** 30])
      expect(() => kernel.allocate(size)).toThrow(OPTION_INVALID);
  });

  test('refuses addresses beyond the memory', () => {
    const kernel = Kernel.createSync();
    expect(() => kernel.f32(2 ** 31, 1)).toThrow(OPTION_INVALID);
  });
});

describe('arguments', () => {
  test('regions outside the memory, unaligned or over the scratch are refused', () => {
    const kernel = Kernel.createSync();
    const at = kernel.allocate(4096);
    const end = kernel.buffer.byteLength;
    for (const out of [0, -4, at + 1, at + 0.5, NaN, end - 4])
      expect(() => kernel.gaussian({ key, firstSample: 0, count: 1, dimension: 2, out })).toThrow(
        OPTION_INVALID,
      );
    for (const dimension of [0, -1, 1.5, NaN])
      expect(() => kernel.gaussian({ key, firstSample: 0, count: 1, dimension, out: at })).toThrow(
        OPTION_INVALID,
      );
    expect(() => kernel.gaussian({ key, firstSample: -1, count: 1, dimension: 1, out: at })).toThrow(
      OPTION_INVALID,
    );
    const image = { base: at, scale: at, out: at, key, firstSample: 0, count: 1 };
    for (const [channels, plane] of [
      [0, 4],
      [4, 0],
      [1.5, 2],
      [-1, -2],
      [1, 2 ** 40],
    ])
      expect(() => kernel.perturb({ ...image, channels, plane })).toThrow(OPTION_INVALID);
    expect(() => kernel.combine({ ...image, channels: 1, plane: 4, noise: end })).toThrow(OPTION_INVALID);
    expect(() => kernel.normalizeRows(at, -1, -4, at)).toThrow(OPTION_INVALID);
    expect(() => kernel.rowFault(at, 1 << 20)).toThrow(OPTION_INVALID);
    expect(() => kernel.addRowsFixedPoint(at, 1, 4, at + 4)).toThrow(OPTION_INVALID);
    expect(() => kernel.maxBiased(at, end, 1)).toThrow(OPTION_INVALID);
    expect(() => kernel.maxWeighted(at, at, at, at, end, 1)).toThrow(OPTION_INVALID);
    expect(() => kernel.maxWeightedAll(end, at, at, at, 1)).toThrow(OPTION_INVALID);
  });
});
