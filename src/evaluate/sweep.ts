/**
 * Sweeps: one pass over the samples of a query, of which certificates at many n, alpha and k are made. Each is the one that a run of its own
 * would have given, valid at its own alpha (plan/replan.ts); they share samples, so they do not hold jointly. At looks of early stopping votes and
 * duels are bounded by the share of alpha of that look; a run with a target radius bets instead, and needs fewer samples.
 */
import * as z from 'zod';
import {
  AlphaBudget,
  CERTIFICATE_METHODS,
  type CertificateMethod as Method,
  certifyQuery,
  type Counters,
  type GalleryView,
  isOfVotes,
  meanEmbedding,
  type QueryPlan,
  type QueryResult,
  radiusOf,
  squaredDistances,
} from '../certify/index.ts';
import type { Gallery } from '../gallery/index.ts';
import { replanQuery } from '../plan/index.ts';
import type {
  CertifiedQuery,
  CertifySettings,
  CountedQuery,
  QueryInput,
  Smoother,
  WorkControl,
} from '../smoothing/index.ts';
import { doubledLook } from '../smoothing/stopping.ts';
import { FARTHEST, limitsOf } from './limits.ts';
import { mostSigmas } from './most-radius.ts';

const RADIUS = z.number().nonnegative();
const RADII = z.partialRecord(z.enum(CERTIFICATE_METHODS), RADIUS);
const CELL = z.object({
  /** Estimation samples, the first of the run. */
  samples: z.int().positive(),
  alpha: z.number().gt(0).lt(1),
  /** Recall@k. */
  k: z.int().positive(),
});

/** The schema of {@link Sweep}. */
export const SWEEP = z.object({
  cells: z.array(CELL).min(1),
  /** Radii for which early stopping is evaluated, [0,1] pixel units: tested for sure at every look; null: it is not. */
  targets: z.array(z.number().positive()).nullable(),
});

/** The schema of {@link Swept}. */
export const SWEPT = z.object({
  /** Rank of the undefended encoder's answer: the clean query among clean vectors. */
  baseRank: z.int().nonnegative(),
  cells: z.array(
    CELL.extend({
      /** How many items are at most as far from ĝ(n) as the nearest item with the query's label, that one counted: 1 is a right answer. 0: there is none. */
      rank: z.int().nonnegative(),
      /** Whether the vote of the first n samples gives the query's label. */
      vote: z.union([z.literal(0), z.literal(1)]),
      /** Whether the query's label is seen to win all its duels in them. */
      duel: z.union([z.literal(0), z.literal(1)]),
      /** Radii within which the query's own label is certified; 0 for an abstention or a wrong answer. */
      radii: RADII,
    }),
  ),
  /** At 128, 256, … samples, by bounds that hold at all of them together; empty where none were asked for. */
  looks: z.array(z.object({ samples: z.int().positive(), radii: RADII })),
  /** What n → ∞ would give if the estimates were exact. No certificate. */
  limits: z.object({ paper: RADIUS, cdf: RADIUS, vote: RADIUS, duel: RADIUS }),
});

/** What one set of certificates is for: n, alpha and k. */
export interface Cell extends z.infer<typeof CELL> {}
/** What a run makes of its samples besides the certificates that its other options ask for. */
export interface Sweep extends z.infer<typeof SWEEP> {}
/** What a row of such a run has beside what every row has. */
export interface Swept extends z.infer<typeof SWEPT> {}
/** The certificates of one cell. */
export type CellRow = Swept['cells'][number];
/** Radii by method; 0 for an abstention or a wrong answer. */
export type Radii = CellRow['radii'];

/** Of a run's options what its sweep needs. */
interface RunOptions {
  sigma: number;
  alpha: number;
  samples: number;
}

/** Tells cells apart. */
export const cellKey = ({ samples, alpha, k }: Cell): string => `n${samples} a${alpha} k${k}`;

/** Most queries that are sampled together, and seconds of sampling after which rows are written, about. */
const MOST_TOGETHER = 8;
const GROUP_SECONDS = 2;

/** Queries of a sweep that are sampled one after the other, so that their seconds are those of the samples alone. */
export function sweepGroup({ samples }: RunOptions, smoother: Smoother): number {
  const cost = samples / smoother.samplesPerSecond;
  return Math.min(MOST_TOGETHER, Math.max(1, Math.ceil(GROUP_SECONDS / cost)));
}

