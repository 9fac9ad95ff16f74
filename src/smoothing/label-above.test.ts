import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KernelMemory } from '../kernel/index.ts';
import { CountingKernel } from './counting-kernel.ts';

const memory = KernelMemory.createSync();
const kernel = new CountingKernel(memory);
const [scores, bias, labels] = [0, 1, 2].map(() => memory.allocate(4 * 100));

test('labelAbove finds the one label at or above the level, as the plain loop does', () => {
  const item = fc.record({ score: fc.integer({ min: -4, max: 4 }), label: fc.integer({ min: 0, max: 2 }) });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 100 }), fc.integer({ min: -6, max: 8 }), (items, level) => {
      memory.f32(scores, items.length).set(items.map(({ score }) => score));
      memory.f32(bias, items.length).fill(0.5);
      memory.i32(labels, items.length).set(items.map(({ label }) => label));
      const found = new Set(items.filter(({ score }) => score + 0.5 >= level).map(({ label }) => label));
      const expected = found.size === 1 ? [...found][0] : undefined;
      expect(kernel.labelAbove(scores, bias, labels, items.length, level)).toBe(expected);
    }),
  );
});

test('labelAbove passes over NaN and checks its regions', () => {
  memory.f32(scores, 3).set([NaN, 1, 0]);
  memory.f32(bias, 3).fill(0);
  memory.i32(labels, 3).set([5, 6, 7]);
  expect(kernel.labelAbove(scores, bias, labels, 3, 0.5)).toBe(6);
  expect(() => kernel.labelAbove(scores, bias, 2 ** 40, 3, 0.5)).toThrow('OPTION_INVALID');
});
