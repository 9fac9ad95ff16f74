import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../test/helpers/random.ts';
import { type GalleryView, MOST_NORM } from './gallery-view.ts';
import { distance } from './margin.ts';
import { farTerms, farValue, type Pair, pairTerms, roundingAllowance, voteAllowance } from './statistic.ts';

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

describe('the far statistic', () => {
  test('bounds every item outside the K nearest of a point', () => {
    let certifying = 0;
    fc.assert(
      fc.property(seeds, fc.integer({ min: 2, max: 6 }), (seed, dimension) => {
        const random = new Random(seed);
        const gallery = randomGallery(random, 40, dimension);
        const items = Array.from({ length: gallery.count }, (_, i) => row(gallery, i));
        const center = row(gallery, random.integer(gallery.count));
        const near = random.uniform() < 0.5 ? 0.05 : 0.5;
        const q = Float32Array.from(center, (x) => x + near * random.normal());
        const order = items.map((_, i) => i).sort((i, j) => apart(items[i], q) - apart(items[j], q));
        const K = 1 + random.integer(20);
        const farDistance = apart(items[order[K]], q);
        const anchor = items[order[random.integer(K)]];
        for (let trial = 0; trial < 10; trial++) {
          const raw = Array.from(q, (x) => x + near * random.normal());
          const h = raw.map((x) => x / length(raw));
          const value = farValue(farDistance, apart(h, q), apart(h, anchor));
          if (value < 0) certifying++;
          for (const far of order.slice(K)) {
            if (apart(anchor, items[far]) === 0) continue;
            expect(beyondBisector(h, anchor, items[far])).toBeLessThanOrEqual(value + 1e-9);
          }
        }
      }),
      { seed: 3, numRuns: 100 },
    );
    expect(certifying).toBeGreaterThan(50);
  });

  test('is attained on a line', () => {
    // q = a = 0.2, D_K = 0.5, the far item at 0.7: a point between them
    const value = (x: number): number => farValue(0.5, x - 0.2, x - 0.2);
    for (const x of [0.2, 0.3, 0.44]) expect(value(x)).toBeCloseTo(beyondBisector([x], [0.2], [0.7]), 12);
  });
});

test('the far statistic stays below its upper end for the longest vectors that a gallery may have', () => {
  const anchor = Float32Array.of(MOST_NORM * (1 - 1e-7), 0);
  const gallery = { vectors: anchor, dimension: 2, count: 1, labelIndex: Int32Array.of(0) };
  const { high, allowance } = farTerms(gallery, 0, 0.1);
  const opposite = Float32Array.of(-(1 + 1e-6), 0); // the longest embedding, as far from the anchor as can be
  expect(farValue(0.1, 3, distance(opposite, anchor))).toBeLessThanOrEqual(high + allowance);
  expect(high).toBeGreaterThan(2);
});