/** A query to sweep: its own label is certified, whatever is predicted. */
export type SweepQuery = QueryInput & { label: number | null };

/** The certificates of a query's largest n, and all others. */
export interface SweptQuery {
  found: CertifiedQuery;
  /** All but the rank of the undefended answer. */
  swept: Omit<Swept, 'baseRank'>;
}

/** Samples queries once and makes every certificate of the sweep. @throws as Smoother.countGroup does */
export async function certifySweep(
  smoother: Smoother,
  gallery: Gallery,
  queries: readonly SweepQuery[],
  settings: CertifySettings & { alpha: number; samples: number },
  sweep: Sweep,
  control: WorkControl,
): Promise<SweptQuery[]> {
  const { sigma, selection, seed, sharedNoise } = settings;
  const snapshots = new Set([
    ...sweep.cells.map((cell) => cell.samples),
    ...looksOf(sweep, settings.samples),
    settings.samples,
  ]);
  const counting = {
    sigma,
    selection,
    seed,
    sharedNoise,
    snapshots: [...snapshots].sort((a, b) => a - b),
  };
  const began = performance.now();
  const counted = sharedNoise
    ? await smoother.countGroup(queries, counting, control)
    : (await Promise.all(queries.map((one) => smoother.countGroup([one], counting, control)))).flat();
  const seconds = (performance.now() - began) / 1e3 / queries.length;
  return counted.map((one, slot) => sweepOf(gallery, one, queries[slot].label, { settings, sweep, seconds }));
}

/** All that the counters of one query give: no sample is drawn here. */
function sweepOf(
  gallery: Gallery,
  counted: CountedQuery,
  label: number | null,
  {
    settings,
    sweep,
    seconds,
  }: { settings: CertifySettings & { alpha: number; samples: number }; sweep: Sweep; seconds: number },
): SweptQuery {
  const { sigma, alpha, samples: most, gallerySetting, gallerySamples, methods } = settings;
  const { eta, pictureRounding, uniform } = counted;
  const bySamples = new Map(counted.snapshots.map((counters) => [counters.samples, counters]));
  const at = (samples: number): Counters => bySamples.get(samples)!;
  const planned = (budget: AlphaBudget, k: number, targetRadii?: readonly number[]): QueryPlan =>
    replanQuery(gallery, counted.selection, counted.plan, { ...counted.options, budget, k, targetRadii });
  const certify = (plan: QueryPlan, samples: number, budget: AlphaBudget): QueryResult =>
    certifyQuery(gallery, plan, at(samples), {
      budget,
      // votes and duels answer with one label: they have no Recall@k
      methods:
        plan.k === 1 ? methods : (methods ?? CERTIFICATE_METHODS).filter((method) => !isOfVotes(method)),
      gallerySetting,
      gallerySamples,
      eta,
      pictureRounding,
      uniform,
    });
  const radiiOf = ({ certificates }: QueryResult, samples: number, total: number): Radii =>
    Object.fromEntries(
      Object.entries(certificates).map(([method, certificate]) => {
        // a smaller radius is as true; the rules of the journal refuse larger ones
        const limit = mostSigmas(method as Method, samples, total) * sigma;
        return [method, certificate.label === label ? Math.min(limit, radiusOf(certificate)) : 0];
      }),
    );

  const ofCell = ({ samples, alpha: total, k }: Cell) => {
    const budget = AlphaBudget.fixed(samples, total);
    const plan = planned(budget, k);
    return { plan, result: certify(plan, samples, budget) };
  };
  const certified = new Map(sweep.cells.map((cell) => [cellKey(cell), ofCell(cell)]));
  const cells = sweep.cells.map((cell): CellRow => {
    const { result } = certified.get(cellKey(cell))!;
    return {
      ...cell,
      rank: rankOf(gallery, meanEmbedding(at(cell.samples)), label, counted.plan.exclude),
      vote: result.votePredicted === label ? 1 : 0,
      duel: result.duelPredicted === label ? 1 : 0,
      radii: radiiOf(result, cell.samples, cell.alpha),
    };
  });
  const looks: Swept['looks'] = [];
  if (sweep.targets) {
    const budget = AlphaBudget.anyTime(most, alpha);
    // radii asked for are fixed beforehand: they may all be among those that are tested
    const targets = sweep.targets.map((radius) => radius + 2 * pictureRounding);
    const plan = planned(budget, 1, targets);
    for (const samples of looksUpTo(most))
      looks.push({ samples, radii: radiiOf(certify(plan, samples, budget), samples, alpha) });
  }
  const main: Cell = { samples: most, alpha, k: settings.k ?? 1 };
  const { plan, result } = certified.get(cellKey(main)) ?? ofCell(main);
  return {
    found: {
      id: counted.id,
      plan,
      counters: at(most),
      samples: most,
      seconds,
      eta,
      pictureRounding,
      uniform,
      stopped: 'samples',
      ...result,
    },
    swept: { cells, looks, limits: limitsOf(gallery, counted.plan, at(most), label) },
  };
}

