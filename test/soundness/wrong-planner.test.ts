/**
 * The planner may be wrong without harm: plans whose every free choice is nonsense are repeated on problems of which the true radius is known.
 * Negatives that no statistic speaks of, laws and bins far from the truth, stakes and thresholds by chance: they may cost all of the radius,
 * and no certificate may fail more often than alpha allows.
 */
import { describe, expect, test } from 'vitest';
import {
  AlphaBudget,
  binLevels,
  certifyQuery,
  countInBins,
  emptyCounters,
  fixPlan,
  type QueryPlan,
  requireSameCounts,
  scanNearest,
  type Statistic,
  vectorAt,
} from '../../src/certify/index.ts';
import { type CoverageSettings, measureCoverage } from '../helpers/coverage.ts';
import { angle, mixture, sign, tooMany } from '../helpers/problems.ts';
import { Random } from '../helpers/random.ts';
import { galleryOf } from '../helpers/simulate.ts';

/** Other choices for a statistic: bins, bets, stakes, thresholds. */
function nonsense(statistic: Statistic, random: Random, sigma: number): Statistic {
  const bins = 2 + random.integer(40);
  const origin = statistic.low + (statistic.high - statistic.low) * random.uniform();
  const width = ((statistic.high - origin) / bins) * (0.05 + 2 * random.uniform());
  const counted = countInBins(statistic, { origin, width, bins });
  const thresholds = Array.from({ length: bins - 1 }, (_, j) => j).filter(() => random.uniform() < 0.3);
  const radii = Array.from({ length: 20 }, () => 3 * sigma * random.uniform()).sort((x, y) => x - y);
  const boldness = random.uniform();
  return {
    ...statistic,
    ...counted,
    thresholds,
    tailBound: random.uniform() < 0.5 ? 'betting' : 'counting',
    meanBound:
      random.uniform() < 0.5
        ? { kind: 'betting', stake: () => 10 ** (3 * random.uniform() - 2) }
        : { kind: 'counting' },
    expectedRadius: random.uniform(),
    *bets(place) {
      for (const radius of radii) {
        const reference = Float64Array.from({ length: bins }, () => random.uniform() ** 3);
        const bet = place(radius, reference);
        yield bet.staked(Math.min(1e6, bet.most * boldness));
      }
    },
  };
}

const PROBLEMS: [name: string, settings: Omit<CoverageSettings, 'seed' | 'mutation'>][] = (
  [
    ['sign', sign],
    ['angle', angle],
    ['five values in space', mixture],
  ] as const
).map(([name, problem]) => [
  name,
  {
    problem,
    selection: 64,
    repetitions: 2000,
    plan: { samples: 200, alpha: 0.1, bins: 32, criticals: 2 },
  },
]);

describe('certificates of nonsensical plans', () => {
  let certified = 0;
  test.each(PROBLEMS)('%s', (_, settings) => {
    const gallery = galleryOf(settings.problem);
    const random = new Random(11);
    const wrong = (plan: QueryPlan): QueryPlan => {
      const statistics = plan.statistics.map((one) => nonsense(one, random, plan.sigma));
      return fixPlan(gallery, plan, { ...plan, statistics });
    };
    const found = measureCoverage({ ...settings, seed: 7, mutation: { plan: wrong } });
    for (const method of ['paper', 'bisector', 'cdf'] as const)
      expect(
        tooMany(found[method].failures, settings.plan.alpha, settings.repetitions),
        `${method}: ${found[method].failures} of ${settings.repetitions}`,
      ).toBe(false);
    certified += found.bisector.certified + found.cdf.certified;
  });

  test('are not all abstentions', () => {
    expect(certified).toBeGreaterThan(100);
  });

  test('a negative without a statistic is certified by nothing', () => {
    const [, settings] = PROBLEMS[2];
    const gallery = galleryOf(settings.problem);
    const found = measureCoverage({
      ...settings,
      repetitions: 50,
      seed: 3,
      mutation: { plan: (plan) => fixPlan(gallery, plan, { ...plan, statistics: plan.statistics.slice(1) }) },
    });
    expect(found.cdf.certified).toBe(0);
    expect(found.bisector.certified).toBe(0);
  });
});

