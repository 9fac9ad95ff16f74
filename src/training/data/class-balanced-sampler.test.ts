import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClassBalancedSampler } from './class-balanced-sampler.ts';

/** Labels of classes with so many pictures each, mixed up so that a class is not a run. */
const labelsOf = (sizes: readonly number[]): number[] => {
  const left = sizes.map((size, c) => ({ c, size }));
  const labels: number[] = [];
  for (let round = 0; left.some(({ size }) => size > round); round++)
    for (const { c, size } of left) if (size > round) labels.push(7 * c - 3);
  return labels;
};

const shapes = fc
  .record({
    sizes: fc.array(fc.integer({ min: 1, max: 23 }), { minLength: 1, maxLength: 12 }),
    perClass: fc.integer({ min: 1, max: 6 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
  })
  .map(({ sizes, perClass, share, seed }) => ({
    labels: labelsOf(sizes),
    sizes,
    perClass,
    classes: 1 + Math.floor(share * (sizes.length - 1)),
    seed,
  }));

describe('ClassBalancedSampler', () => {
  test('every batch has `classes` distinct classes with `perClass` pictures, distinct where the class has as many', () => {
    fc.assert(
      fc.property(shapes, ({ labels, classes, perClass, seed }) => {
        const sampler = new ClassBalancedSampler(labels, { classes, perClass, seed });
        for (let step = 0; step < 2 * sampler.stepsPerEpoch; step++) {
          const batch = [...sampler.batch(step)];
          expect(batch).toHaveLength(classes * perClass);
          const seen = new Set<number>();
          for (let first = 0; first < batch.length; first += perClass) {
            const group = batch.slice(first, first + perClass);
            const label = labels[group[0]];
            expect(group.every((picture) => labels[picture] === label)).toBe(true);
            expect(seen.has(label)).toBe(false);
            seen.add(label);
            const size = labels.filter((other) => other === label).length;
            expect(new Set(group).size).toBe(Math.min(size, perClass));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test('every epoch has every picture, in no more steps than that takes', () => {
    fc.assert(
      fc.property(shapes, ({ labels, sizes, classes, perClass, seed }) => {
        const sampler = new ClassBalancedSampler(labels, { classes, perClass, seed });
        const steps = sampler.stepsPerEpoch;
        for (const epoch of [0, 3]) {
          const seen = new Set<number>();
          for (let step = epoch * steps; step < (epoch + 1) * steps; step++)
            for (const picture of sampler.batch(step)) seen.add(picture);
          expect(seen.size).toBe(labels.length);
        }
        // a lower bound for any schedule: groups over places, and one group of a class a batch
        const groups = sizes.map((size) => Math.ceil(size / perClass));
        const total = groups.reduce((a, b) => a + b);
        expect(steps).toBe(Math.max(Math.ceil(total / classes), ...groups));
      }),
      { numRuns: 60 },
    );
  });

  test('where the sizes fit, every picture comes exactly once an epoch', () => {
    const labels = labelsOf(Array.from({ length: 10 }, () => 12));
    const sampler = new ClassBalancedSampler(labels, { classes: 5, perClass: 4, seed: 1 });
    expect(sampler.stepsPerEpoch).toBe(6);
    const all = Array.from({ length: 6 }, (_, step) => [...sampler.batch(step)]).flat();
    expect(all.toSorted((a, b) => a - b)).toEqual(Array.from(labels.keys()));
  });

  test('is a function of seed and step, whatever was asked before', () => {
    const labels = labelsOf([9, 4, 14, 6, 7, 2]);
    const options = { classes: 3, perClass: 2, seed: 5 };
    const forwards = new ClassBalancedSampler(labels, options);
    const steps = Array.from({ length: 40 }, (_, step) => step);
    const inOrder = steps.map((step) => [...forwards.batch(step)]);
    const backwards = new ClassBalancedSampler(labels, options);
    expect(
      steps
        .toReversed()
        .map((step) => [...backwards.batch(step)])
        .toReversed(),
    ).toEqual(inOrder);
    expect(new Set(inOrder.map(String)).size).toBe(steps.length);
    const other = new ClassBalancedSampler(labels, { ...options, seed: 6 });
    expect([...other.batch(0)]).not.toEqual(inOrder[0]);
    // what the caller does with a batch does not come back
    forwards.batch(0).fill(0);
    expect([...forwards.batch(0)]).toEqual(inOrder[0]);
  });

  test('which classes meet is spread evenly: each pair about as often as any other', () => {
    const labels = labelsOf(Array.from({ length: 8 }, () => 8));
    const sampler = new ClassBalancedSampler(labels, { classes: 4, perClass: 2, seed: 2 });
    const meetings = new Map<string, number>();
    const epochs = 400;
    for (let step = 0; step < epochs * sampler.stepsPerEpoch; step++) {
      const classes = [...new Set([...sampler.batch(step)].map((picture) => labels[picture]))].sort(
        (a, b) => a - b,
      );
      classes.forEach((a, i) => {
        for (const b of classes.slice(i + 1)) meetings.set(`${a} ${b}`, (meetings.get(`${a} ${b}`) ?? 0) + 1);
      });
    }
    expect(sampler.stepsPerEpoch).toBe(8);
    // 8 batches of 4 · 3 / 2 pairs over 28 pairs
    const expected = (epochs * 8 * 6) / 28;
    expect(meetings.size).toBe(28);
    for (const count of meetings.values()) expect(Math.abs(count / expected - 1)).toBeLessThan(0.15);
  });

  test.each([
    [{ classes: 0, perClass: 2 }],
    [{ classes: 2, perClass: 0 }],
    [{ classes: 1.5, perClass: 2 }],
    [{ classes: 4, perClass: 2 }], // only 3 classes
    [{ classes: 3, perClass: 30_000 }],
    [{ classes: 3, perClass: 2, seed: -1 }],
  ])('refuses %o', (options) => {
    expect(() => new ClassBalancedSampler(labelsOf([3, 3, 3]), { seed: 0, ...options })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });

  test.each([-1, 0.5, NaN, 2 ** 32])('refuses step %s', (step) => {
    const sampler = new ClassBalancedSampler([0, 1], { classes: 2, perClass: 1, seed: 0 });
    expect(() => sampler.batch(step)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  });
});
