import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../test/helpers/random.ts';
import {
  addCount,
  AlphaBudget,
  binOf,
  type GalleryView,
  type LabelCounts,
  mostFrequent,
  RadiusBet,
  roundingAllowance,
  type Statistic,
} from '../certify/index.ts';
import { planQuery, type PlanOptions } from './plan-query.ts';
import type { SelectionSamples } from './selection-scores.ts';

const OPTIONS: PlanOptions = { budget: AlphaBudget.fixed(1000, 0.01), sigma: 0.5, bins: 32 };
const seeds = fc.integer({ min: 1, max: 2 ** 31 });

interface Problem {
  gallery: GalleryView;
  selection: SelectionSamples;
  /** Items, nearest to the mean of the selection samples first. */
  order: number[];
}

function problem(seed: number, { items = 30, labels = 5, dimension = 4, count = 40 } = {}): Problem {
  const random = new Random(seed);
  const rows = Array.from({ length: items }, () => random.direction(dimension, 0.6 + 0.4 * random.uniform()));
  const gallery = {
    vectors: Float32Array.from(rows.flat()),
    dimension,
    count: items,
    labelIndex: Int32Array.from({ length: items }, (_, i) => (i < labels ? i : random.integer(labels))),
  };
  const center = random.direction(dimension);
  const embeddings = new Float32Array(count * dimension);
  const mean = Array.from({ length: dimension }, () => 0);
  const votes: LabelCounts = new Map();
  for (let i = 0; i < count; i++) {
    const raw = center.map((x) => x + 0.5 * random.normal());
    const norm = Math.hypot(...raw);
    for (let j = 0; j < dimension; j++) {
      embeddings[i * dimension + j] = raw[j] / norm;
      mean[j] += embeddings[i * dimension + j] / count;
    }
    addCount(votes, random.integer(labels));
  }
  const far = rows.map((_, i) => Math.hypot(...mean.map((x, j) => x - gallery.vectors[i * dimension + j])));
  const order = far.map((_, i) => i).sort((i, j) => far[i] - far[j]);
  return { gallery, selection: { embeddings, count, votes }, order };
}

/** The bets of a statistic at the sigma of {@link OPTIONS}. */
const betsOf = (s: Statistic): RadiusBet[] => [
  ...s.bets((radius, reference) => RadiusBet.at(s.levels, reference, radius, OPTIONS.sigma)),
];

const sorted = (values: Iterable<number>): number[] => [...values].sort((x, y) => x - y);

describe('positives', () => {
  test('are the items of the nearest class, less the excluded one', () => {
    fc.assert(
      fc.property(seeds, fc.boolean(), (seed, leaveOut) => {
        const { gallery, selection, order } = problem(seed);
        const exclude = leaveOut ? order[0] : undefined;
        const plan = planQuery(gallery, selection, { ...OPTIONS, exclude });
        const nearest = order[leaveOut ? 1 : 0];
        expect(plan.label).toBe(gallery.labelIndex[nearest]);
        const same = order.filter((i) => i !== exclude && gallery.labelIndex[i] === plan.label);
        expect(sorted(plan.positives)).toEqual(sorted(same));
        expect(plan.exclude).toBe(exclude ?? null);
      }),
      { seed: 1, numRuns: 40 },
    );
  });

  test('are those of a class asked for, even when it is not the answer or absent', () => {
    const { gallery, selection, order } = problem(2);
    const label = gallery.labelIndex[order[order.length - 1]];
    const asked = planQuery(gallery, selection, { ...OPTIONS, label });
    expect(asked.label).toBe(label);
    for (const item of asked.positives) expect(gallery.labelIndex[item]).toBe(label);
    const absent = planQuery(gallery, selection, { ...OPTIONS, label: 77 });
    expect(absent.positives).toHaveLength(0);
    expect(absent.statistics).toHaveLength(0);
  });

  test('is the nearest item alone where each is its own label', () => {
    const { gallery, selection, order } = problem(3);
    for (const exclude of [undefined, order[0], order[5]]) {
      const plan = planQuery(eachItsOwn(gallery), selection, { ...OPTIONS, exclude });
      expect([...plan.positives]).toEqual([exclude === order[0] ? order[1] : order[0]]);
      const members = plan.statistics.flatMap((s) => [...s.members]);
      expect(members).toHaveLength(gallery.count - (exclude === undefined ? 1 : 2));
    }
  });
});

