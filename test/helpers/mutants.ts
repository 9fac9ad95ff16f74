/** Certificates with one fault each, and the problem on which repetitions tell it. */
import {
  addCount,
  bisectorMarginOf,
  bisectorOffset,
  bisectorRadius,
  type CertificateMethod,
  type Counters,
  distance,
  distributionRadius,
  lipschitzRadius,
  meanEmbedding,
  minimumMargin,
  normalQuantile,
  type QueryPlan,
  vectorAt,
} from '../../src/certify/index.ts';
import type { CoverageSettings, Mutation } from './coverage.ts';
import { lopsided, ray, sign, tied } from './problems.ts';
import { galleryOf, type LineProblem } from './simulate.ts';

/** A faulty certificate. */
export interface Mutant {
  name: string;
  /** What is wrong. */
  fault: string;
  /** The methods that have to be caught. */
  methods: readonly CertificateMethod[];
  settings: Omit<CoverageSettings, 'seed' | 'mutation'>;
  mutation: Mutation;
}

const few = {
  problem: sign,
  selection: 64,
  repetitions: 1000,
  plan: { samples: 200, alpha: 0.02, bins: 48 },
};
const many = {
  problem: sign,
  selection: 512,
  repetitions: 300,
  plan: { samples: 20_000, alpha: 0.02, bins: 48 },
};
/** By a test of each radius instead of Clopper–Pearson bounds. */
const byTests = { ...many, plan: { ...many.plan, looks: [many.plan.samples] } };

/** Both answers nearly tie: choosing and judging on the same samples shows. */
const close: LineProblem = { ...sign, start: 0.005 };

/**
 * Two values of h. The item at the origin decides the answer, but is not among the three items nearest to the mean: the item beside
 * the axis is nearer and decides only later.
 */
const behind: LineProblem = {
  ...sign,
  items: [
    { vector: [1, 0], label: 0 },
    { vector: [0.97, 0.05], label: 0 },
    { vector: [0.3, 0.5], label: 1 },
    { vector: [0, 0], label: 1 },
  ],
  start: normalQuantile(0.8),
};

/** The votes of a half-line for one class, of the opposite one for another, and of six in between. */
const opposite: LineProblem = {
  items: Array.from({ length: 8 }, (_, i) => ({ vector: ray(0.75 * i), label: i })),
  breaks: Array.from({ length: 7 }, (_, i) => 0.1 + 0.1 * i),
  embed: (t) => opposite.items[opposite.breaks.filter((end) => t >= end).length].vector,
  start: 0,
  sigma: 1,
};

/** As {@link sign}, but each value a little different, so that the law has no atoms. */
const blurred: LineProblem = {
  ...sign,
  embed: (t) => ray((t < 0 ? Math.PI : 0) + 0.2 * Math.sin(20 * t)),
};

/** An h that turns with t, with a border behind the candidates. */
const outside: LineProblem = {
  items: [0.4, -0.1, 0.75, -0.8].map((a, i) => ({ vector: ray(a), label: [0, 0, 1, 1][i] })),
  embed: (t) => ray(Math.max(-1.5, Math.min(1.5, t))),
  breaks: [-1.5, 1.5],
  start: 0,
  sigma: 0.5,
};

/** The query's own item lies in the gallery, nearer to it than any other. */
const self: LineProblem = {
  items: [
    { vector: ray(0.02), label: 0 },
    { vector: ray(-0.8), label: 0 },
    { vector: ray(0.5), label: 1 },
  ],
  embed: (t) => ray(Math.max(-1.5, Math.min(1.5, t))),
  breaks: [-1.5, 1.5],
  start: -0.3,
  sigma: 0.3,
};

/** Items as their own labels: one near the answer, which takes its place first, and one far off. */
const neighbours: LineProblem = {
  items: [0, 0.1, 2].map((a, label) => ({ vector: ray(a), label })),
  embed: (t) => ray(t < 0.7 ? 0 : t < 2 ? 0.1 : 2),
  breaks: [0.7, 2],
  start: 0,
  sigma: 1,
};

/** Each certificate with the estimate where its confidence bound should stand. */
function withEstimates(problem: LineProblem): Mutation['radius'] {
  const gallery = galleryOf(problem);
  return (method, honest, counters, plan) => {
    const { samples, votes } = counters;
    const { sigma } = plan;
    if (honest === 0) return honest;
    if (method === 'vote')
      return sigma * normalQuantile(Math.min(1 - 1e-9, votes.get(plan.vote.label)! / samples));
    if (method === 'cdf') {
      const [{ levels, low }] = plan.statistics;
      const exceedance = tailsOf(counters.histograms[0]).map((count) => count / samples);
      const law = {
        thresholds: [...levels].slice(0, -1),
        exceedance: exceedance.slice(0, -1),
        low,
        high: levels.at(-1)!,
      };
      return distributionRadius(law, 0, sigma);
    }
    const g = meanEmbedding(counters);
    const to = (item: number): number => distance(g, vectorAt(gallery, item));
    const [positive, negative] = [plan.statistics[0].anchors[0], plan.statistics[0].members[0]];
    if (method === 'paper') return lipschitzRadius(minimumMargin(to(positive), to(negative)), sigma);
    const [a, b] = [vectorAt(gallery, positive), vectorAt(gallery, negative)];
    const offset = bisectorOffset(a, b);
    const margin = bisectorMarginOf(to(positive), to(negative), distance(a, b));
    return bisectorRadius({ mean: offset - margin, deviation: 0, offset, sigma });
  };
}

