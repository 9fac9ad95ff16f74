import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../test/helpers/random.ts';
import type { GalleryView } from './gallery-view.ts';
import { scanNearest } from './scanned.ts';
import {
  bisectorValue,
  groupTerms,
  outsideReach,
  type Pair,
  pairTerms,
  roundingAllowance,
  voteAllowance,
} from './statistic.ts';

const seeds = fc.integer({ min: 1, max: 2 ** 31 });
const length = (v: ArrayLike<number>): number => Math.sqrt(Array.from(v).reduce((sum, x) => sum + x * x, 0));
const apart = (x: ArrayLike<number>, y: ArrayLike<number>): number =>
  length(Array.from(x, (value, i) => value - y[i]));

function randomGallery(random: Random, count: number, dimension: number): GalleryView {
  const center = random.direction(dimension);
  const rows = Array.from({ length: count }, () => {
    const spread = random.uniform() < 0.5 ? 0.05 : 1;
    const row = random.direction(dimension).map((x, i) => center[i] + spread * x);
    const norm = length(row) / (random.uniform() < 0.5 ? 1 : 0.2 + 0.8 * random.uniform());
    return row.map((x) => (0.999999 * x) / norm);
  });
  return {
    vectors: Float32Array.from(rows.flat()),
    dimension,
    count,
    labelIndex: new Int32Array(count),
  };
}

const row = (gallery: GalleryView, item: number): Float32Array =>
  gallery.vectors.slice(item * gallery.dimension, (item + 1) * gallery.dimension);

/** ⟨h,u_ab⟩ − c_ab as it is defined: how far h lies beyond the bisector of a and b. */
function beyondBisector(h: ArrayLike<number>, a: ArrayLike<number>, b: ArrayLike<number>): number {
  const between = apart(a, b);
  let sum = 0;
  for (let i = 0; i < h.length; i++) sum += ((b[i] - a[i]) / between) * (h[i] - (a[i] + b[i]) / 2);
  return sum;
}

describe('the statistic of a pair', () => {
  test('is how far h lies beyond the bisector, within its a-priori range', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 2, max: 12 }), (seed, dimension) => {
        const random = new Random(seed);
        const gallery = randomGallery(random, 8, dimension);
        const pairs: Pair[] = Array.from({ length: 5 }, (_, i) => ({
          positive: random.integer(2),
          negative: 2 + i,
        }));
        const terms = pairTerms(gallery, 'group', pairs);
        const h = random.direction(dimension);
        const score = (item: number): number => row(gallery, item).reduce((sum, x, i) => sum + x * h[i], 0);
        let group = -Infinity;
        let naive = -Infinity;
        for (const [m, { positive, negative }] of pairs.entries()) {
          const value = terms.weights[m] * (score(negative) - score(positive) + terms.offsets[m]);
          const truth = beyondBisector(h, row(gallery, positive), row(gallery, negative));
          expect(Math.abs(value - truth)).toBeLessThan(roundingAllowance(dimension, terms.weights[m]));
          group = Math.max(group, value);
          naive = Math.max(naive, truth);
        }
        const { allowance } = terms;
        expect(Math.abs(group - naive)).toBeLessThan(allowance);
        expect(group).toBeLessThanOrEqual(terms.high + allowance);
        expect(group).toBeGreaterThanOrEqual(terms.low - allowance);
        expect(allowance / roundingAllowance(dimension, Math.max(...terms.weights))).toBeCloseTo(1, 3);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('an h at an end of the range attains it', () => {
    const gallery: GalleryView = {
      vectors: Float32Array.of(0.5, 0, -0.25, 0),
      dimension: 2,
      count: 2,
      labelIndex: Int32Array.of(0, 1),
    };
    const { low, high, weights, offsets } = pairTerms(gallery, 'pair', [{ positive: 0, negative: 1 }]);
    const at = (x: number): number => weights[0] * (-0.25 * x - 0.5 * x + offsets[0]);
    expect(at(-1)).toBeCloseTo(high, 6);
    expect(at(1)).toBeCloseTo(low, 6);
    expect([low, high].map((x) => x.toFixed(4))).toEqual(['-0.8750', '1.1250']); // bisector at x = 1/8
  });
});

