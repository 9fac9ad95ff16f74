import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { KernelMemory } from '../../kernel/index.ts';
import { SAMPLE_LIMIT } from '../stream.ts';
import { type CellTable, cellTable, LARGEST_SIGMA, SMALLEST_SIGMA, UNDECIDED } from './cell-table.ts';
import { exactNoise } from './exact-noise.ts';
import { ExactNoiseKernel } from './exact-noise-kernel.ts';
import { exactPerturbRealReference, exactPerturbReference, greyAffine } from './grey-input.ts';
import { type ExactNoiseKey, exactNoiseKey } from './key.ts';
import { positionTable } from './position-table.ts';

const OPTION_INVALID = expect.objectContaining({ code: 'OPTION_INVALID' });
const memory = KernelMemory.createSync();
const kernel = new ExactNoiseKernel(memory);
memory.allocate(1 << 22);
beforeEach(() => memory.reset());

const key = exactNoiseKey({ seed: 1, query: 'q', phase: 'estimation' });
const keys: ExactNoiseKey[] = [
  key,
  exactNoiseKey({
    seed: Uint8Array.from({ length: 32 }, (_, i) => 7 * i),
    query: 'a query',
    phase: 'gallery',
  }),
  { words: [0, 0, 0, 0, 0, 0, 0, 0] },
  { words: [2 ** 32 - 1, 2 ** 31, 1, 2 ** 32 - 1, 0, 2 ** 31 - 1, 5, 2 ** 32 - 1] },
];
const SIGMAS = [SMALLEST_SIGMA, 0.02, 0.25, 1, LARGEST_SIGMA];
/** Kept here, for the table of the largest sigma takes seconds. */
const tables = new Map(SIGMAS.map((sigma) => [sigma, cellTable(sigma)]));
const tableOf = (sigma: number): CellTable => tables.get(sigma) ?? cellTable(sigma);
const GUARD = 64;
const CANARY = 12345;

/** Runs `write` on `length` i16 between two guards, and checks that the guards survive. */
function guardedI16(length: number, write: (out: number) => void): Int16Array {
  const all = memory.i16(memory.allocate(2 * (length + 2 * GUARD)), length + 2 * GUARD).fill(CANARY);
  write(all.byteOffset + 2 * GUARD);
  for (const guard of [all.subarray(0, GUARD), all.subarray(GUARD + length)])
    expect(guard.every((x) => x === CANARY)).toBe(true);
  return all.slice(GUARD, GUARD + length);
}

/** The same on f32; returns their bits. */
function guardedF32(length: number, write: (out: number) => void): Uint32Array {
  const all = memory.f32(memory.allocate(4 * (length + 2 * GUARD)), length + 2 * GUARD).fill(CANARY);
  write(all.byteOffset + 4 * GUARD);
  for (const guard of [all.subarray(0, GUARD), all.subarray(GUARD + length)])
    expect(guard.every((x) => x === CANARY)).toBe(true);
  return bits(all.slice(GUARD, GUARD + length));
}

const bits = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer);

