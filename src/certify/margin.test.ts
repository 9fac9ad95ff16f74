import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../test/helpers/random.ts';
import {
  bisectorMargin,
  bisectorOffset,
  distance,
  dot,
  minimumMargin,
  safeEmbeddingRadius,
} from './margin.ts';

const seeds = fc.integer({ min: 1, max: 2 ** 31 });
const RUNS = { seed: 7, numRuns: 300 };
const length = (v: number[]): number => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
const minus = (x: number[], y: number[]): number[] => x.map((value, i) => value - y[i]);

function vectors(random: Random, count: number, dimension: number): number[][] {
  return Array.from({ length: count }, () => random.direction(dimension, 0.3 + 0.7 * random.uniform()));
}

describe('bisector margin', () => {
  test('is the signed distance from the bisecting hyperplane, at least the minimum margin', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 9 }), (seed, dimension) => {
        const random = new Random(seed);
        const [z, a, b] = vectors(random, 3, dimension);
        const apart = minus(b, a);
        const unit = apart.map((x) => x / length(apart));
        const middle = a.map((x, i) => (x + b[i]) / 2);
        const signed = -dot(unit, minus(z, middle));
        const margin = bisectorMargin(z, a, b);
        expect(margin).toBeCloseTo(signed, 9);
        expect(bisectorOffset(a, b)).toBeCloseTo(dot(unit, middle), 9);
        const least = minimumMargin(length(minus(z, a)), length(minus(z, b)));
        expect(Math.abs(margin)).toBeGreaterThanOrEqual(Math.abs(least) - 1e-12);
        expect(margin > 0).toBe(length(minus(z, a)) < length(minus(z, b)));
        expect(distance(a, b)).toBeCloseTo(length(apart), 12);
      }),
      RUNS,
    );
  });

  test('of equal items is −Infinity', () => {
    expect(bisectorMargin([1, 0], [0, 1], [0, 1])).toBe(-Infinity);
  });
});

describe('safe embedding radius', () => {
  test('no move of the query below it changes the nearest class, and some longer one does', () => {
    let tight = 0;
    let certified = 0;
    fc.assert(
      fc.property(seeds, fc.integer({ min: 2, max: 6 }), (seed, dimension) => {
        const random = new Random(seed);
        const positives = vectors(random, 1 + random.integer(4), dimension);
        const negatives = vectors(random, 1 + random.integer(6), dimension);
        const z = positives[0].map((x) => 0.8 * x + 0.1 * random.normal());
        const radius = safeEmbeddingRadius(z, positives, negatives);
        const nearest = (point: number[], items: number[][]): number =>
          Math.min(...items.map((item) => length(minus(point, item))));
        const right = (point: number[]): boolean => nearest(point, positives) < nearest(point, negatives);
        if (radius <= 0) return; // says nothing
        certified++;
        expect(right(z)).toBe(true);
        const directions = Array.from({ length: 40 }, () => random.direction(dimension));
        // the most dangerous directions: straight over each bisector
        for (const a of positives)
          for (const b of negatives) directions.push(minus(b, a).map((x) => x / length(minus(b, a))));
        let flipped = false;
        for (const direction of directions) {
          expect(right(z.map((x, i) => x + 0.9999 * radius * direction[i]))).toBe(true);
          if (!right(z.map((x, i) => x + 1.0001 * radius * direction[i]))) flipped = true;
        }
        if (flipped) tight++;
      }),
      RUNS,
    );
    expect(certified).toBeGreaterThan(100);
    expect(tight).toBeGreaterThan(0.5 * certified); // with one positive it is exact
  });

  test('is at least the max-min over a single positive', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        const positives = vectors(random, 3, 4);
        const negatives = vectors(random, 5, 4);
        const z = vectors(random, 1, 4)[0];
        const maxMin = Math.max(
          ...positives.map((a) => Math.min(...negatives.map((b) => bisectorMargin(z, a, b)))),
        );
        expect(safeEmbeddingRadius(z, positives, negatives)).toBeGreaterThanOrEqual(maxMin);
      }),
      RUNS,
    );
  });

  test('without positives or negatives', () => {
    expect(safeEmbeddingRadius([0, 1], [], [[1, 0]])).toBe(-Infinity);
    expect(safeEmbeddingRadius([0, 1], [], [])).toBe(-Infinity);
    expect(safeEmbeddingRadius([0, 1], [[1, 0]], [])).toBe(Infinity);
  });
});