describe('statistics', () => {
  test('cover every negative exactly once, by an anchor of the class', () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom(0, 3, 16, 100), (seed, criticals) => {
        const { gallery, selection, order } = problem(seed);
        const exclude = order[3];
        const plan = planQuery(gallery, selection, { ...OPTIONS, criticals, exclude });
        const negatives = order.filter((i) => i !== exclude && gallery.labelIndex[i] !== plan.label);
        expect(sorted(plan.statistics.flatMap((s) => [...s.members]))).toEqual(sorted(negatives));
        for (const statistic of plan.statistics) {
          expect(statistic.count).toBe(statistic.members.length);
          for (const anchor of statistic.anchors) {
            expect(gallery.labelIndex[anchor]).toBe(plan.label);
            expect(anchor).not.toBe(exclude);
          }
        }
        const own = plan.statistics.filter((s) => s.kind === 'pair').length;
        expect(own).toBe(Math.min(criticals, negatives.length));
      }),
      { seed: 2, numRuns: 40 },
    );
  });

  test('with candidates: those scanned by name, all others through the group', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 29 }), (seed, candidates) => {
        const { gallery, selection, order } = problem(seed);
        const plan = planQuery(gallery, selection, { ...OPTIONS, candidates });
        const isNegative = (item: number): boolean => gallery.labelIndex[item] !== plan.label;
        const negatives = order.filter(isNegative).slice(0, Math.ceil(candidates / 4));
        const voted = order.filter((item) => gallery.labelIndex[item] === plan.vote.label).slice(0, 8);
        const scanned = [...new Set([...order.slice(0, candidates), ...negatives, ...voted])];
        fc.pre(scanned.length < order.length);
        const others = order.filter((item) => !scanned.includes(item));
        expect(sorted(plan.scanned!.items)).toEqual(sorted(scanned));
        const { point, farDistance } = plan.scanned!;
        for (const item of others) {
          const v = gallery.vectors.subarray(item * gallery.dimension, (item + 1) * gallery.dimension);
          const far = Math.hypot(...Array.from(v, (x, i) => x - point[i]));
          expect(far).toBeGreaterThanOrEqual(farDistance * (1 - 1e-13));
        }
        const named = plan.statistics.flatMap((s) => [...s.members]);
        expect(sorted(named)).toEqual(sorted(scanned.filter(isNegative)));
        const outside = plan.statistics.filter((s) => s.outside !== null);
        const left = others.filter(isNegative).length;
        expect(outside).toHaveLength(left > 0 ? 1 : 0);
        for (const one of outside) {
          expect(scanned).toContain(one.outside);
          expect(one.count).toBe(one.members.length + left);
        }
        expect(plan.uncovered).toBe(0);
        for (const s of plan.statistics) for (const anchor of s.anchors) expect(scanned).toContain(anchor);
      }),
      { seed: 3, numRuns: 40 },
    );
    const { gallery, selection } = problem(1);
    expect(planQuery(gallery, selection, { ...OPTIONS, candidates: 30 }).scanned).toBeNull();
  });

  test('round every value up: its level is at least the value and the allowance', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { gallery, selection } = problem(seed);
        const random = new Random(seed);
        for (const s of planQuery(gallery, selection, { ...OPTIONS, candidates: 20 }).statistics) {
          const { levels } = s;
          expect([...levels]).toEqual(sorted(levels));
          const apart = Math.max(0, ...s.weights);
          const allowance = roundingAllowance(gallery.dimension, apart) * (1 - 1e-6);
          const high = levels[levels.length - 1] - allowance;
          for (let trial = 0; trial < 60; trial++) {
            const value = s.low + (high - s.low) * random.uniform();
            const bin = binOf(s, value);
            expect(levels[bin]).toBeGreaterThanOrEqual(value + allowance - 1e-12);
            if (bin > 0) expect(value).toBeGreaterThanOrEqual(levels[bin - 1] - 2 * allowance - 1e-9);
          }
          expect(binOf(s, -1e9)).toBe(0);
          expect(binOf(s, 1e9)).toBe(s.bins - 1);
        }
      }),
      { seed: 4, numRuns: 30 },
    );
  });

  test('test ascending positive radii, and the one asked for', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { gallery, selection } = problem(seed);
      const targetRadius = 0.1234 * seed;
      const options = { ...OPTIONS, targetRadii: [targetRadius] };
      for (const s of planQuery(gallery, selection, options).statistics) {
        const radii = betsOf(s).map(({ radius }) => radius);
        expect(radii).toEqual(sorted(new Set(radii)));
        expect(radii[0]).toBeGreaterThan(0);
        expect(radii).toContain(targetRadius);
      }
    }
  });
});

