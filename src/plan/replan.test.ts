import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../test/helpers/random.ts';
import {
  AlphaBudget,
  binOf,
  certifyQuery,
  type Counters,
  emptyCounters,
  FIXED_POINT,
  type GalleryView,
  type QueryPlan,
} from '../certify/index.ts';
import { type PlanOptions, planQuery } from './plan-query.ts';
import type { SelectionSamples } from './selection-scores.ts';
import { replanQuery } from './replan.ts';

const DIMENSION = 4;
const LABELS = 4;

function problem(seed: number): { gallery: GalleryView; draw: (count: number) => SelectionSamples } {
  const random = new Random(seed);
  const rows = Array.from({ length: 24 }, () => random.direction(DIMENSION, 0.7 + 0.3 * random.uniform()));
  const gallery = {
    vectors: Float32Array.from(rows.flat()),
    dimension: DIMENSION,
    count: rows.length,
    labelIndex: Int32Array.from(rows, (_, i) => i % LABELS),
  };
  const centre = random.direction(DIMENSION);
  const draw = (count: number): SelectionSamples => ({
    count,
    votes: new Map(),
    embeddings: Float32Array.from(
      Array.from({ length: count }, () => {
        const raw = centre.map((x) => x + 0.3 * random.normal());
        const norm = Math.hypot(...raw);
        return raw.map((x) => x / norm);
      }).flat(),
    ),
  });
  return { gallery, draw };
}

/** Counts embeddings by a plan, as the sampling threads do. */
function count(
  gallery: GalleryView,
  plan: QueryPlan,
  { embeddings, count: samples }: SelectionSamples,
): Counters {
  const bins = plan.statistics.map((one) => one.bins);
  const counters = emptyCounters(DIMENSION, bins);
  const inner = (h: Float32Array, item: number): number =>
    h.reduce((sum, x, i) => sum + x * gallery.vectors[item * DIMENSION + i], 0);
  for (let s = 0; s < samples; s++) {
    const h = embeddings.subarray(s * DIMENSION, (s + 1) * DIMENSION);
    for (const [i, x] of h.entries()) counters.sum[i] += BigInt(Math.round(x * FIXED_POINT));
    for (const [j, one] of plan.statistics.entries()) {
      let value = -Infinity;
      for (const [m, b] of one.members.entries())
        value = Math.max(value, one.weights[m] * (inner(h, b) - inner(h, one.anchors[m]) + one.offsets[m]));
      counters.histograms[j][binOf(one, value)]++;
    }
  }
  counters.samples = samples;
  counters.lostToAll = samples; // votes and duels are not looked at here
  return counters;
}

test('plans for any n, alpha and k count the same, and certify what plans of their own would', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 31 }),
      fc.constantFrom(100, 1000, 100_000),
      fc.constantFrom(1e-4, 0.01, 0.2),
      fc.constantFrom(1, 2, 4),
      (seed, samples, alpha, k) => {
        const { gallery, draw } = problem(seed);
        const selection = draw(64);
        const options: PlanOptions = { budget: AlphaBudget.fixed(300, 0.05), sigma: 0.5, bins: 32, label: 1 };
        const counted = planQuery(gallery, selection, options);
        const budget = AlphaBudget.fixed(samples, alpha);
        const other = { ...options, budget, k, targetRadii: [0.1] };
        const plan = replanQuery(gallery, selection, counted, other);
        const fresh = draw(100);
        const own = planQuery(gallery, selection, other);
        const shared = count(gallery, counted, fresh);
        expect(shared.histograms).toEqual(count(gallery, own, fresh).histograms);
        expect(certifyQuery(gallery, plan, shared, { budget: AlphaBudget.fixed(100, alpha) })).toEqual(
          certifyQuery(gallery, own, count(gallery, own, fresh), { budget: AlphaBudget.fixed(100, alpha) }),
        );
      },
    ),
    { numRuns: 30 },
  );
});

test('a plan that would count something else is refused', () => {
  const { gallery, draw } = problem(5);
  const selection = draw(64);
  const options: PlanOptions = { budget: AlphaBudget.fixed(300, 0.05), sigma: 0.5, label: 1 };
  const counted = planQuery(gallery, selection, options);
  const changes: Partial<PlanOptions>[] = [
    { sigma: 0.4 },
    { label: 2 },
    { criticals: 3 },
    { bins: 64 },
    { exclude: 1 },
  ];
  for (const change of changes) {
    expect(() => replanQuery(gallery, selection, counted, { ...options, ...change })).toThrow(
      /CERTIFICATE_INPUT/,
    );
  }
  expect(() => replanQuery(gallery, draw(64), counted, options)).toThrow(/CERTIFICATE_INPUT/);
});
