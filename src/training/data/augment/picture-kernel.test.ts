/** The values are tested where they are used, in canvas.test.ts; here the memory. */
import { describe, expect, test } from 'vitest';
import { KernelMemory } from '../../../kernel/index.ts';
import { PictureKernel, RESAMPLE_SLACK } from './picture-kernel.ts';

const OPTION_INVALID = expect.objectContaining({ code: 'OPTION_INVALID' });
const memory = KernelMemory.createSync();
const kernel = new PictureKernel(memory);
const shape = { height: 5, width: 7, channels: 3 } as const;
const size = 5 * 7 * 3;
const GUARD = 12345;

const source = memory.allocate(size + RESAMPLE_SLACK);
const table = memory.allocate(4 * 3 * 256);
const four = memory.allocate(16);
const index = memory.allocate(4 * 16);
const scratch = memory.allocate(4 * (7 * 3 + RESAMPLE_SLACK));
const planes = memory.allocate(4 * size);
const out = memory.allocate(4 * (size + 2));
memory.f32(table, 3 * 256).fill(1);
memory.f32(four, 4).fill(1);
memory.i32(index, 16).fill(1);

const axis = (length: number) => ({
  first: index,
  count: index,
  weights: four,
  taps: 1,
  length: Math.min(length, 4),
});
const resampling = {
  source,
  stride: 21,
  ...shape,
  rows: axis(4),
  columns: axis(4),
  scale: four,
  offset: four,
  mirror: false,
  scratch,
  out: out + 4,
};
const map = { column: [0.3, 0.9, -2], row: [-1.1, 0.2, 3] } as const;

describe('writes its output and nothing beside it', () => {
  test.each([
    ['planes', size, () => kernel.planes({ source, ...shape, table, mirror: true, out: out + 4 })],
    ['resample', 4 * 4 * 3, () => kernel.resample(resampling)],
    ['warp', size, () => kernel.warp({ source: planes, ...shape, map, outside: four, out: out + 4 })],
  ] as const)('%s', (_name, length, run) => {
    const view = memory.f32(out, size + 2);
    view.fill(GUARD);
    run();
    expect(view[0]).toBe(GUARD);
    expect(view[length + 1]).toBe(GUARD);
    expect(view.subarray(1, length + 1).includes(GUARD)).toBe(false);
  });
});

describe('refuses regions outside the memory', () => {
  const end = memory.buffer.byteLength;
  test.each([
    ['planes: source', () => kernel.planes({ source: end, ...shape, table, mirror: false, out })],
    ['planes: table', () => kernel.planes({ source, ...shape, table: end - 4, mirror: false, out })],
    ['planes: out', () => kernel.planes({ source, ...shape, table, mirror: false, out: end - 4 })],
    ['planes: size', () => kernel.planes({ source, ...shape, height: -1, table, mirror: false, out })],
    ['resample: source', () => kernel.resample({ ...resampling, source: end - size })],
    ['resample: stride', () => kernel.resample({ ...resampling, stride: 2 ** 31 })],
    ['resample: taps', () => kernel.resample({ ...resampling, rows: { ...axis(4), weights: end } })],
    ['resample: scratch', () => kernel.resample({ ...resampling, scratch: end - 4 })],
    ['resample: out', () => kernel.resample({ ...resampling, out: end - 4 })],
    ['warp: source', () => kernel.warp({ source: end - 4, ...shape, map, outside: null, out })],
    ['warp: outside', () => kernel.warp({ source: planes, ...shape, map, outside: end, out })],
    ['warp: out', () => kernel.warp({ source: planes, ...shape, map, outside: null, out: 0 })],
  ])('%s', (_name, run) => {
    expect(run).toThrow(OPTION_INVALID);
  });
});