describe('choices that are none', () => {
  const { problem } = PROBLEMS[1][1];
  const gallery = galleryOf(problem);
  let made: QueryPlan | null = null;
  measureCoverage({
    ...PROBLEMS[1][1],
    repetitions: 1,
    seed: 1,
    mutation: { plan: (plan) => (made = plan) },
  });
  const plan = made!;
  const [statistic] = plan.statistics;
  const negative = statistic.members[0];
  const positive = plan.positives[0];
  const pointOf = (item: number): Float64Array => Float64Array.from(vectorAt(gallery, item));
  test.each<[string, Partial<QueryPlan>]>([
    ['a positive of another class', { positives: Int32Array.of(negative) }],
    ['an anchor that is a negative', { statistics: [{ ...statistic, anchors: Int32Array.of(negative) }] }],
    ['a member that is a positive', { statistics: [{ ...statistic, members: Int32Array.of(positive) }] }],
    ['a threshold at the last bin', { statistics: [{ ...statistic, thresholds: [statistic.bins - 1] }] }],
    ['thresholds that do not ascend', { statistics: [{ ...statistic, thresholds: [2, 1] }] }],
    [
      'a pair with two members',
      {
        statistics: [
          {
            ...statistic,
            members: Int32Array.of(negative, negative),
            anchors: Int32Array.of(positive, positive),
          },
        ],
      },
    ],
    [
      'a member that is not scanned',
      {
        scanned: scanNearest(gallery, pointOf(positive), { most: 1 }),
      },
    ],
    [
      'a scan with the item that is left out',
      {
        exclude: negative,
        statistics: [],
        scanned: scanNearest(gallery, pointOf(negative), { most: 1 }),
      },
    ],
    ['a scan that is none', { scanned: { ...scanNearest(gallery, pointOf(positive), { most: 3 })! } }],
    [
      'items outside without a scan',
      { statistics: [{ ...statistic, kind: 'group', outside: positive }], scanned: null },
    ],
    [
      'a pair with items outside',
      {
        statistics: [{ ...statistic, outside: positive }],
        scanned: scanNearest(gallery, pointOf(positive), { most: gallery.count - 1 }),
      },
    ],
  ])('%s is refused', (_, change) => {
    const changed = { ...plan, ...change };
    expect(() => fixPlan(gallery, changed, changed)).toThrow(/CERTIFICATE_INPUT/);
  });

  test('what follows from the pairs, the scan and the bins is not taken from the choices', () => {
    const honest = plan;
    const wrong = {
      ...honest,
      statistics: plan.statistics.map((one) => ({
        ...one,
        weights: one.weights.map(() => 1e-3),
        offsets: one.offsets.map(() => -1),
        levels: one.levels.map((level) => level - 1),
        low: -0.1,
        high: -0.1,
        allowance: 0,
        slack: 0,
        count: 0,
      })),
    };
    expect(fixPlan(gallery, honest, wrong)).toEqual(honest);
  });

  test('counters of another scan are refused', () => {
    const scanned = scanNearest(gallery, pointOf(0), { most: 3 });
    const scan = { ...plan, scanned };
    expect(() => requireSameCounts(scan, { ...scan })).not.toThrow();
    for (const other of [null, scanNearest(gallery, pointOf(0), { most: 4 })])
      expect(() => requireSameCounts(scan, { ...scan, scanned: other })).toThrow(/CERTIFICATE_INPUT/);
  });

  test('counters of other bins are refused', () => {
    const { dimension } = gallery;
    const bins = plan.statistics.map((one) => one.bins);
    const budget = AlphaBudget.fixed(1, 0.1);
    const certify = (counted: number[]): unknown =>
      certifyQuery(
        gallery,
        plan,
        { ...emptyCounters(dimension, counted), samples: 1 },
        { budget, methods: ['paper', 'bisector', 'cdf'] },
      );
    expect(() => certify(bins)).not.toThrow();
    expect(() => certify(bins.slice(1))).toThrow(/CERTIFICATE_INPUT/);
    expect(() => certify(bins.map((count) => count + 1))).toThrow(/CERTIFICATE_INPUT/);
  });

  test('levels are those of the bins', () => {
    expect([...statistic.levels]).toEqual([...binLevels(statistic, statistic.high, statistic.allowance)]);
  });
});