/** [bins] how many samples lie above each bin. */
function tailsOf(histogram: Uint32Array): number[] {
  return [...histogram].map((_, j) => histogram.slice(j + 1).reduce((a, b) => a + b, 0));
}

/** One more success than was counted. */
function oneMore({ votes }: Counters, { vote }: QueryPlan): void {
  const other = [...votes.keys()].find((label) => label !== vote.label && votes.get(label)! > 0);
  if (other === undefined) return;
  addCount(votes, other, -1);
  addCount(votes, vote.label);
}

/** No more votes for a label than duels lost to it, so that the fault is not refused for a contradiction. */
function agree({ votes, losses, samples }: Counters, { vote }: QueryPlan): void {
  for (const [label, count] of votes) votes.set(label, Math.min(count, losses.get(label) ?? 0));
  votes.set(vote.label, samples);
}

/** One loss less to each label. */
function oneLess(counters: Counters, plan: QueryPlan): void {
  const { losses } = counters;
  for (const [label, lost] of losses) if (lost > 0) addCount(losses, label, -1);
  agree(counters, plan);
}

/** No losses to the second item. */
function forgetLosses(counters: Counters, plan: QueryPlan): void {
  counters.losses.delete(1);
  agree(counters, plan);
}

/** Every value one bin lower than it is. */
function roundedDown({ histograms }: Counters): void {
  for (const histogram of histograms) {
    histogram[0] += histogram[1];
    histogram.copyWithin(1, 2);
    histogram[histogram.length - 1] = 0;
  }
}

const times =
  (factor: number): Mutation['radius'] =>
  (_, radius) =>
    factor * radius;