describe('bounds of a statistic of few values', () => {
  /** h = ±(1, 0), a tenth of the selection samples on the wrong side. */
  const gallery: GalleryView = {
    vectors: Float32Array.of(1, 0, -1, 0),
    dimension: 2,
    count: 2,
    labelIndex: Int32Array.of(0, 1),
  };
  const selection = (noise: number): SelectionSamples => ({
    embeddings: Float32Array.from({ length: 400 }, (_, i) =>
      i % 2 === 1 ? 0 : (i % 20 === 0 ? -1 : 1) * (1 - noise * ((i * 0.618) % 1)),
    ),
    count: 200,
    votes: new Map([
      [0, 180],
      [1, 20],
    ]),
  });

  test('are exact binomial ones, at the lower value; its level and the upper one are near the values', () => {
    const [s] = planQuery(gallery, selection(0), {
      ...OPTIONS,
      budget: AlphaBudget.fixed(20_000, 0.01),
    }).statistics;
    expect(s).toMatchObject({ tailBound: 'counting', meanBound: { kind: 'counting' } });
    expect(s.thresholds).toEqual([binOf(s, -1)]);
    for (const value of [-1, 1]) {
      const above = s.levels[binOf(s, value)] - value;
      expect(above).toBeGreaterThan(0);
      expect(above).toBeLessThan(1e-5);
    }
  });

  test('are those of any other statistic when the values are many', () => {
    const [s] = planQuery(gallery, selection(0.3), {
      ...OPTIONS,
      budget: AlphaBudget.fixed(20_000, 0.01),
    }).statistics;
    expect(s).toMatchObject({ tailBound: 'betting', meanBound: { kind: 'betting' }, thresholds: [] });
  });

  test('are bets at any time, of larger stakes than those of one look', () => {
    const [s] = planQuery(gallery, selection(0), {
      ...OPTIONS,
      budget: AlphaBudget.anyTime(2000, 0.01),
    }).statistics;
    expect(s).toMatchObject({ tailBound: 'betting' });
    const [once] = planQuery(gallery, selection(0), {
      ...OPTIONS,
      budget: AlphaBudget.fixed(2000, 0.01),
    }).statistics;
    expect(betsOf(s)[0].stake).toBeGreaterThan(betsOf(once)[0].stake);
  });

  test('can be planned for however few samples', () => {
    for (const samples of [1, 2, 5]) {
      const { statistics } = planQuery(gallery, selection(0), {
        ...OPTIONS,
        budget: AlphaBudget.fixed(samples, 0.01),
      });
      expect(statistics).toHaveLength(1);
    }
  });
});

