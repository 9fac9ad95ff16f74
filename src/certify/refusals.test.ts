/**
 * No pure function of `stats` and `certify` answers a question that makes no sense. The table has every export; one that is added and not
 * entered here fails. Each call is sensible, and refused as soon as one of its arguments is not.
 */
import { describe, expect, test } from 'vitest';
import * as certify from './index.ts';

/** What an argument has to be, by values that it must not be. */
const WRONG = {
  positive: [0, -1, Number.NaN, Infinity],
  alpha: [0, 1, -0.1, 1.5, Number.NaN],
  probability: [-0.1, 1.1, Number.NaN],
  count: [0, -1, 1.5, Number.NaN, Infinity],
  countFromZero: [-1, 1.5, Number.NaN, Infinity],
  number: [Number.NaN],
  notNegative: [-1, Number.NaN],
} as const;
type Kind = keyof typeof WRONG;

interface Call {
  /** A sensible value of each argument, and what it has to be. */
  args: Record<string, [value: number, kind: Kind]>;
  // biome-ignore lint: arguments by name
  call: (a: Record<string, number>) => unknown;
}

const gallery: certify.GalleryView = {
  vectors: Float32Array.of(1, 0, 0, 1),
  dimension: 2,
  count: 2,
  labelIndex: Int32Array.of(0, 1),
};
const sigma = [0.5, 'positive'] as const;
const alpha = [0.01, 'alpha'] as const;
const samples = [100, 'count'] as const;
const dimension = [8, 'count'] as const;
const bound = [1, 'positive'] as const;
const z = [0.3, 'number'] as const;
const shape = (value: number): [number, Kind] => [value, 'positive'];
const law = { thresholds: [0], exceedance: [0.1], low: -1, high: 1 };
const distances = { za: [0.4, 'notNegative'], zb: [0.9, 'notNegative'], ab: [1, 'notNegative'] } as const;
const counters = (): certify.Counters => certify.emptyCounters(2, [4]);
const pair = { positive: 0, negative: 1 };

const statistic = (): certify.Statistic => ({
  ...certify.countInBins(certify.pairTerms(gallery, 'pair', [pair]), { origin: -1, width: 0.7, bins: 4 }),
  thresholds: [],
  tailBound: 'counting',
  bets: () => [],
  meanBound: { kind: 'ball' },
  expectedRadius: 0,
});
const plan = (a: Record<string, number>): certify.QueryPlan =>
  certify.fixPlan(
    gallery,
    { sigma: a.sigma ?? 0.5, k: a.k ?? 1, exclude: a.exclude ?? null, rival: a.rival ?? null },
    {
      label: 0,
      positives: Int32Array.of(a.positive ?? 0),
      scanned: null,
      statistics: [statistic()],
      vote: { label: 0 },
    },
  );
const counted = (n: number): certify.Counters => ({ ...counters(), samples: n, votes: new Map([[0, n]]) });

const mutable = <T extends Record<string, readonly [number, Kind]>>(args: T) =>
  args as unknown as Call['args'];
const call = (args: Record<string, readonly [number, Kind]>, run: Call['call']): Call => ({
  args: mutable(args),
  call: run,
});