/** Every faulty certificate. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'radius 5% too large',
    fault: 'each radius is multiplied by 1.05',
    methods: ['bisector', 'cdf', 'vote', 'duel'],
    settings: many,
    mutation: { radius: times(1.05) },
  },
  {
    name: 'radius 2% too large',
    fault: 'each radius is multiplied by 1.02',
    methods: ['bisector', 'cdf', 'vote', 'duel'],
    settings: { ...many, plan: { ...many.plan, samples: 40_000 } },
    mutation: { radius: times(1.02) },
  },
  {
    name: 'tested radius 15% too large',
    fault: 'cdf says 1.15 of the largest radius that its tests accept, of a list some percent apart',
    methods: ['cdf'],
    settings: byTests,
    mutation: { radius: times(1.15) },
  },
  {
    name: 'sigma of the normalised pixels',
    fault: 'the certificate takes the noise for 1.1 times what it is, as with a forgotten pixel scale',
    methods: ['bisector', 'cdf', 'vote', 'duel'],
    settings: many,
    mutation: { noise: 1 / 1.1 },
  },
  {
    name: 'sigma of the plan 5% too large',
    fault: 'the radius is computed with 1.05 of the sigma of the samples',
    methods: ['bisector', 'cdf', 'vote', 'duel'],
    settings: many,
    mutation: {
      plan: (plan) => ({ ...plan, sigma: 1.05 * plan.sigma }),
    },
  },
  {
    name: 'alpha spent five times',
    fault: 'the bounds hold with 1 − 5·alpha instead of 1 − alpha',
    methods: ['bisector', 'cdf', 'vote', 'duel'],
    settings: { ...few, repetitions: 2000 },
    mutation: { spend: 0.1 },
  },
  {
    name: 'estimates in place of bounds',
    fault: 'ĝ, the shares of votes and of exceedances are taken for their confidence bounds',
    methods: ['bisector', 'cdf', 'vote', 'duel'],
    settings: few,
    mutation: { radius: withEstimates(sign) },
  },
  {
    name: 'ĝ in place of the ball around it',
    fault:
      "the paper's bound without the distance of ĝ from g, of a negative so short that the bound is sharp",
    methods: ['bisector'],
    settings: { ...few, problem: lopsided },
    mutation: { radius: withEstimates(lopsided) },
  },
  {
    name: 'estimates in place of bounds, near the border',
    fault: "the same for the paper's bound, which is sharp there",
    methods: ['paper'],
    settings: { ...few, problem: { ...sign, start: 0.1 }, plan: { samples: 2000, alpha: 0.02, bins: 48 } },
    mutation: { radius: withEstimates(sign) },
  },
  {
    name: 'one success too many',
    fault: 'Clopper–Pearson of k + 1 successes instead of k',
    methods: ['vote'],
    settings: { ...few, repetitions: 4000, plan: { samples: 50, alpha: 0.02, bins: 48 } },
    mutation: { counters: oneMore },
  },
  {
    name: 'one loss too few',
    fault: 'Clopper–Pearson of k − 1 losses instead of k',
    methods: ['duel'],
    settings: { ...few, repetitions: 4000, plan: { samples: 50, alpha: 0.012, bins: 48 } },
    mutation: { counters: oneLess },
  },
  {
    name: 'phases share their noise',
    fault: 'the class is chosen and judged on the same samples',
    methods: ['vote', 'duel'],
    settings: { ...few, problem: close, repetitions: 2000, plan: { samples: 100, alpha: 0.1, bins: 48 } },
    mutation: { reuse: true },
  },
  {
    name: 'samples counted twice',
    fault: 'each noisy image is drawn once and counted four times',
    methods: ['bisector', 'cdf', 'vote', 'duel'],
    settings: few,
    mutation: { repeat: 4 },
  },
  {
    name: 'looks without a schedule',
    fault: 'early stopping looks after 25, 50, … 400 samples, every time with all of alpha',
    methods: ['vote', 'duel'],
    settings: { ...few, repetitions: 2000, plan: { samples: 400, alpha: 0.1, bins: 48 } },
    mutation: { looks: [25, 50, 75, 100, 150, 200, 250, 300, 350, 400] },
  },
  {
    name: 'bins rounded the wrong way',
    fault: 'a value is counted in the bin below its own',
    methods: ['cdf'],
    settings: { ...few, problem: blurred, repetitions: 200, plan: { samples: 2000, alpha: 0.1, bins: 24 } },
    mutation: { counters: roundedDown },
  },
  {
    name: 'items outside the scan ignored',
    fault: 'items outside the scan are taken to be too far to matter to the statistics',
    methods: ['cdf'],
    settings: { ...many, problem: behind, plan: { ...many.plan, candidates: 3 } },
    mutation: {
      plan: (plan) => ({
        ...plan,
        statistics: plan.statistics.flatMap((one) =>
          one.members.length > 0 ? [{ ...one, outside: null }] : [],
        ),
      }),
    },
  },
  {
    name: 'a negative forgotten',
    fault: 'the statistic of the most critical negative is left out',
    methods: ['cdf'],
    settings: { ...many, problem: behind, plan: { ...many.plan, criticals: 4 } },
    mutation: { plan: (plan) => ({ ...plan, statistics: plan.statistics.slice(1) }) },
  },
  {
    name: 'votes among the scanned alone',
    fault: 'an item outside the scan never decides a vote or a duel',
    methods: ['vote', 'duel'],
    settings: {
      ...few,
      problem: outside,
      repetitions: 100,
      plan: { samples: 2000, alpha: 0.1, bins: 48, candidates: 3 },
    },
    mutation: { outside: false },
  },
  {
    name: 'the weakest rival alone',
    fault: 'the duel that was lost least often decides',
    methods: ['duel'],
    settings: { ...few, problem: opposite, plan: { samples: 500, alpha: 0.1, bins: 48 } },
    mutation: {
      counters: (counters, plan) => {
        const { losses } = counters;
        const least = losses.size < plan.rivalLabels ? 0 : Math.min(...losses.values());
        for (const label of losses.keys()) losses.set(label, least);
        agree(counters, plan);
      },
    },
  },
  {
    name: 'the query finds itself',
    fault: 'with leave-one-out the query stays in the gallery',
    methods: ['bisector', 'cdf'],
    settings: {
      ...few,
      problem: self,
      repetitions: 100,
      plan: { samples: 2000, alpha: 0.1, bins: 48, exclude: 0 },
    },
    mutation: { planOptions: { exclude: undefined } },
  },
  {
    name: 'an identity that is left out wins',
    fault: 'of items that are their own labels the one that is left out stays in the gallery',
    methods: ['vote', 'duel'],
    settings: {
      ...few,
      problem: { ...self, items: self.items.map(({ vector }, label) => ({ vector, label })) },
      repetitions: 100,
      plan: { samples: 2000, alpha: 0.1, bins: 48, exclude: 0 },
    },
    mutation: { planOptions: { exclude: undefined } },
  },
  {
    name: 'ties are wins',
    fault: 'a noisy embedding as near to another item as to the own one is not lost to it',
    methods: ['duel'],
    settings: { ...few, problem: tied, plan: { samples: 200, alpha: 0.1, bins: 48 } },
    mutation: { counters: forgetLosses },
  },
  {
    name: 'items merged that differ',
    fault: 'the item nearest to the own one counts as the same identity, so that nothing is lost to it',
    methods: ['duel'],
    settings: { ...few, problem: neighbours, plan: { samples: 200, alpha: 0.1, bins: 48 } },
    mutation: { counters: forgetLosses },
  },
  {
    name: 'majority taken for granted',
    fault: 'the class with most votes is certified as if it had those of all classes but the second',
    methods: ['vote'],
    settings: { ...few, problem: opposite, plan: { samples: 500, alpha: 0.1, bins: 48 } },
    mutation: {
      counters: (counters, { vote }) => {
        const second = Math.max(
          ...[...counters.votes].map(([label, count]) => (label === vote.label ? 0 : count)),
        );
        counters.votes.set(vote.label, counters.samples - second);
      },
    },
  },
];
