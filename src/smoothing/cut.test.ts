import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutTasks } from './cut.ts';
import { TILE } from './protocol.ts';

const sum = (sizes: number[]): number => sizes.reduce((total, size) => total + size, 0);

describe('cutTasks', () => {
  test('whole tiles that differ by one at most, or units where there are few, all samples once, equally many for each thread', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40_000 }),
        fc.integer({ min: 1, max: 16 }),
        fc.double({ min: 1e-6, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(1, 4, 16),
        (count, queries, secondsPerImage, threads, unit) => {
          const sizes = cutTasks(count, { queries, secondsPerImage, threads, unit });
          const grain = count < 4 * TILE * threads ? unit : TILE;
          expect(sum(sizes)).toBe(count);
          expect(sizes.slice(0, -1).every((size) => size > 0 && size % grain === 0)).toBe(true);
          const grains = sizes.map((size) => Math.ceil(size / grain));
          expect(Math.min(...grains)).toBeGreaterThanOrEqual(1);
          expect(Math.max(...grains) - Math.min(...grains)).toBeLessThanOrEqual(1);
          expect(grains).toEqual(grains.toSorted((a, b) => b - a));
          // several threads all have the same number of tasks, or every one is a task
          expect(sizes.length % threads === 0 || sizes.length === Math.ceil(count / grain)).toBe(true);
        },
      ),
    );
  });

  test('a task takes a fifth of a second or less, or is one tile', () => {
    const seconds = 1e-3;
    const sizes = cutTasks(10_000, { queries: 1, secondsPerImage: seconds, threads: 2, unit: 1 });
    expect(Math.max(...sizes) * seconds).toBeLessThanOrEqual(0.2);
    expect(new Set(cutTasks(640, { queries: 8, secondsPerImage: 0.04, threads: 2, unit: 64 }))).toEqual(
      new Set([TILE]),
    );
  });

  test('few samples are shared evenly by the threads', () => {
    const few = { queries: 1, secondsPerImage: 1e-3, threads: 2 };
    expect(cutTasks(22, { ...few, unit: 1 })).toEqual([11, 11]);
    expect(cutTasks(100, { ...few, unit: 16 })).toEqual([64, 36]);
    expect(cutTasks(1, { ...few, unit: 1 })).toEqual([1]);
  });

  test('no samples, no tasks', () => {
    expect(cutTasks(0, { queries: 1, secondsPerImage: 1, threads: 2, unit: 64 })).toEqual([]);
  });
});