describe('rounding allowances', () => {
  /** ⟨x,y⟩ with every step rounded to float32, in the given order. */
  function roundedDot(x: ArrayLike<number>, y: ArrayLike<number>, order: number[]): number {
    let sum = 0;
    for (const i of order) sum = Math.fround(sum + Math.fround(x[i] * y[i]));
    return sum;
  }

  test.each([2, 16, 512])('cover float32 evaluation in any order, dimension %i', (dimension) => {
    let used = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        const gallery = randomGallery(random, 2, dimension);
        const [a, b] = [row(gallery, 0), row(gallery, 1)];
        const { weights, offsets, allowance } = pairTerms(gallery, 'pair', [{ positive: 0, negative: 1 }]);
        const h = Float32Array.from(random.direction(dimension));
        const order = Array.from({ length: dimension }, (_, i) => i);
        if (random.uniform() < 0.5) order.reverse();
        const difference = Math.fround(roundedDot(h, b, order) - roundedDot(h, a, order));
        const value = Math.fround(weights[0] * Math.fround(difference + offsets[0]));
        const error = Math.abs(value - beyondBisector(h, a, b));
        expect(error).toBeLessThanOrEqual(allowance);
        used = Math.max(used, error / allowance);

        const biased = (v: Float32Array): number =>
          Math.fround(roundedDot(h, v, order) + Math.fround(-(length(v) ** 2) / 2));
        const exact = (v: Float32Array): number =>
          v.reduce((sum, x, i) => sum + x * h[i], 0) - length(v) ** 2 / 2;
        expect(Math.abs(biased(b) - biased(a) - (exact(b) - exact(a)))).toBeLessThanOrEqual(
          voteAllowance(dimension),
        );
      }),
      { seed: 2, numRuns: 150 },
    );
    expect(used).toBeGreaterThan(1e-4);
  });
});

describe('a group of items outside a scan', () => {
  test('an item beyond its reach has a term of at most the floor; none is above the upper end', () => {
    let near = 0;
    fc.assert(
      fc.property(seeds, fc.integer({ min: 2, max: 6 }), (seed, dimension) => {
        const random = new Random(seed);
        const gallery = randomGallery(random, 40, dimension);
        const spread = random.uniform() < 0.5 ? 0.05 : 0.5;
        const q = Float64Array.from(row(gallery, random.integer(40)), (x) => x + spread * random.normal());
        const most = 2 + random.integer(20);
        const scan = scanNearest(gallery, q, { most })!;
        const [anchor, negative] = scan.items;
        const terms = groupTerms(
          gallery,
          [{ positive: anchor, negative }],
          anchor,
          scan,
          (item) => !scan.items.includes(item),
        );
        if (terms === null) return;
        expect(terms.count).toBe(1 + 40 - most);
        const others = Array.from({ length: 40 }, (_, item) => item).filter(
          (item) => !scan.items.includes(item),
        );
        for (let trial = 0; trial < 10; trial++) {
          const raw = Array.from(q, (x) => x + spread * random.normal());
          const h = raw.map((x) => x / length(raw));
          const floor = random.uniform() < 0.2 ? 0.3 * random.uniform() : -0.5 * random.uniform();
          const reach = outsideReach(floor, apart(h, row(gallery, anchor)));
          for (const item of others) {
            const term = beyondBisector(h, row(gallery, anchor), row(gallery, item));
            if (apart(h, row(gallery, item)) >= reach) expect(term).toBeLessThanOrEqual(floor + 1e-9);
            else near++;
            expect(term).toBeLessThanOrEqual(terms.high + terms.allowance);
            const squares = [row(gallery, anchor), row(gallery, item)].map((v) => apart(h, v) ** 2);
            const between = apart(row(gallery, anchor), row(gallery, item)) ** 2;
            expect(bisectorValue(squares[0], squares[1], between)).toBeCloseTo(term, 9);
          }
        }
      }),
      { seed: 3, numRuns: 100 },
    );
    expect(near).toBeGreaterThan(50);
  });

  test('is refused where an item outside may be the anchor itself', () => {
    const gallery = {
      vectors: Float32Array.of(1, 0, 0, 1, 1, 0),
      dimension: 2,
      count: 3,
      labelIndex: Int32Array.of(0, 1, 1),
    };
    const scan = scanNearest(gallery, Float64Array.of(1, 0), { most: 1 })!;
    expect(scan).toMatchObject({ farDistance: 0, items: Int32Array.of(0) });
    expect(groupTerms(gallery, [], 0, scan, (item) => item > 0)).toBeNull();
    expect(groupTerms(gallery, [], 0, scan, (item) => item === 1)).not.toBeNull();
  });
});
