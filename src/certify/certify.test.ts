import { describe, expect, test } from 'vitest';
import {
  countSamples,
  drawEmbeddings,
  galleryOf,
  type LineProblem,
  selectionOf,
} from '../../test/helpers/simulate.ts';
import { Random } from '../../test/helpers/random.ts';
import { CERTIFICATE_METHODS, certifyQuery, type CertifyOptions } from './certify.ts';
import { planQuery, type PlanOptions } from '../plan/index.ts';
import { AlphaBudget } from './alpha-budget.ts';
import { type PaperInput, paperCertificate } from './paper.ts';
import { radiusOf } from './result.ts';

const ray = (angle: number): number[] => [Math.cos(angle), Math.sin(angle)];

/** h turns with t: class 0 ahead, class 1 to the left and the right. */
const turning: LineProblem = {
  items: [
    { vector: ray(0.1), label: 0 },
    { vector: ray(-0.2), label: 0 },
    { vector: ray(1.1), label: 1 },
    { vector: ray(-1.3), label: 1 },
    { vector: ray(2), label: 2 },
  ],
  embed: ray,
  breaks: [],
  start: 0,
  sigma: 0.2,
};

const SAMPLES = 4000;

function certify(
  problem: LineProblem,
  plan: Partial<PlanOptions> = {},
  {
    alpha = 0.001,
    samples = SAMPLES,
    ...certificate
  }: Partial<CertifyOptions> & { alpha?: number; samples?: number } = {},
) {
  const random = new Random(5);
  const gallery = galleryOf(problem);
  const options = { budget: AlphaBudget.fixed(samples, 0.001), ...plan, sigma: problem.sigma };
  const selected = drawEmbeddings(problem, random, 256);
  const made = planQuery(gallery, selectionOf(problem, selected, plan.exclude), options);
  const counters = countSamples(problem, made, drawEmbeddings(problem, random, samples));
  return certifyQuery(gallery, made, counters, {
    budget: AlphaBudget.fixed(samples, alpha),
    ...certificate,
  });
}