describe('noise', () => {
  describe.each(SIGMAS)('at sigma = %s', (sigma) => {
    const table = tableOf(sigma);

    test.each([1, 31, 32, 33, 127, 128, 129, 784, 4095, 4096, 4097, 3 * 53 * 59])(
      'has the bits of the reference, dimension %i',
      (dimension) => {
        for (const [i, firstSample] of [0, 2 ** 32 - 1, SAMPLE_LIMIT - 2].entries()) {
          const range = { key: keys[(dimension + i) % keys.length], firstSample, count: 2, dimension, table };
          const got = guardedI16(2 * dimension, (out) => kernel.noise({ ...range, out }));
          const want = [0, 1].map((row) => exactNoise(range.key, firstSample + row, dimension, table));
          expect(got.subarray(0, dimension)).toEqual(want[0]);
          expect(got.subarray(dimension)).toEqual(want[1]);
        }
      },
    );
  });

  test('has the bits of the reference for any key, sample, dimension and sigma', () => {
    const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const words = fc.tuple(word, word, word, word, word, word, word, word);
    const sample = fc.integer({ min: 0, max: SAMPLE_LIMIT - 1 });
    const dimension = fc.integer({ min: 1, max: 9000 });
    const sigma = fc.oneof(
      fc.constantFrom(...SIGMAS),
      fc.double({ min: SMALLEST_SIGMA, max: 0.1, noNaN: true }),
    );
    fc.assert(
      fc.property(words, sample, dimension, sigma, (words, firstSample, dimension, sigma) => {
        memory.reset();
        const table = tableOf(sigma);
        const got = guardedI16(dimension, (out) =>
          kernel.noise({ key: { words }, firstSample, count: 1, dimension, table, out }),
        );
        expect(got).toEqual(exactNoise({ words }, firstSample, dimension, table));
      }),
      { numRuns: 60 },
    );
  });

  test.each([0.25, 1])('a million values equal the reference, sigma %s', (sigma) => {
    const table = tableOf(sigma);
    const dimension = 1 << 20;
    const got = guardedI16(dimension, (out) =>
      kernel.noise({ key, firstSample: 5, count: 1, dimension, table, out }),
    );
    const want = exactNoise(key, 5, dimension, table);
    expect(got.every((value, i) => value === want[i])).toBe(true);
  });

  test('reaches prefixes with many borders, and cells whose prefixes are all open', () => {
    const table = tableOf(LARGEST_SIGMA);
    const decided = new Set(table.prefixes);
    const dimension = 1 << 18;
    const noise = guardedI16(dimension, (out) =>
      kernel.noise({ key, firstSample: 1, count: 1, dimension, table, out }),
    );
    expect(table.prefixes[0]).toBe(UNDECIDED);
    expect(noise.filter((cell) => !decided.has(cell)).length).toBeGreaterThan(1000);
    expect(noise.some((cell) => cell < 0 && !decided.has(cell))).toBe(true);
    expect(noise.some((cell) => cell > 0 && !decided.has(cell))).toBe(true);
    const want = exactNoise(key, 1, dimension, table);
    expect(noise.every((value, i) => value === want[i])).toBe(true);
  });

  test('is the same bits however the samples are cut', () => {
    const [dimension, n] = [77, 24];
    const table = tableOf(0.25);
    const draw = (firstSample: number, count: number, out: number): void =>
      kernel.noise({ key, firstSample, count, dimension, table, out });
    const whole = guardedI16(n * dimension, (out) => draw(0, n, out));
    for (const size of [1, 5, 7]) {
      const parts = guardedI16(n * dimension, (out) => {
        for (let i = 0; i < n; i += size) draw(i, Math.min(size, n - i), out + 2 * i * dimension);
      });
      expect(parts).toEqual(whole);
    }
  });

  test('takes the table that is asked for, also after a reset and from another kernel on the same memory', () => {
    const dimension = 500;
    const other = new ExactNoiseKernel(memory);
    for (const [i, sigma] of [1, 0.25, 0.25, SMALLEST_SIGMA, 1, 0.25].entries()) {
      if (i === 2) memory.reset();
      const table = tableOf(sigma);
      const got = guardedI16(dimension, (out) =>
        [kernel, other][i % 2].noise({ key, firstSample: i, count: 1, dimension, table, out }),
      );
      expect(got).toEqual(exactNoise(key, i, dimension, table));
    }
  });
});

/** Places a picture's affine function in the memory. */
function placeAffine({ scale, offset }: { scale: Float32Array; offset: Float32Array }, dimension: number) {
  const pointers = { scale: memory.allocate(4 * scale.length), offset: memory.allocate(4 * offset.length) };
  memory.f32(pointers.scale, scale.length).set(scale);
  memory.f32(pointers.offset, offset.length).set(offset);
  return { ...pointers, channels: scale.length, plane: dimension / scale.length };
}

/** Places a picture of bytes and its affine function in the memory. */
function place(picture: Uint8Array, affine: { scale: Float32Array; offset: Float32Array }) {
  const base = memory.allocate(picture.length);
  memory.u8(base, picture.length).set(picture);
  return { base, ...placeAffine(affine, picture.length) };
}

