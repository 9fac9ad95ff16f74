import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shareAbove, survivalCurve } from './curve.ts';

const radius = fc.oneof(fc.constantFrom(0, 0.1, 0.25, 0.5), fc.double({ min: 0, max: 3, noNaN: true }));
const radii = fc.array(radius, { maxLength: 60 });

test('equals a naive count at any radius, also exactly at the steps', () => {
  fc.assert(
    fc.property(radii, fc.nat(20), fc.array(radius), (all, wrong, probes) => {
      const total = all.length + wrong;
      const steps = survivalCurve(all, total);
      for (const r of [0, 10, ...probes, ...all]) {
        const naive = total === 0 ? 0 : all.filter((one) => one > r).length / total;
        expect(shareAbove(steps, r)).toBe(naive);
      }
    }),
  );
});

test('steps start at 0, fall strictly afterwards and end at share 0', () => {
  fc.assert(
    fc.property(radii, (all) => {
      const steps = survivalCurve(all, all.length + 1);
      expect(steps[0].radius).toBe(0);
      expect(steps.at(-1)?.share).toBe(0);
      for (let i = 1; i < steps.length; i++) {
        expect(steps[i].radius).toBeGreaterThan(steps[i - 1].radius);
        expect(steps[i].share).toBeLessThan(steps[i - 1].share);
      }
    }),
  );
});

test('by hand', () => {
  expect(survivalCurve([0.3, 0, 0.1, 0.3], 5)).toEqual([
    { radius: 0, share: 3 / 5 },
    { radius: 0.1, share: 2 / 5 },
    { radius: 0.3, share: 0 },
  ]);
  expect(survivalCurve([], 2)).toEqual([{ radius: 0, share: 0 }]);
  expect(survivalCurve([], 0)).toEqual([]);
});
