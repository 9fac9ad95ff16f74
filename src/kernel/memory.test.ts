import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { buildWasm, GENERATED, generatedSource } from '../../tools/build-wasm.ts';
import { KernelMemory } from './memory.ts';

const OPTION_INVALID = expect.objectContaining({ code: 'OPTION_INVALID' });

test('the committed module is what the sources compile to', async () => {
  expect(readFileSync(GENERATED, 'utf8')).toBe(generatedSource(await buildWasm()));
});

describe('memory', () => {
  test('allocations are aligned, apart, and grow the memory', () => {
    const memory = KernelMemory.createSync();
    const [a, b, c] = [memory.allocate(1), memory.allocate(65), memory.allocate(10 << 20)];
    expect([a % 64, b % 64, c % 64]).toEqual([0, 0, 0]);
    expect(b - a).toBe(64);
    expect(c - b).toBe(128);
    expect(memory.buffer).toBeInstanceOf(ArrayBuffer);
    expect(memory.buffer.byteLength).toBeGreaterThanOrEqual(c + (10 << 20));
    expect(memory.f32(c, (10 << 20) / 4).length).toBe((10 << 20) / 4);
  });

  test('growth detaches views; reset keeps memory and views', () => {
    const memory = KernelMemory.createSync();
    const a = memory.allocate(64);
    const view = memory.f32(a, 16);
    memory.allocate(1 << 20);
    expect(view.length).toBe(0);
    const again = memory.f32(a, 16);
    memory.reset();
    expect(memory.allocate(64)).toBe(a);
    expect(again.length).toBe(16);
  });

  test('two memories share nothing', () => {
    const [one, two] = [KernelMemory.createSync(), KernelMemory.createSync()];
    expect(one.buffer).not.toBe(two.buffer);
  });

  test('refuses impossible sizes', () => {
    const memory = KernelMemory.createSync();
    for (const size of [-1, 0.5, NaN, 5 * 2 ** 30])
      expect(() => memory.allocate(size)).toThrow(OPTION_INVALID);
  });

  test('refuses addresses beyond the memory', () => {
    const memory = KernelMemory.createSync();
    expect(() => memory.f32(2 ** 31, 1)).toThrow(OPTION_INVALID);
  });
});
