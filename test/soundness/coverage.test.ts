/**
 * Does a certificate fail as rarely as it says? Each problem's true radius is known; the whole certificate is repeated with
 * few samples and a large alpha, and the number of runs whose radius exceeds the truth is compared with alpha.
 */
import { describe, expect, test } from 'vitest';
import {
  CERTIFICATE_METHODS,
  type CertificateMethod,
  distributionRadius,
  normalQuantile,
} from '../../src/certify/index.ts';
import { type Coverage, type CoverageSettings, measureCoverage } from '../helpers/coverage.ts';
import { binomialAtLeast } from '../helpers/numeric.ts';
import { Random } from '../helpers/random.ts';
import type { LineProblem } from '../helpers/simulate.ts';

/** A unit vector of the plane. */
const ray = (angle: number): number[] => [Math.cos(angle), Math.sin(angle)];

/** h takes few values, one between each two breaks. */
const staircase = (breaks: number[], values: number[][]) => ({
  breaks,
  embed: (t: number): number[] => {
    let at = 0;
    while (at < breaks.length && t >= breaks[at]) at++;
    return values[at];
  },
});

/** h = sign of t: the mean bound, the distribution bound and the vote bound are all exact. */
const sign: LineProblem = {
  items: [
    { vector: [1, 0], label: 0 },
    { vector: [-1, 0], label: 1 },
  ],
  ...staircase(
    [0],
    [
      [-1, 0],
      [1, 0],
    ],
  ),
  start: 0.8,
  sigma: 1,
};

/** The same with a negative so short that the mean must stay above 0.4. */
const lopsided: LineProblem = {
  ...sign,
  items: [
    { vector: [1, 0], label: 0 },
    { vector: [-0.2, 0], label: 1 },
  ],
  start: 0.3,
  sigma: 0.25,
};

/** A rare bad value: 0.3% of the noise, and the answer changes when it is 3%. */
const rare: LineProblem = {
  items: [
    { vector: ray(0.02), label: 0 },
    { vector: ray(0.1), label: 1 },
  ],
  ...staircase([0.3 * 2.748], [ray(0), ray(1.9)]),
  start: 0,
  sigma: 0.3,
};

/** h turns with t between two bounds. */
const angle: LineProblem = {
  items: [-1.4, -0.8, -0.1, 0.15, 0.5, 0.9, 1.35].map((a, i) => ({
    vector: ray(a).map((x) => x * (i % 2 === 0 ? 1 : 0.9)),
    label: [2, 1, 0, 0, 1, 1, 2][i],
  })),
  embed: (t) => ray(Math.max(-1.5, Math.min(1.5, t))),
  breaks: [-1.5, 1.5],
  start: 0.05,
  sigma: 0.4,
};

/** Five values in space, and a gallery of ten around them. */
const mixture: LineProblem = (() => {
  const random = new Random(11);
  const values = Array.from({ length: 5 }, () => random.direction(3));
  const items = Array.from({ length: 10 }, (_, i) => {
    const near = values[i % 5].map((x) => x + 0.35 * random.normal());
    return { vector: near.map((x) => (0.95 * x) / Math.hypot(...near)), label: i % 4 };
  });
  return { items, ...staircase([-1, -0.5, 0.6, 1.1], values), start: 0, sigma: 0.5 };
})();

/** Seven steps whose votes go to four labels, the first with less than half of them. */
const plurality: LineProblem = {
  items: Array.from({ length: 7 }, (_, i) => ({ vector: ray(0.9 * i), label: [1, 2, 3, 0, 1, 2, 3][i] })),
  ...staircase(
    [-1.5, -1, -0.6, 0.55, 1, 1.5],
    Array.from({ length: 7 }, (_, i) => ray(0.9 * i)),
  ),
  start: 0.05,
  sigma: 1,
};

const REPETITIONS = 2000;
const base = { selection: 64, repetitions: REPETITIONS };
const PROBLEMS: [name: string, settings: Omit<CoverageSettings, 'seed'>][] = [
  ['sign, n = 50', { ...base, problem: sign, plan: { samples: 50, alpha: 0.1, bins: 48 } }],
  ['sign, n = 200, alpha = 0.02', { ...base, problem: sign, plan: { samples: 200, alpha: 0.02, bins: 48 } }],
  ['sign, n = 1000', { ...base, problem: sign, plan: { samples: 1000, alpha: 0.1, bins: 48 } }],
  // a last look that may spend nothing leaves cdf the tests of each radius
  [
    'sign by tests, n = 1000',
    { ...base, problem: sign, plan: { samples: 1000, alpha: 0.1, bins: 48, lastAlpha: 1e-60 } },
  ],
  [
    'angle, n = 1000',
    { ...base, problem: angle, plan: { samples: 1000, alpha: 0.1, bins: 256, criticals: 2 } },
  ],
  ['lopsided sign, n = 200', { ...base, problem: lopsided, plan: { samples: 200, alpha: 0.1, bins: 48 } }],
  ['rare value, n = 1000', { ...base, problem: rare, plan: { samples: 1000, alpha: 0.1, bins: 48 } }],
  ['angle, n = 200', { ...base, problem: angle, plan: { samples: 200, alpha: 0.1, bins: 32, criticals: 2 } }],
  [
    'angle, identity of an item, some candidates, n = 200',
    {
      ...base,
      problem: angle,
      plan: { samples: 200, alpha: 0.1, bins: 32, identity: true, candidates: 4, exclude: 3 },
    },
  ],
  [
    'angle, k = 2, groups, n = 50',
    { ...base, problem: angle, plan: { samples: 50, alpha: 0.1, bins: 48, k: 2, criticals: 1 } },
  ],
  [
    'mixture, k = 2, n = 500',
    { ...base, problem: mixture, plan: { samples: 500, alpha: 0.1, bins: 32, k: 2, criticals: 4 } },
  ],
  ['plurality, n = 200', { ...base, problem: plurality, plan: { samples: 200, alpha: 0.1, bins: 48 } }],
];