describe('perturb and combine', () => {
  const shapes = [
    [1, 1],
    [1, 784],
    [3, 1],
    [3, 5],
    [3, 16],
    [3, 33],
    [2, 4096],
    [2, 4100],
    [3, 37 * 41],
    [40, 7],
  ];
  describe.each([SMALLEST_SIGMA, 0.25, LARGEST_SIGMA])('at sigma = %s', (sigma) => {
    const table = tableOf(sigma);

    test.each(shapes)('have the bits of the reference, %i channels of %i', (channels, plane) => {
      const [firstSample, count, dimension] = [41, 3, channels * plane];
      const mean = Array.from({ length: channels }, (_, c) => 0.4 + c / 100);
      const std = Array.from({ length: channels }, (_, c) => 0.2 + c / 50);
      const affine = greyAffine({ mean, std });
      const base = Uint8Array.from({ length: dimension }, (_, i) => (i * 37) % 256);
      const range = { key: keys[1], firstSample, count, table };
      const picture = place(base, affine);

      const fused = guardedF32(count * dimension, (out) => kernel.perturb({ ...range, ...picture, out }));
      expect(fused).toEqual(bits(exactPerturbReference({ ...range, base, ...affine })));

      const noise = memory.allocate(2 * count * dimension);
      kernel.noise({ ...range, dimension, out: noise });
      const combined = guardedF32(count * dimension, (out) =>
        kernel.combine({ ...picture, noise, count, out }),
      );
      expect(combined).toEqual(fused);
    });
  });

  test('no rows write nothing', () => {
    const picture = place(new Uint8Array(16), greyAffine({ mean: [0], std: [1] }));
    const range = { key, firstSample: 0, count: 0, table: tableOf(0.25) };
    expect(guardedI16(0, (out) => kernel.noise({ ...range, dimension: 16, out })).length).toBe(0);
    expect(guardedF32(0, (out) => kernel.perturb({ ...range, ...picture, out })).length).toBe(0);
    expect(guardedF32(0, (out) => kernel.combine({ ...picture, noise: out, count: 0, out })).length).toBe(0);
  });
});

describe('perturbReal', () => {
  const affine = (channels: number) =>
    greyAffine({
      mean: Array.from({ length: channels }, (_, c) => 0.4 + c / 100),
      std: Array.from({ length: channels }, (_, c) => 0.2 + c / 50),
    });
  const draw = (range: Parameters<typeof exactPerturbRealReference>[0]): Uint32Array => {
    const { picture, count } = range;
    const pointer = memory.allocate(4 * picture.length);
    memory.i32(pointer, picture.length).set(picture);
    const pointers = { ...placeAffine(range, picture.length), picture: pointer };
    return guardedF32(count * picture.length, (out) => kernel.perturbReal({ ...range, ...pointers, out }));
  };
  const picture = (length: number, step: number): Int32Array =>
    Int32Array.from({ length }, (_, i) => ((i * step) % (511 * 65536)) - 128 * 65536);

  describe.each([SMALLEST_SIGMA, 0.25, LARGEST_SIGMA])('at sigma = %s', (sigma) => {
    const table = positionTable(sigma);

    test.each([
      [1, 1],
      [1, 784],
      [3, 5],
      [3, 33],
      [2, 4100],
      [3, 37 * 41],
      [40, 7],
    ])('has the bits of the reference, %i channels of %i', (channels, plane) => {
      const source = { key: keys[1], firstSample: 2 ** 32 - 1, count: 2, ...affine(channels) };
      const range = { ...source, table, picture: picture(channels * plane, 1_234_567) };
      const want = bits(exactPerturbRealReference(range));
      expect(draw(range)).toEqual(want);
      // every comparison left to whole numbers, of which there is practically never one
      expect(draw({ ...range, table: { ...table, margin: 1 } })).toEqual(want);
    });
  });

  test('has the bits of the reference for any key, sample, pixel and sigma', () => {
    const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const words = fc.tuple(word, word, word, word, word, word, word, word);
    const sample = fc.integer({ min: 0, max: SAMPLE_LIMIT - 1 });
    const step = fc.integer({ min: 0, max: 2 ** 30 });
    const sigma = fc.oneof(
      fc.constantFrom(...SIGMAS),
      fc.double({ min: SMALLEST_SIGMA, max: 0.1, noNaN: true }),
    );
    fc.assert(
      fc.property(words, sample, step, sigma, (words, firstSample, step, sigma) => {
        memory.reset();
        const range = { key: { words }, firstSample, count: 1, ...affine(1), table: positionTable(sigma) };
        const source = { ...range, picture: picture(2000, step) };
        expect(draw(source)).toEqual(bits(exactPerturbRealReference(source)));
      }),
      { numRuns: 40 },
    );
  });

  test('gives for whole pixels the rows of perturb', () => {
    const dimension = 1 << 17;
    const base = Uint8Array.from({ length: dimension }, (_, i) => (i * 37) % 256);
    const range = { key, firstSample: 5, count: 1 };
    const bytes = place(base, affine(2));
    const want = guardedF32(dimension, (out) =>
      kernel.perturb({ ...range, ...bytes, table: tableOf(1), out }),
    );
    const whole = Int32Array.from(base, (level) => level * 65536);
    const got = draw({ ...range, ...affine(2), table: positionTable(1), picture: whole });
    expect(got.every((value, i) => value === want[i])).toBe(true);
  });

  test('no rows write nothing', () => {
    const range = { key, firstSample: 0, count: 0, ...affine(1), table: positionTable(0.25) };
    expect(draw({ ...range, picture: picture(16, 1) }).length).toBe(0);
  });

  test('refuses regions outside the memory, and what is no table', () => {
    const at = memory.allocate(4096);
    const table = positionTable(0.25);
    const pointers = { picture: at, scale: at, offset: at, out: at, channels: 1, plane: 4 };
    const range = { key, firstSample: 0, count: 1, table, ...pointers };
    const end = memory.buffer.byteLength;
    for (const name of ['picture', 'scale', 'offset', 'out'])
      for (const wrong of [0, end, NaN, at + 2])
        expect(() => kernel.perturbReal({ ...range, [name]: wrong })).toThrow(OPTION_INVALID);
    for (const wrong of [
      { firstSample: -1 },
      { count: 0.5 },
      { channels: 0 },
      { plane: 0 },
      { table: { ...table, reach: 40_000 } },
      { table: { ...table, positions: table.positions.subarray(1) } },
      { table: { ...table, cdf: table.cdf.subarray(1) } },
    ])
      expect(() => kernel.perturbReal({ ...range, ...wrong })).toThrow(OPTION_INVALID);
  });
});

