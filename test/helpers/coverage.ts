/** Repeats a certificate of a problem whose truth is known and counts how often it says too much. */
import {
  CERTIFICATE_METHODS,
  type CertificateMethod,
  certifyQuery,
  type Counters,
  planQuery,
  type PlanOptions,
  type QueryPlan,
  radiusOf,
} from '../../src/certify/index.ts';
import { Random } from './random.ts';
import {
  countSamples,
  drawEmbeddings,
  galleryOf,
  type LineProblem,
  LineTruth,
  selectionOf,
} from './simulate.ts';

/** What to repeat. */
export interface CoverageSettings {
  problem: LineProblem;
  plan: Omit<PlanOptions, 'sigma'>;
  /** Selection samples. */
  selection: number;
  repetitions: number;
  seed: number;
  /** Replaces the certified radius: a mutant for the harness to catch. */
  tamper?: (method: CertificateMethod, radius: number, counters: Counters, plan: QueryPlan) => number;
  /** Certify at this alpha instead of the one that is claimed: a mutant. */
  spend?: number;
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

export function measureCoverage(settings: CoverageSettings): Record<CertificateMethod, Coverage> {
  const { problem, repetitions, tamper } = settings;
  const { sigma } = problem;
  const gallery = galleryOf(problem);
  const random = new Random(settings.seed);
  const truth = new LineTruth(problem, settings.plan.exclude);
  const known = new Map<string, number>();
  const truthOf = (plan: QueryPlan, method: CertificateMethod): number => {
    const positives = new Set(plan.positives);
    const key = method === 'vote' ? `vote ${plan.vote.label}` : [...positives].join();
    let radius = known.get(key);
    if (radius === undefined) {
      radius =
        method === 'vote'
          ? truth.voteRadius(plan.vote.label)
          : truth.embeddingRadius((item) => positives.has(item), plan.options.k);
      known.set(key, radius);
    }
    return radius;
  };
  const found = Object.fromEntries(
    CERTIFICATE_METHODS.map((method) => [method, { failures: 0, certified: 0, radius: 0, truth: 0 }]),
  ) as Record<CertificateMethod, Coverage>;

  let plan: QueryPlan | null = null;
  for (let repetition = 0; repetition < repetitions; repetition++) {
    if (plan === null || repetition % PER_PLAN === 0) {
      const selected = drawEmbeddings(problem, random, settings.selection);
      const selection = selectionOf(problem, selected, settings.plan.exclude);
      const options = { ...settings.plan, sigma };
      plan = planQuery(gallery, selection, options);
      // the radius hardest to refuse: just above the true one
      const targetRadius = truthOf(plan, 'cdf') * (1 + 1e-6);
      if (targetRadius > 0 && targetRadius < Infinity)
        plan = planQuery(gallery, selection, { ...options, targetRadius });
    }
    const drawn = drawEmbeddings(problem, random, settings.plan.samples);
    const counters = countSamples(problem, plan, drawn);
    const alpha = settings.spend ?? settings.plan.alpha;
    const { certificates } = certifyQuery(gallery, plan, counters, { alpha });
    for (const method of CERTIFICATE_METHODS) {
      const honest = radiusOf(certificates[method]!);
      const radius = tamper ? tamper(method, honest, counters, plan) : honest;
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
