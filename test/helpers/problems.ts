/** Problems along a line whose truth is known, and the settings under which their certificates are repeated. */
import type { CoverageSettings } from './coverage.ts';
import { binomialAtLeast } from './numeric.ts';
import { Random } from './random.ts';
import type { LineProblem } from './simulate.ts';

/** A unit vector of the plane. */
export const ray = (angle: number): number[] => [Math.cos(angle), Math.sin(angle)];

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
export const sign: LineProblem = {
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
export const lopsided: LineProblem = {
  ...sign,
  items: [
    { vector: [1, 0], label: 0 },
    { vector: [-0.2, 0], label: 1 },
  ],
  start: 0.3,
  sigma: 0.25,
};

/** A rare bad value: 0.3% of the noise, and the answer changes when it is 3%. */
export const rare: LineProblem = {
  items: [
    { vector: ray(0.02), label: 0 },
    { vector: ray(0.1), label: 1 },
  ],
  ...staircase([0.3 * 2.748], [ray(0), ray(1.9)]),
  start: 0,
  sigma: 0.3,
};

/** h turns with t between two bounds. */
export const angle: LineProblem = {
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
export const mixture: LineProblem = (() => {
  const random = new Random(11);
  const values = Array.from({ length: 5 }, () => random.direction(3));
  const items = Array.from({ length: 10 }, (_, i) => {
    const near = values[i % 5].map((x) => x + 0.35 * random.normal());
    return { vector: near.map((x) => (0.95 * x) / Math.hypot(...near)), label: i % 4 };
  });
  return { items, ...staircase([-1, -0.5, 0.6, 1.1], values), start: 0, sigma: 0.5 };
})();

/** Seven steps whose votes go to four labels, the first with less than half of them. */
export const plurality: LineProblem = {
  items: Array.from({ length: 7 }, (_, i) => ({ vector: ray(0.9 * i), label: [1, 2, 3, 0, 1, 2, 3][i] })),
  ...staircase(
    [-1.5, -1, -0.6, 0.55, 1, 1.5],
    Array.from({ length: 7 }, (_, i) => ray(0.9 * i)),
  ),
  start: 0.05,
  sigma: 1,
};

/** The items of {@link angle}, each its own label but for one that is there twice: the second stands where its class had another. */
export const instances: LineProblem = {
  ...angle,
  items: [...angle.items, angle.items[2]].map(({ vector }, i) => ({ vector, label: i === 7 ? 2 : i })),
};

/** A value that lies as near to the one item as to the other: the rarer it is, the larger the radius. */
export const tied: LineProblem = {
  items: [ray(0), ray(1), ray(3)].map((vector, label) => ({ vector, label })),
  ...staircase([0.9], [ray(0), ray(0.5)]),
  start: 0,
  sigma: 1,
};

/** Of each problem in the tests. */
export const REPETITIONS = 2000;
const base = { selection: 64, repetitions: REPETITIONS };
const LOOKS = [15, 30, 60, 100, 200, 300, 400];
/** Every problem by name. */
export const PROBLEMS: [name: string, settings: Omit<CoverageSettings, 'seed'>][] = [
  ['sign, n = 50', { ...base, problem: sign, plan: { samples: 50, alpha: 0.1, bins: 48 } }],
  ['sign, n = 200, alpha = 0.02', { ...base, problem: sign, plan: { samples: 200, alpha: 0.02, bins: 48 } }],
  ['sign, n = 1000', { ...base, problem: sign, plan: { samples: 1000, alpha: 0.1, bins: 48 } }],
  // at any time cdf has the tests of each radius
  [
    'sign by tests, n = 1000',
    { ...base, problem: sign, plan: { samples: 1000, alpha: 0.1, bins: 48, looks: [1000] } },
  ],
  [
    'angle, n = 1000',
    { ...base, problem: angle, plan: { samples: 1000, alpha: 0.1, bins: 256, criticals: 2 } },
  ],
  [
    'angle at the worst of many looks',
    {
      ...base,
      problem: angle,
      repetitions: 150,
      plan: { samples: 400, alpha: 0.1, bins: 64, criticals: 2, looks: LOOKS },
    },
  ],
  [
    'sign at the worst of many looks',
    {
      ...base,
      problem: sign,
      repetitions: 500,
      plan: { samples: 400, alpha: 0.1, bins: 48, looks: LOOKS },
    },
  ],
  ['lopsided sign, n = 200', { ...base, problem: lopsided, plan: { samples: 200, alpha: 0.1, bins: 48 } }],
  ['rare value, n = 1000', { ...base, problem: rare, plan: { samples: 1000, alpha: 0.1, bins: 48 } }],
  ['angle, n = 200', { ...base, problem: angle, plan: { samples: 200, alpha: 0.1, bins: 32, criticals: 2 } }],
  [
    'items as labels, some candidates, n = 200',
    {
      ...base,
      problem: instances,
      plan: { samples: 200, alpha: 0.1, bins: 32, candidates: 5, exclude: 3 },
    },
  ],
  [
    'items as labels, one of two equal ones left out, n = 200',
    {
      ...base,
      problem: instances,
      plan: { samples: 200, alpha: 0.1, bins: 32, criticals: 2, exclude: 2 },
    },
  ],
  [
    'items as labels, one rival, n = 200',
    { ...base, problem: instances, plan: { samples: 200, alpha: 0.1, bins: 32, rival: 4 } },
  ],
  [
    'items as labels, a tie, n = 200',
    { ...base, problem: tied, plan: { samples: 200, alpha: 0.1, bins: 32 } },
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

/** Whether so many failures cannot be luck at this alpha: a binomial test at level 1e-6. */
export const tooMany = (failures: number, alpha: number, repetitions = REPETITIONS): boolean =>
  binomialAtLeast(failures, repetitions, alpha) < 1e-6;