const FUNCTIONS: Record<string, Call> = {
  normalCdf: call({ z }, (a) => certify.normalCdf(a.z)),
  normalDensity: call({ z }, (a) => certify.normalDensity(a.z)),
  normalSurvival: call({ z }, (a) => certify.normalSurvival(a.z)),
  normalQuantile: call({ p: [0.2, 'probability'] }, (a) => certify.normalQuantile(a.p)),
  normalQuantileUpper: call({ p: [0.2, 'probability'] }, (a) => certify.normalQuantileUpper(a.p)),
  regularizedBeta: call({ a: shape(2), b: shape(3), x: [0.4, 'probability'] }, (v) =>
    certify.regularizedBeta(v.x, v.a, v.b),
  ),
  regularizedBetaUpper: call({ a: shape(2), b: shape(3), x: [0.4, 'probability'] }, (v) =>
    certify.regularizedBetaUpper(v.x, v.a, v.b),
  ),
  inverseRegularizedBeta: call({ a: shape(2), b: shape(3), p: [0.4, 'probability'] }, (v) =>
    certify.inverseRegularizedBeta(v.p, v.a, v.b),
  ),
  inverseRegularizedBetaUpper: call({ a: shape(2), b: shape(3), p: [0.4, 'probability'] }, (v) =>
    certify.inverseRegularizedBetaUpper(v.p, v.a, v.b),
  ),
  binomialCdf: call({ successes: [3, 'countFromZero'], samples, p: [0.1, 'probability'] }, (a) =>
    certify.binomialCdf(a.successes, a.samples, a.p),
  ),
  binomialUpperTail: call({ successes: [3, 'countFromZero'], samples, p: [0.1, 'probability'] }, (a) =>
    certify.binomialUpperTail(a.successes, a.samples, a.p),
  ),
  clopperPearsonLower: call({ successes: [3, 'countFromZero'], samples, alpha }, (a) =>
    certify.clopperPearsonLower(a.successes, a.samples, a.alpha),
  ),
  clopperPearsonUpper: call({ successes: [3, 'countFromZero'], samples, alpha }, (a) =>
    certify.clopperPearsonUpper(a.successes, a.samples, a.alpha),
  ),
  logMixtureRatio: call(
    { q: [0.2, 'alpha'], losses: [3, 'countFromZero'], samples, a: shape(0.5), b: shape(0.5) },
    (v) => certify.logMixtureRatio(v.q, v.losses, v.samples, { a: v.a, b: v.b }),
  ),
  mixtureThreshold: call({ alpha }, (a) => certify.mixtureThreshold(a.alpha)),
  anyTimeUpper: call({ losses: [3, 'countFromZero'], samples, alpha, a: shape(0.5), b: shape(0.5) }, (v) =>
    certify.anyTimeUpper(v.losses, v.samples, v.alpha, { a: v.a, b: v.b }),
  ),
  splitAlpha: call({ alpha, weight: [1, 'positive'] }, (a) => certify.splitAlpha(a.alpha, [a.weight, 2])),
  matrixBernsteinRadius: call({ samples, dimension, alpha, bound }, (a) =>
    certify.matrixBernsteinRadius(a as never),
  ),
  matrixBernsteinProbability: call({ samples, dimension, radius: [0.1, 'notNegative'], bound }, (a) =>
    certify.matrixBernsteinProbability(a as never),
  ),
  empiricalBernsteinRadius: call(
    { samples, variance: [0.1, 'notNegative'], range: [2, 'positive'], alpha },
    (a) => certify.empiricalBernsteinRadius(a as never),
  ),
  hoeffdingRadius: call({ samples, range: [2, 'positive'], alpha }, (a) =>
    certify.hoeffdingRadius(a as never),
  ),
  samplesForBernsteinRadius: call({ epsilon: [0.1, 'positive'], dimension, alpha, bound }, (a) =>
    certify.samplesForBernsteinRadius(a.epsilon, a.dimension, a.alpha, a.bound),
  ),
  deviationRadius: call(
    { variance: [0.5, 'positive'], reach: [1.5, 'positive'], samples, alpha, rate: [0.2, 'positive'] },
    (a) => certify.deviationRadius(a as never as certify.Spread, a.samples, a.alpha, a.rate),
  ),
  deviationRate: call({ variance: [0.5, 'positive'], reach: [1.5, 'positive'], samples, alpha }, (a) =>
    certify.deviationRate(a as never as certify.Spread, a.samples, a.alpha),
  ),
  meanBallRadius: call(
    {
      samples,
      alpha,
      bound,
      meanNorm: [0.5, 'notNegative'],
      rounding: [0, 'notNegative'],
      rate: [0.2, 'positive'],
    },
    (a) => certify.meanBallRadius(a as never as certify.BallOptions),
  ),
  samplesForMeanBall: call(
    { epsilon: [0.1, 'positive'], alpha, bound, meanNorm: [0.5, 'notNegative'] },
    (a) => certify.samplesForMeanBall(a.epsilon, a as never as certify.BallOptions),
  ),
  samplesForClopperPearsonLower: call({ p: [0.3, 'probability'], alpha }, (a) =>
    certify.samplesForClopperPearsonLower(a.p, a.alpha),
  ),
  samplesForUpperBound: call({ p: [0.3, 'probability'], alpha }, (a) =>
    certify.samplesForUpperBound(a.p, a.alpha),
  ),
  AlphaBudget: call({ samples, alpha }, (a) => [
    certify.AlphaBudget.fixed(a.samples, a.alpha),
    certify.AlphaBudget.anyTime(a.samples, a.alpha),
  ]),
  RadiusBet: call({ radius: [0.1, 'positive'], sigma, stake: [0.1, 'notNegative'] }, (a) =>
    certify.RadiusBet.at(Float64Array.of(-1, 1), Float64Array.of(1, 0.1), a.radius, a.sigma).staked(a.stake),
  ),
  evidenceNeeded: call({ alpha }, (a) => certify.evidenceNeeded(a.alpha)),
  testRadii: call({ sigma, alpha }, (a) =>
    certify.testRadii((place) => [place(0.1, Float64Array.of(1, 0.1))], Float64Array.of(-1, 1), [9, 1], {
      alpha: a.alpha,
      sigma: a.sigma,
    }),
  ),
  bettingUpperBound: call(
    {
      mean: [0, 'number'],
      samples,
      stake: [0.1, 'positive'],
      alpha,
      low: [-1, 'number'],
      slack: [0, 'notNegative'],
    },
    (a) =>
      certify.bettingUpperBound(
        {
          ...(a as { mean: number; samples: number; low: number; slack: number }),
          counts: [50, 50],
          levels: Float64Array.of(0, 1),
        },
        a.stake,
        a.alpha,
      ),
  ),
  binOf: call({ value: [0.3, 'number'] }, (a) => certify.binOf({ origin: 0, width: 0.1, bins: 4 }, a.value)),
  binLevels: call(
    {
      origin: [0, 'number'],
      width: [0.1, 'positive'],
      bins: [4, 'count'],
      high: [1, 'number'],
      allowance: [0, 'notNegative'],
    },
    (a) => certify.binLevels(a as never, a.high, a.allowance),
  ),
  requireBins: call({ origin: [0, 'number'], width: [0.1, 'positive'], bins: [4, 'count'] }, (a) =>
    certify.requireBins(a as never),
  ),
  countInBins: call({ origin: [0, 'number'], width: [0.1, 'positive'], bins: [4, 'count'] }, (a) =>
    certify.countInBins(certify.pairTerms(gallery, 'pair', [pair]), a as never),
  ),
  bisectorMarginOf: call(distances, (a) => certify.bisectorMarginOf(a.za, a.zb, a.ab)),
  marginRounding: call({ dimension, ...distances }, (a) =>
    certify.marginRounding(a.dimension, a.za, a.zb, a.ab),
  ),
  minimumMargin: call({ za: distances.za, zb: distances.zb }, (a) => certify.minimumMargin(a.za, a.zb)),
  bisectorRadius: call(
    { mean: [0, 'number'], deviation: [0.1, 'notNegative'], offset: [0.5, 'number'], sigma, bound },
    (a) => certify.bisectorRadius(a as never),
  ),
  lipschitzBound: call({ distance: [1, 'notNegative'], sigma, bound }, (a) =>
    certify.lipschitzBound(a.distance, a.sigma, a.bound),
  ),
  lipschitzLinearBound: call({ distance: [1, 'notNegative'], sigma, bound }, (a) =>
    certify.lipschitzLinearBound(a.distance, a.sigma, a.bound),
  ),
  fileRadius: call({ radius: [0.3, 'notNegative'], norm: shape(0.2), error: [1e-5, 'notNegative'] }, (a) =>
    certify.fileRadius(a.radius, { norm: a.norm, error: a.error }),
  ),
  lipschitzRadius: call({ margin: [0.1, 'number'], sigma, bound }, (a) =>
    certify.lipschitzRadius(a.margin, a.sigma, a.bound),
  ),
  scalarMeanBound: call({ mean: [0.1, 'number'], distance: [1, 'notNegative'], sigma, bound }, (a) =>
    certify.scalarMeanBound(a.mean, a.distance, a.sigma, a.bound),
  ),
  scalarMeanRadius: call({ mean: [0.1, 'number'], level: [0.5, 'number'], sigma, bound }, (a) =>
    certify.scalarMeanRadius(a.mean, a.level, a.sigma, a.bound),
  ),
  shiftedShare: call({ p: [0.3, 'probability'], shift: [0.5, 'number'] }, (a) =>
    certify.shiftedShare(a.p, a.shift),
  ),
  distributionBound: call(
    { p: [0.1, 'probability'], threshold: [0, 'number'], radius: [0.1, 'notNegative'], sigma },
    (a) =>
      certify.distributionBound({ ...law, thresholds: [a.threshold], exceedance: [a.p] }, a.radius, a.sigma),
  ),
  distributionRadius: call({ p: [0.1, 'probability'], level: [0.5, 'number'], sigma }, (a) =>
    certify.distributionRadius({ ...law, exceedance: [a.p] }, a.level, a.sigma),
  ),
  exceedanceBounds: call({ count: [3, 'countFromZero'], samples, alpha }, (a) =>
    certify.exceedanceBounds([a.count], a.samples, a.alpha),
  ),
  tailBoundsOf: call({ samples, alpha, eta: [0, 'notNegative'] }, (a) =>
    certify.tailBoundsOf({ levels: Float64Array.of(0, 1), low: -1, thresholds: [0] }, [50, 50], a.samples, {
      alpha: a.alpha,
      eta: a.eta,
    }),
  ),
  kthSmallestRadius: call(
    { k: [1, 'count'], radius: [0.2, 'notNegative'], count: [2, 'countFromZero'] },
    (a) => certify.kthSmallestRadius([{ radius: a.radius, count: a.count }], a.k),
  ),
  paperCertificate: call(
    {
      nearestPositive: [0.2, 'notNegative'],
      nearestNegative: [1.2, 'notNegative'],
      samples,
      dimension,
      gallerySize: [10, 'count'],
      gallerySamples: [100, 'countFromZero'],
      alpha,
      sigma,
      bound,
      rounding: [0, 'notNegative'],
      galleryRounding: [0, 'notNegative'],
    },
    (a) => certify.paperCertificate({ ...(a as never as certify.PaperInput), gallerySetting: 'estimated' }),
  ),
  voteCertificate: call(
    {
      hits: [90, 'countFromZero'],
      runnerUp: [5, 'countFromZero'],
      samples,
      alpha,
      sigma,
      eta: [0, 'notNegative'],
    },
    (a) => certify.voteCertificate({ ...(a as never as certify.VoteInput) }),
  ),
  mostLosses: call(
    { lost: [3, 'countFromZero'], lostToAll: [1, 'countFromZero'], samples, labels: [4, 'count'] },
    (a) => certify.mostLosses({ ...(a as never as certify.DuelCounts), lostTo: [a.lost, 2] }),
  ),
  duelCertificate: call(
    {
      lost: [3, 'countFromZero'],
      lostToAll: [1, 'countFromZero'],
      samples,
      labels: [4, 'count'],
      sigma,
      eta: [1e-6, 'notNegative'],
      alpha,
    },
    (a) =>
      certify.duelCertificate({
        ...(a as never as certify.DuelCounts & certify.LossBound),
        lostTo: [a.lost, 2],
      }),
  ),
  AnyTime: call(
    {
      sigma,
      eta: [1e-6, 'notNegative'],
      alpha,
      samples,
      losses: [3, 'countFromZero'],
      radius: [0.2, 'positive'],
      most: [1000, 'count'],
      doubt: [0.01, 'alpha'],
    },
    (a) => {
      const run = new certify.AnyTime(a as never as certify.LossBound);
      run.observe(a as never as certify.LossCounts);
      return [run.reached(a.radius), run.hopeless(a.radius, a.most, a.doubt)];
    },
  ),
  certified: call({ radius: [0.2, 'number'] }, (a) => certify.certified(a.radius)),
  shortened: call({ length: [0.1, 'notNegative'] }, (a) =>
    certify.shortened(certify.certified(0.2), a.length),
  ),
  roundingAllowance: call({ dimension, weight: [1, 'notNegative'] }, (a) =>
    certify.roundingAllowance(a.dimension, a.weight),
  ),
  voteAllowance: call({ dimension }, (a) => certify.voteAllowance(a.dimension)),
  meanRounding: call({ dimension }, (a) => certify.meanRounding(a.dimension)),
  tieAllowance: call({ dimension }, (a) => certify.tieAllowance(a.dimension)),
  outsideReach: call({ floor: [-0.1, 'number'], anchor: [0.3, 'notNegative'] }, (a) =>
    certify.outsideReach(a.floor, a.anchor),
  ),
  bisectorValue: call(
    { anchor: [0.3, 'notNegative'], item: [0.4, 'notNegative'], apart: [1, 'positive'] },
    (a) => certify.bisectorValue(a.anchor, a.item, a.apart),
  ),
  emptyCounters: call({ dimension, bins: [4, 'count'] }, (a) => certify.emptyCounters(a.dimension, [a.bins])),
  addCounters: call({ samples: [5, 'countFromZero'] }, (a) =>
    certify.addCounters(counters(), { ...counters(), samples: a.samples }),
  ),
  meanEmbedding: call({ samples }, (a) =>
    certify.meanEmbedding({ sum: new BigInt64Array(2), samples: a.samples }),
  ),
  distance: call({ x: [1, 'number'] }, (a) => certify.distance([a.x], [0])),
  norm: call({ x: [1, 'number'] }, (a) => certify.norm([a.x])),
  dot: call({ x: [1, 'number'] }, (a) => certify.dot([a.x], [1])),
  bisectorMargin: call({ x: [1, 'number'] }, (a) => certify.bisectorMargin([a.x, 0], [1, 0], [0, 1])),
  bisectorOffset: call({ x: [1, 'number'] }, (a) => certify.bisectorOffset([a.x, 0], [0, 1])),
  safeEmbeddingRadius: call({ x: [1, 'number'] }, (a) =>
    certify.safeEmbeddingRadius([a.x, 0], [[1, 0]], [[0, 1]]),
  ),
  squaredDistances: call({ x: [1, 'number'] }, (a) => certify.squaredDistances(gallery, [a.x, 0])),
  vectorAt: call({ index: [1, 'countFromZero'] }, (a) => certify.vectorAt(gallery, a.index)),
  pairTerms: call({ item: [1, 'countFromZero'] }, (a) =>
    certify.pairTerms(gallery, 'pair', [{ positive: 0, negative: a.item }]),
  ),
  groupTerms: call({ item: [1, 'countFromZero'] }, (a) =>
    certify.groupTerms(
      gallery,
      [{ positive: 0, negative: a.item }],
      0,
      certify.scanNearest(gallery, Float64Array.of(1, 0), { most: 1 })!,
      (item) => item === 1,
    ),
  ),
  scanNearest: call({ x: [1, 'number'], most: [1, 'count'] }, (a) =>
    certify.scanNearest(gallery, Float64Array.of(a.x, 0), { most: a.most }),
  ),
  fixPlan: call({ sigma, k: [1, 'count'], exclude: [1, 'countFromZero'], rival: [1, 'countFromZero'] }, (a) =>
    plan({ sigma: a.sigma, k: a.k, ...(a.exclude === 1 ? {} : { exclude: a.exclude }), rival: a.rival }),
  ),
  requireSameCounts: call({ sigma }, (a) =>
    certify.requireSameCounts(plan({}), { ...plan({}), sigma: a.sigma }),
  ),
  certifySoFar: call({ samples }, (a) =>
    certify.certifySoFar(gallery, plan({}), counted(a.samples), {
      budget: certify.AlphaBudget.fixed(100, 0.01),
    }),
  ),
  answerQuery: call({ samples }, (a) => certify.answerQuery(gallery, plan({}), counted(a.samples))),
  certifyQuery: call({ samples }, (a) =>
    certify.certifyQuery(gallery, plan({}), counted(a.samples), {
      budget: certify.AlphaBudget.fixed(100, 0.01),
    }),
  ),
};