/** What a query with which something went wrong has of a sweep: nothing certified, nothing right. */
export function nothingSwept(sweep: Sweep, { samples: most }: RunOptions): Swept {
  return {
    baseRank: 0,
    cells: sweep.cells.map((cell) => ({ ...cell, rank: 0, vote: 0, duel: 0, radii: {} })),
    looks: looksOf(sweep, most).map((samples) => ({ samples, radii: {} })),
    limits: { paper: 0, cdf: 0, vote: 0, duel: 0 },
  };
}

const looksOf = ({ targets }: Sweep, most: number): number[] => (targets ? looksUpTo(most) : []);

/** 128, 256, 512, … and at last `most`: any looks will do, as each certificate holds at any time. */
function looksUpTo(most: number): number[] {
  const looks = [doubledLook(0, most)];
  while (looks[looks.length - 1] < most) looks.push(doubledLook(looks[looks.length - 1], most));
  return looks;
}

/** What is wrong with a row's sweep, if anything. */
export function wrongSweep(
  { cells, looks, limits }: Swept,
  sweep: Sweep,
  { sigma, alpha, samples: most }: RunOptions,
): string | null {
  const wrongRadii = (found: Radii, { samples, alpha: total }: Pick<Cell, 'samples' | 'alpha'>) => {
    for (const [method, length = 0] of Object.entries(found)) {
      if (length > 0 && !(length <= mostSigmas(method as Method, samples, total) * sigma))
        return `a radius of ${length} for ${method}, which ${samples} samples cannot give at sigma ${sigma}`;
    }
    return null;
  };
  const wanted = sweep.cells.map(cellKey).join('; ');
  const there = cells.map(cellKey).join('; ');
  if (there !== wanted) return `certificates for ${there} instead of ${wanted}`;
  for (const cell of cells) {
    const problem = wrongRadii(cell.radii, cell);
    if (problem) return problem;
    for (const [method, found] of Object.entries(cell.radii)) {
      const right = isOfVotes(method as Method)
        ? cell[method as 'vote'] === 1
        : cell.rank >= 1 && cell.rank <= cell.k;
      if (found > 0 && !right) return `a certificate by ${method} of a wrong answer`;
    }
  }
  const seen = looks.map(({ samples }) => samples).join(', ');
  const planned = looksOf(sweep, most).join(', ');
  if (seen !== planned) return `looks at ${seen || 'no'} samples instead of ${planned || 'none'}`;
  for (const { samples, radii } of looks) {
    const problem = wrongRadii(radii, { samples, alpha });
    if (problem) return problem;
  }
  return Object.values(limits).some((limit) => limit > FARTHEST * sigma * (1 + 1e-9))
    ? `a limit beyond ${FARTHEST}σ`
    : null;
}

/** See {@link CellRow.rank}. Ties count against the answer. */
export function rankOf(
  gallery: GalleryView,
  point: ArrayLike<number>,
  label: number | null,
  exclude: number | null,
): number {
  const squared = squaredDistances(gallery, point, exclude);
  let nearest = Infinity;
  for (const [i, d] of squared.entries()) if (gallery.labelIndex[i] === label) nearest = Math.min(nearest, d);
  if (nearest === Infinity) return 0;
  let wrong = 0;
  for (const [i, d] of squared.entries()) if (gallery.labelIndex[i] !== label && d <= nearest) wrong++;
  return wrong + 1;
}