describe('what is refused', () => {
  const table = tableOf(0.25);
  const range = { key, firstSample: 0, count: 1, table };

  test('regions outside the memory, unaligned or over the tables', () => {
    const at = memory.allocate(4096);
    const end = memory.buffer.byteLength;
    for (const out of [0, -2, 1024, at + 1, at + 0.5, NaN, end - 2])
      expect(() => kernel.noise({ ...range, dimension: 2, out })).toThrow(OPTION_INVALID);
    const picture = { base: at, scale: at, offset: at, channels: 1, plane: 4 };
    for (const name of ['base', 'scale', 'offset', 'out', 'noise'])
      for (const wrong of [0, end, NaN]) {
        const pointers = { ...picture, out: at, noise: at, [name]: wrong };
        if (name !== 'noise') expect(() => kernel.perturb({ ...range, ...pointers })).toThrow(OPTION_INVALID);
        expect(() => kernel.combine({ ...pointers, count: 1 })).toThrow(OPTION_INVALID);
      }
    for (const [channels, plane] of [
      [0, 4],
      [4, 0],
      [1.5, 2],
      [-1, -2],
      [1, 2 ** 40],
    ]) {
      const wrong = { ...picture, channels, plane, out: at };
      expect(() => kernel.perturb({ ...range, ...wrong })).toThrow(OPTION_INVALID);
      expect(() => kernel.combine({ ...wrong, noise: at, count: 1 })).toThrow(OPTION_INVALID);
    }
  });

  test.each<[string, object]>([
    ['a negative sample', { firstSample: -1 }],
    ['half a sample', { firstSample: 0.5 }],
    ['a sample of 2^48', { firstSample: SAMPLE_LIMIT }],
    ['a negative count', { count: -1 }],
    ['no count', { count: NaN }],
    ['dimension 0', { dimension: 0 }],
    ['dimension 1.5', { dimension: 1.5 }],
    ['a dimension beyond 2^31', { dimension: 2 ** 31 + 1 }],
    ['a table with too many cells', { table: { ...table, reach: 40_000 } }],
    ['a table with borders for other cells', { table: { ...table, reach: 7 } }],
  ])('%s', (_, wrong) => {
    const out = memory.allocate(4096);
    expect(() => kernel.noise({ ...range, dimension: 4, out, ...wrong })).toThrow(OPTION_INVALID);
  });
});