/** What has nothing to refuse. */
const TOTAL: Record<string, string> = {
  abstain: 'a number of samples that is none is left out',
  bestOfLooks: 'chooses between certificates',
  addCount: 'counts what it is told, for addCounters and samplers',
  mostFrequent: 'reads counts',
  isScan: 'knows what scanNearest made',
  leastDistance: 'looks at distances that others have checked',
  nearestOf: 'sorts distances that others have checked',
  outsideFloor: 'the greater of two values',
  squaredNorms: 'looks at each vector of a gallery',
  exceedancesOf: 'counts what is there',
  leastRadius: 'a minimum of certificates',
  radiusOf: 'reads a certificate',
  isOfVotes: 'knows every method',
  observeVerdicts: 'hands counters on to AnyTime, which refuses',
};

test('every function exported is in one of the tables', () => {
  const functions = Object.entries(certify).filter(([, value]) => typeof value === 'function');
  expect(functions.map(([name]) => name).sort()).toEqual(
    [...Object.keys(FUNCTIONS), ...Object.keys(TOTAL)].sort(),
  );
});

describe.each(Object.entries(FUNCTIONS))('%s', (_, { args, call: run }) => {
  const sensible = Object.fromEntries(Object.entries(args).map(([name, [value]]) => [name, value]));

  test('answers a sensible question', () => {
    expect(() => run(sensible)).not.toThrow();
  });

  test.each(
    Object.entries(args).flatMap(([name, [, kind]]) => WRONG[kind].map((value) => [name, value] as const)),
  )('refuses %s = %s', (name, value) => {
    expect(() => run({ ...sensible, [name]: value })).toThrow(/CERTIFICATE_INPUT/);
  });
});
