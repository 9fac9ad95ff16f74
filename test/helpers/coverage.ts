/** Repeats a certificate of a problem whose truth is known and counts how often it says too much. */
import {
  AlphaBudget,
  CERTIFICATE_METHODS,
  isOfVotes,
  type CertificateMethod,
  certifyQuery,
  type Counters,
  type QueryPlan,
  radiusOf,
} from '../../src/certify/index.ts';
import { planQuery, type PlanOptions } from '../../src/plan/index.ts';
import { Random } from './random.ts';
import {
  countSamples,
  drawEmbeddings,
  galleryOf,
  type LineProblem,
  LineTruth,
  selectionOf,
} from './simulate.ts';

/** Options of a plan, with its budget in numbers. */
export interface PlanSettings extends Partial<Omit<PlanOptions, 'budget' | 'sigma'>> {
  samples: number;
  alpha: number;
  /** Looks after these numbers of samples, by bounds that hold at all of them together, and keeps the largest radius; default: one look, fixed beforehand. */
  looks?: readonly number[];
}

/** What to repeat. */
export interface CoverageSettings {
  problem: LineProblem;
  plan: PlanSettings;
  /** Selection samples. */
  selection: number;
  repetitions: number;
  seed: number;
  /** What is wrong on purpose. */
  mutation?: Mutation;
}

/** Faults of a certificate, for the harness to catch. */
export interface Mutation {
  /** Options of the plan that differ from those of the truth. */
  planOptions?: Partial<PlanOptions>;
  /** Changes the plan before anything is counted. */
  plan?: (plan: QueryPlan) => QueryPlan;
  /** The noise of the samples is so much of what the certificate is told. */
  noise?: number;
  /** Each sample is drawn once and counted so often. */
  repeat?: number;
  /** The selection samples are counted, instead of fresh ones. */
  reuse?: boolean;
  /** Votes and duels are counted among the scanned items alone. */
  outside?: false;
  /** Changes what was counted. */
  counters?: (counters: Counters, plan: QueryPlan) => void;
  /** Certifies at this alpha instead of the one that is claimed. */
  spend?: number;
  /** Looks after each of these numbers of samples, every time with all of alpha, and keeps the largest radius. */
  looks?: readonly number[];
  /** Replaces the certified radius. */
  radius?: (method: CertificateMethod, radius: number, counters: Counters, plan: QueryPlan) => number;
}

/** What came out for one method. */
export interface Coverage {
  /** Repetitions whose radius exceeds the true one. */
  failures: number;
  /** Repetitions with a positive radius. */
  certified: number;
  /** Mean radius and mean true radius. */
  radius: number;
  truth: number;
}

/** One plan serves this many repetitions: each plan's certificates must hold by themselves. */
const PER_PLAN = 40;
/** Above the error of the quadrature behind the truth. */
const TOLERANCE = 1e-7;

/** Repeats the certificates of all methods. */
export function measureCoverage(settings: CoverageSettings): Record<CertificateMethod, Coverage> {
  const { problem, repetitions, mutation = {} } = settings;
  const { sigma } = problem;
  const gallery = galleryOf(problem);
  const random = new Random(settings.seed);
  const chance = new Random(settings.seed + 1000);
  const drawnProblem = { ...problem, sigma: sigma * (mutation.noise ?? 1) };
  const truth = new LineTruth(problem, settings.plan.exclude);
  const known = new Map<string, number>();
  const truthOf = (plan: QueryPlan, method: CertificateMethod): number => {
    const positives = new Set(plan.positives);
    const key = isOfVotes(method) ? `${method} ${plan.vote.label}` : [...positives].join();
    let radius = known.get(key);
    if (radius === undefined) {
      radius =
        method === 'vote'
          ? truth.voteRadius(plan.vote.label)
          : method === 'duel'
            ? truth.duelRadius(plan.vote.label, plan.rivalLabel)
            : truth.embeddingRadius(
                (item) => positives.has(item),
                plan.k,
                (item) => plan.rival === null || item === plan.rival,
              );
      known.set(key, radius);
    }
    return radius;
  };
  const makePlan = (selected: readonly number[][]): QueryPlan => {
    const { samples, alpha, looks, ...rest } = settings.plan;
    const budget = looks ? AlphaBudget.anyTime(samples, alpha) : AlphaBudget.fixed(samples, alpha);
    const options = { ...rest, ...mutation.planOptions, budget, sigma };
    const selection = selectionOf(problem, selected, options.exclude);
    let made = planQuery(gallery, selection, options);
    // the radius hardest to refuse: just above the true one
    const targetRadius = truthOf(made, 'cdf') * (1 + 1e-6);
    if (targetRadius > 0 && targetRadius < Infinity)
      made = planQuery(gallery, selection, { ...options, targetRadii: [targetRadius] });
    return mutation.plan?.(made) ?? made;
  };
  const draw = (count: number): number[][] => {
    const once = drawEmbeddings(drawnProblem, random, count / (mutation.repeat ?? 1));
    return Array.from({ length: mutation.repeat ?? 1 }, () => once).flat();
  };
  const radiiOf = (plan: QueryPlan, drawn: readonly number[][]): Record<CertificateMethod, number> => {
    const counters = countSamples(problem, plan, drawn, mutation.outside);
    mutation.counters?.(counters, plan);
    const alpha = mutation.spend ?? settings.plan.alpha;
    const { certificates } = certifyQuery(gallery, plan, counters, {
      budget: settings.plan.looks
        ? AlphaBudget.anyTime(settings.plan.samples, alpha)
        : AlphaBudget.fixed(counters.samples, alpha),
      uniform: 1 - chance.uniform(),
    });
    const radius = (method: CertificateMethod): number => {
      const honest = radiusOf(certificates[method]!);
      return mutation.radius?.(method, honest, counters, plan) ?? honest;
    };
    return Object.fromEntries(CERTIFICATE_METHODS.map((method) => [method, radius(method)])) as Record<
      CertificateMethod,
      number
    >;
  };
  const found = Object.fromEntries(
    CERTIFICATE_METHODS.map((method) => [method, { failures: 0, certified: 0, radius: 0, truth: 0 }]),
  ) as Record<CertificateMethod, Coverage>;

  let plan: QueryPlan | null = null;
  for (let repetition = 0; repetition < repetitions; repetition++) {
    let drawn: number[][] | null = null;
    if (plan === null || mutation.reuse || repetition % PER_PLAN === 0) {
      const selected = draw(mutation.reuse ? settings.plan.samples : settings.selection);
      plan = makePlan(selected);
      if (mutation.reuse) drawn = selected;
    }
    drawn ??= draw(settings.plan.samples);
    const looks = (mutation.looks ?? settings.plan.looks ?? [drawn.length]).map((samples) =>
      radiiOf(plan!, drawn.slice(0, samples)),
    );
    for (const method of CERTIFICATE_METHODS) {
      const radius = Math.max(...looks.map((radii) => radii[method]));
      const limit = truthOf(plan, method);
      const entry = found[method];
      if (radius > limit * (1 + TOLERANCE) + 1e-12) entry.failures++;
      if (radius > 0) entry.certified++;
      entry.radius += Math.min(radius, 100) / repetitions;
      entry.truth += Math.min(limit, 100) / repetitions;
    }
  }
  return found;
}
