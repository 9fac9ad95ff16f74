import fc from 'fast-check';
import { expect, test } from 'vitest';
import { kthSmallestRadius, leastRadius } from './intersection.ts';
import { abstain, certified } from './result.ts';

test('the k-th smallest radius counts a group as often as it has members', () => {
  const entry = fc.record({
    radius: fc.double({ min: 0, max: 3, noNaN: true }),
    count: fc.integer({ min: 0, max: 5 }),
  });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 12 }), fc.integer({ min: 1, max: 20 }), (radii, k) => {
      const expanded = radii
        .flatMap(({ radius, count }) => Array.from({ length: count }, () => radius))
        .sort((x, y) => x - y);
      const before = JSON.stringify(radii);
      expect(kthSmallestRadius(radii, k)).toBe(k <= expanded.length ? expanded[k - 1] : Infinity);
      expect(JSON.stringify(radii)).toBe(before);
    }),
    { seed: 6, numRuns: 500 },
  );
});

test('a radius without a count stands for one negative', () => {
  expect(kthSmallestRadius([{ radius: 2 }, { radius: 1 }, { radius: 3 }], 2)).toBe(2);
  expect(kthSmallestRadius([], 1)).toBe(Infinity);
});

test('the least radius takes an abstention for 0', () => {
  expect(leastRadius([certified(0.4), certified(0.2), certified(0.9)])).toBe(0.2);
  expect(leastRadius([certified(0.4), abstain('no-margin')])).toBe(0);
  expect(leastRadius([])).toBe(Infinity);
});
