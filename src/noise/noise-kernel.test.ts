import { beforeAll, describe, expect, test } from 'vitest';
import { KernelMemory } from '../kernel/index.ts';
import { affineNoise, gaussianSample, noiseKey, perturbReference, type Phase } from './index.ts';
import { NoiseKernel } from './noise-kernel.ts';

const OPTION_INVALID = expect.objectContaining({ code: 'OPTION_INVALID' });
let memory: KernelMemory;
let kernel: NoiseKernel;
beforeAll(async () => {
  memory = await KernelMemory.create();
  kernel = new NoiseKernel(memory);
  memory.allocate(1 << 22);
});

const bits = (values: Float32Array): Uint32Array =>
  new Uint32Array(values.buffer, values.byteOffset, values.length).slice();
const keys = [
  noiseKey({ seed: 0, query: '', phase: 'selection' }),
  noiseKey({ seed: 2 ** 53 - 1, query: 'a query', phase: 'evaluation' }),
  noiseKey({ seed: 12345678901, query: 'another', phase: 'gallery' as Phase }),
  { seedLow: 0xffffffff, seedHigh: 0xffffffff, queryLow: 0xffffffff, queryHigh: 0xffffffff, phase: 255 },
];
const GUARD = 64;
const CANARY = 12345;

/** Runs `write` on `length` f32 between two guards, and checks that the guards survive. */
function guarded(length: number, write: (out: number) => void): Uint32Array {
  const start = memory.allocate((length + 2 * GUARD) * 4);
  const all = memory.f32(start, length + 2 * GUARD).fill(CANARY);
  write(start + GUARD * 4);
  expect(all.subarray(0, GUARD).every((x) => x === CANARY)).toBe(true);
  expect(all.subarray(GUARD + length).every((x) => x === CANARY)).toBe(true);
  return bits(all.subarray(GUARD, GUARD + length));
}

describe('gaussian', () => {
  for (const dimension of [1, 4, 5, 8, 31, 32, 33, 784, 1023, 1024, 1025, 2048, 3 * 37 * 41]) {
    test(`the bits of the reference, dimension ${dimension}`, () => {
      memory.reset();
      for (const key of keys) {
        for (const firstSample of [0, 2 ** 32 - 1, 2 ** 48 - 2]) {
          const out = guarded(2 * dimension, (at) =>
            kernel.gaussian({ key, firstSample, count: 2, dimension, out: at }),
          );
          expect(out.subarray(0, dimension)).toEqual(bits(gaussianSample(key, firstSample, dimension)));
          expect(out.subarray(dimension)).toEqual(bits(gaussianSample(key, firstSample + 1, dimension)));
        }
      }
    });
  }

  test('a million values equal the reference', () => {
    memory.reset();
    const dimension = 1 << 20;
    const out = guarded(dimension, (at) =>
      kernel.gaussian({ key: keys[1], firstSample: 5, count: 1, dimension, out: at }),
    );
    const expected = bits(gaussianSample(keys[1], 5, dimension));
    expect(out.every((word, i) => word === expected[i])).toBe(true);
  });

  test('sample i is the same bits however the samples are cut', () => {
    memory.reset();
    const [key, dimension, n] = [keys[2], 77, 24];
    const whole = guarded(n * dimension, (out) =>
      kernel.gaussian({ key, firstSample: 0, count: n, dimension, out }),
    );
    for (const size of [1, 5, 7]) {
      const parts = guarded(n * dimension, (out) => {
        for (let i = 0; i < n; i += size)
          kernel.gaussian({
            key,
            firstSample: i,
            count: Math.min(size, n - i),
            dimension,
            out: out + i * dimension * 4,
          });
      });
      expect(parts).toEqual(whole);
    }
  });
});

describe('perturb', () => {
  const shapes = [
    [1, 1],
    [1, 784],
    [3, 1],
    [3, 5],
    [3, 32],
    [3, 33],
    [2, 1024],
    [3, 37 * 41],
    [40, 7],
  ];
  test.each(shapes)('the bits of the reference, %i channels of %i', (channels, plane) => {
    memory.reset();
    const [key, firstSample, count, dimension] = [keys[1], 41, 3, channels * plane];
    const mean = Array.from({ length: channels }, (_, c) => 0.4 + c / 100);
    const std = Array.from({ length: channels }, (_, c) => 0.2 + c / 50);
    const image = Float32Array.from({ length: dimension }, (_, i) => (i % 256) / 255);
    const affine = affineNoise(image, 0.25, { mean, std });
    const base = memory.allocate(dimension * 4);
    const scale = memory.allocate(channels * 4);
    memory.f32(base, dimension).set(affine.base);
    memory.f32(scale, channels).set(affine.scale);
    const pointers = { base, scale, channels, plane, count };

    const fused = guarded(count * dimension, (out) => kernel.perturb({ key, firstSample, ...pointers, out }));
    expect(fused).toEqual(bits(perturbReference({ key, firstSample, count, ...affine })));
  });

  test('no rows write nothing', () => {
    memory.reset();
    const base = memory.allocate(64);
    const pointers = { base, scale: base, channels: 1, plane: 16, count: 0 };
    expect(
      guarded(0, (out) => kernel.perturb({ key: keys[0], firstSample: 0, ...pointers, out })).length,
    ).toBe(0);
  });
});

test('regions outside the memory, unaligned or over the scratch are refused', () => {
  memory.reset();
  const [key] = keys;
  const at = memory.allocate(4096);
  const end = memory.buffer.byteLength;
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
});