describe('ties', () => {
  const tied = (labels: number[]): GalleryView => ({
    vectors: Float32Array.from(labels.flatMap((_, i) => (i < 3 ? [1, 0] : [0, 1]))),
    dimension: 2,
    count: labels.length,
    labelIndex: Int32Array.from(labels),
  });
  const selection: SelectionSamples = {
    embeddings: Float32Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 1 : 0)),
    count: 10,
    votes: new Map([[0, 10]]),
  };

  test('negatives with the vector of every positive are counted, the others planned for', () => {
    const plan = planQuery(tied([0, 1, 1, 1]), selection, OPTIONS);
    expect(plan.uncovered).toBe(2);
    expect(plan.statistics.flatMap((s) => [...s.members])).toEqual([3]);
  });

  test('a second positive elsewhere unties them', () => {
    const plan = planQuery(tied([0, 1, 1, 0, 1]), selection, OPTIONS);
    expect(plan.uncovered).toBe(0);
    expect(sorted(plan.statistics.flatMap((s) => [...s.members]))).toEqual([1, 2, 4]);
  });
});

/** Every item is its own label. */
const eachItsOwn = (gallery: GalleryView): GalleryView => ({
  ...gallery,
  labelIndex: Int32Array.from({ length: gallery.count }, (_, i) => i),
});

test('votes and duels are for the most frequent label, or the one that is asked for', () => {
  const { gallery, selection } = problem(4);
  const vote = (votes: number[]) =>
    planQuery(gallery, { ...selection, votes: new Map(votes.entries()) }, OPTIONS).vote;
  expect(vote([1, 2, 35, 1, 1])).toEqual({ label: 2 });
  expect(vote([16, 6, 6, 16, 6])).toEqual({ label: 0 });
  const asked = (label: number | null) => planQuery(gallery, selection, { ...OPTIONS, label }).vote.label;
  expect(asked(3)).toBe(3);
  expect(asked(null)).toBe(mostFrequent(selection.votes));
});

test('a gallery without items leaves nothing to certify', () => {
  const gallery = { vectors: new Float32Array(), dimension: 4, count: 0, labelIndex: new Int32Array() };
  const plan = planQuery(gallery, problem(5).selection, OPTIONS);
  expect(plan).toMatchObject({ label: null, statistics: [], uncovered: 0, scanned: null });
});

test('exclusion counts the nearest item against one rival only, and promises at least as much as identity', () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 20 }), (seed, rank) => {
      const { gallery, selection, order } = problem(seed);
      const rival = order[rank];
      const plan = planQuery(gallery, selection, { ...OPTIONS, rival });
      expect([...plan.positives]).toEqual([order[0]]);
      expect(plan.statistics.map(({ members }) => [...members])).toEqual([[rival]]);
      expect(plan.rivalLabel).toBe(gallery.labelIndex[rival]);
      const identity = planQuery(eachItsOwn(gallery), selection, { ...OPTIONS, criticals: 30 });
      const own = identity.statistics.find(({ members }) => members[0] === rival)!;
      const least = Math.min(...identity.statistics.map((s) => s.expectedRadius));
      expect(own.offsets[0]).toBe(plan.statistics[0].offsets[0]);
      expect(plan.statistics[0].expectedRadius).toBeGreaterThanOrEqual(least - 1e-9);
    }),
    { numRuns: 20 },
  );
});

test('for votes and duels alone a label is chosen, by the votes, and nothing is counted besides', () => {
  for (const seed of [1, 2, 3]) {
    const { gallery, selection, order } = problem(seed);
    const [exclude] = order;
    const only = { ...OPTIONS, exclude, votesOnly: true };
    const plan = planQuery(gallery, selection, only);
    const most = mostFrequent(selection.votes);
    expect(plan).toMatchObject({ label: most, vote: { label: most }, statistics: [], scanned: null });
    const all = order.filter((item) => item !== exclude && gallery.labelIndex[item] === most);
    expect(sorted(plan.positives)).toEqual(sorted(all));
    const asked = planQuery(gallery, selection, { ...only, label: 2 });
    const whole = planQuery(gallery, selection, { ...OPTIONS, exclude, label: 2 });
    expect([asked.label, asked.vote.label, asked.rivalLabels]).toEqual([2, 2, whole.rivalLabels]);
    expect(sorted(asked.positives)).toEqual(sorted(whole.positives));
    // what has no class is asked for by the votes
    expect(planQuery(gallery, selection, { ...only, label: null })).toMatchObject({
      label: null,
      vote: { label: most },
    });
  }
});