describe('all methods on one query', () => {
  test('certify the class, name the nearest items in order, and label their certificates', () => {
    const result = certify(turning);
    expect(result.predicted).toBe(0);
    expect(result.votePredicted).toBe(0);
    expect(result.nearest.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
    const far = result.nearest.map(({ distance }) => distance);
    expect([...far].sort((x, y) => x - y)).toEqual(far);
    for (const method of CERTIFICATE_METHODS) {
      expect(radiusOf(result.certificates[method]!)).toBeGreaterThan(0);
      expect(result.certificates[method]!.label).toBe(0);
    }
    // this problem's order, far from any tie
    const [paper, bisector, cdf] = (['paper', 'bisector', 'cdf'] as const).map((m) =>
      radiusOf(result.certificates[m]!),
    );
    expect(bisector).toBeGreaterThan(1.2 * paper);
    expect(cdf).toBeGreaterThan(1.5 * bisector);
  });

  test('only those asked for', () => {
    expect(Object.keys(certify(turning, {}, { methods: ['vote', 'cdf'] }).certificates)).toEqual([
      'vote',
      'cdf',
    ]);
  });

  test('less alpha, less radius; the gallery as an estimate, less for paper', () => {
    const [much, little] = [0.1, 1e-6].map((alpha) => certify(turning, {}, { alpha }).certificates);
    for (const method of CERTIFICATE_METHODS)
      expect(radiusOf(much[method]!)).toBeGreaterThan(radiusOf(little[method]!));
    const { paper } = certify(turning, {}, { gallerySetting: 'estimated' }).certificates;
    expect(radiusOf(paper!)).toBeLessThan(radiusOf(certify(turning).certificates.paper!));
    // at any time: the tests of cdf are the same, the other bounds a little wider
    const budget = AlphaBudget.anyTime(SAMPLES, 0.1);
    const anyTime = certify(turning, {}, { budget }).certificates;
    expect(anyTime.cdf).toEqual(much.cdf);
    for (const method of CERTIFICATE_METHODS) {
      expect(radiusOf(anyTime[method]!)).toBeGreaterThan(0);
      expect(radiusOf(anyTime[method]!)).toBeLessThanOrEqual(radiusOf(much[method]!) * (1 + 1e-3));
    }
  });

  test('k = 2 certifies at least as far at the price of half of alpha', () => {
    const one = certify(turning).certificates;
    const two = certify(turning, { k: 2 }).certificates;
    for (const method of ['paper', 'bisector', 'cdf'] as const)
      expect(radiusOf(two[method]!)).toBeGreaterThan(0.95 * radiusOf(one[method]!));
    expect(radiusOf(certify(turning, { k: 4 }).certificates.cdf!)).toBe(Infinity); // three negatives in all
  });
});

describe('what is settled beforehand', () => {
  const methods = ['paper', 'bisector', 'cdf'] as const;
  test('the wrong class, and one that the gallery lacks', () => {
    const wrong = certify(turning, { label: 1 }).certificates;
    const absent = certify(turning, { label: 9 }).certificates;
    for (const method of methods) {
      expect(wrong[method]).toMatchObject({ kind: 'abstain', reason: 'wrong-answer', label: 1 });
      expect(absent[method]).toMatchObject({ kind: 'abstain', reason: 'no-positive' });
    }
  });

  test('no negative: certified without limit', () => {
    const problem = { ...turning, items: turning.items.slice(0, 2) };
    const { certificates } = certify(problem);
    for (const method of methods) expect(certificates[method]).toMatchObject({ radius: Infinity });
  });

  test('a negative stored with the very vector of the only positive: never certified', () => {
    const problem = { ...turning, items: [...turning.items.slice(1), { vector: ray(-0.2), label: 1 }] };
    const { certificates } = certify(problem, { label: 0 });
    for (const method of methods) expect(radiusOf(certificates[method]!)).toBe(0);
  });
});

test('an abstention for want of samples says how many would do, for a statistic of few values too', () => {
  const sign: LineProblem = {
    items: [
      { vector: [1, 0], label: 0 },
      { vector: [-1, 0], label: 1 },
    ],
    embed: (t) => [t < 0 ? -1 : 1, 0],
    breaks: [0],
    start: 0.3,
    sigma: 1,
  };
  const { cdf } = certify(sign, {}, { samples: 60 }).certificates;
  expect(cdf).toMatchObject({ kind: 'abstain', reason: 'too-few-samples' });
  const needed = cdf!.kind === 'abstain' ? cdf!.samplesNeeded! : 0;
  expect(needed).toBeGreaterThan(60);
  expect(needed).toBeLessThan(2000); // 3.09²·¼/(Φ(0.3) − ½)² = 170
  expect(radiusOf(certify(sign, {}, { samples: 2000 }).certificates.cdf!)).toBeGreaterThan(0);
});

describe('a rival', () => {
  test('one item never is the k-th nearest negative: k > 1 is refused', () => {
    expect(() => certify(turning, { rival: 2, k: 2 })).toThrow(/CERTIFICATE_INPUT.*k = 1 with a rival/);
    expect(radiusOf(certify(turning, { rival: 2 }).certificates.cdf!)).toBeGreaterThan(0);
  });

  test('that has the answer is excluded by no method, by votes for its class neither', () => {
    for (const rival of [0, 1]) {
      const { certificates } = certify(turning, { rival, label: 0 });
      expect(certificates.vote).toMatchObject({ kind: 'abstain', reason: 'wrong-answer' });
    }
    for (const method of CERTIFICATE_METHODS)
      expect(certify(turning, { rival: 0 }).certificates[method]).toMatchObject({ reason: 'wrong-answer' });
  });
});

test('the estimated setting loses what rounding may have moved a stored vector by', () => {
  const input = {
    nearestPositive: 0.2,
    nearestNegative: 1.2,
    samples: 1e9,
    dimension: 8,
    gallerySize: 10,
    alpha: 0.01,
    sigma: 0.5,
  };
  const radius = (change: Partial<PaperInput>): number =>
    radiusOf(paperCertificate({ ...input, gallerySetting: 'estimated', ...change }));
  expect(radius({ galleryRounding: 0.01 })).toBeCloseTo(radius({ nearestNegative: 1.18 }), 12);
  expect(radius({ galleryRounding: 0.01, gallerySamples: 0 })).toBe(radius({ gallerySamples: 0 })); // exact
  expect(radius({ galleryRounding: 0.01, gallerySetting: 'deployed' })).toBe(
    radius({ gallerySetting: 'deployed' }),
  );
});

describe('at the edges', () => {
  test('values at both ends of the range: a variance as large as can be', () => {
    // ±1 evenly, with a bisector at 0.75: the sample variance is the largest possible, its upper bound larger still
    const problem: LineProblem = {
      items: [
        { vector: [0.5, 0], label: 0 },
        { vector: [-1, 0], label: 1 },
      ],
      embed: (t) => [t < 0 ? -1 : 1, 0],
      breaks: [0],
      start: 0,
      sigma: 1,
    };
    const { certificates } = certify(problem);
    expect(radiusOf(certificates.bisector!)).toBeGreaterThan(0.24);
    expect(radiusOf(certificates.bisector!)).toBeLessThan(0.32); // Φ⁻¹(5/8)
  });

  test('no positive among the scanned candidates certifies nothing', () => {
    // the selection mean is nearest to the negative, the estimate to the positive
    const problem: LineProblem = {
      items: [
        { vector: ray(0.3), label: 0 },
        { vector: ray(-0.3), label: 1 },
      ],
      embed: ray,
      breaks: [],
      start: 0,
      sigma: 0.1,
    };
    const gallery = galleryOf(problem);
    const selected = Array.from({ length: 64 }, (_, i) => ray(-0.01 + 0.02 * (i % 2) - 0.005));
    const budget = AlphaBudget.fixed(500, 0.1);
    const plan = planQuery(gallery, selectionOf(problem, selected), {
      budget,
      sigma: 0.1,
      label: 0,
      candidates: 1,
    });
    const drawn = drawEmbeddings({ ...problem, start: 0.05 }, new Random(3), 500);
    const { certificates } = certifyQuery(gallery, plan, countSamples(problem, plan, drawn), { budget });
    for (const method of ['bisector', 'cdf'] as const) expect(radiusOf(certificates[method]!)).toBe(0);
  });
});