/** Whether so many failures cannot be luck at this alpha. */
const tooMany = (failures: number, alpha: number, repetitions = REPETITIONS): boolean =>
  binomialAtLeast(failures, repetitions, alpha) < 1e-6;

const rates = new Map<string, Record<CertificateMethod, Coverage>>();

describe('no method fails more often than alpha', () => {
  test.each(PROBLEMS)('%s', (name, settings) => {
    const found = measureCoverage({ ...settings, seed: 1 + PROBLEMS.findIndex(([n]) => n === name) });
    rates.set(name, found);
    for (const method of CERTIFICATE_METHODS)
      expect(
        tooMany(found[method].failures, settings.plan.alpha),
        `${method}: ${found[method].failures}`,
      ).toBe(false);
  });
});

describe('the harness can tell', () => {
  test('failures do occur where a method is exact, and radii come near the truth', () => {
    const of = (name: string): Record<CertificateMethod, Coverage> => rates.get(name)!;
    // Clopper–Pearson of a sign is exact up to the steps of the counts
    expect(of('sign, n = 1000').vote.failures).toBeGreaterThan(0.05 * REPETITIONS);
    expect(of('rare value, n = 1000').cdf.failures).toBeGreaterThan(0.01 * REPETITIONS);
    const near = of('sign, n = 1000');
    expect(near.vote.radius).toBeGreaterThan(0.9 * near.vote.truth);
    expect(near.bisector.radius).toBeGreaterThan(0.9 * near.bisector.truth);
    expect(near.bisector.failures).toBeGreaterThan(0.05 * REPETITIONS);
    expect(near.cdf.failures).toBeGreaterThan(0.05 * REPETITIONS);
    expect(near.paper.radius).toBeGreaterThan(0.75 * near.paper.truth);
    expect(of('angle, n = 200').cdf.radius).toBeGreaterThan(0.5 * of('angle, n = 200').cdf.truth);
  });

  const large = {
    problem: sign,
    selection: 512,
    repetitions: 300,
    seed: 90,
    plan: { samples: 20_000, alpha: 0.02, bins: 48 },
  };

  test('a radius a tenth too large', () => {
    const found = measureCoverage({ ...large, tamper: (_, radius) => 1.1 * radius });
    for (const method of ['vote', 'bisector', 'cdf'] as const)
      expect(tooMany(found[method].failures, 0.02, 300), `${method}: ${found[method].failures}`).toBe(true);
    const honest = measureCoverage(large);
    for (const method of CERTIFICATE_METHODS)
      expect(tooMany(honest[method].failures, 0.02, 300), `${method}`).toBe(false);
    // by tests cdf certifies one of a list of radii, some percent apart: it takes a little more
    const byTests = { ...large, plan: { ...large.plan, lastAlpha: 1e-60 } };
    const { cdf } = measureCoverage({ ...byTests, tamper: (_, radius) => 1.2 * radius });
    expect(tooMany(cdf.failures, 0.02, 300)).toBe(true);
    expect(tooMany(measureCoverage(byTests).cdf.failures, 0.02, 300)).toBe(false);
  });

  test('the estimate itself in place of its confidence bound', () => {
    const found = measureCoverage({
      ...PROBLEMS[1][1],
      seed: 91,
      tamper: (method, radius, { votes, samples, histograms }, plan) => {
        if (method === 'vote') return normalQuantile(Math.min(1 - 1e-9, votes[plan.vote.label] / samples));
        if (method !== 'cdf') return radius;
        const [{ expected }] = plan.statistics;
        const levels = [...expected.levels];
        const exceedance = levels.map(
          (_, j) => histograms[0].slice(j + 1).reduce((a, b) => a + b, 0) / samples,
        );
        const law = { thresholds: levels.slice(0, -1), exceedance, low: levels[0], high: levels.at(-1)! };
        return distributionRadius(law, 0, sign.sigma);
      },
    });
    expect(tooMany(found.vote.failures, 0.02)).toBe(true);
    expect(tooMany(found.cdf.failures, 0.02)).toBe(true);
  });

  test('more alpha spent than claimed', () => {
    const vote = measureCoverage({ ...PROBLEMS[1][1], seed: 92, spend: 0.1 }).vote;
    expect(tooMany(vote.failures, 0.02)).toBe(true);
    const spent = PROBLEMS.find(([name]) => name === 'rare value, n = 1000')![1];
    const cdf = measureCoverage({ ...spent, seed: 93, plan: { ...spent.plan, alpha: 0.01 }, spend: 0.2 }).cdf;
    expect(tooMany(cdf.failures, 0.01)).toBe(true);
  });
});
