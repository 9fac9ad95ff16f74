/** A query's row: everything that tables and figures need of it, made of one set of counters. */
import {
  AlphaBudget,
  type CertificateMethod,
  certifyQuery,
  type Counters,
  type GalleryView,
  type GallerySetting,
  meanEmbedding,
  type QueryPlan,
  radiusOf,
  squaredDistances,
} from '../certify/index.ts';
import { mostSigmas } from '../evaluate/row-rules.ts';
import type { Gallery } from '../gallery/index.ts';
import { replanQuery } from '../plan/index.ts';
import type { CountedQuery } from '../smoothing/index.ts';
import { type Limits, limitsOf } from './limits.ts';
import type { Cell } from './plan.ts';

/** Radii by method; 0 for an abstention or a wrong answer. */
export type Radii = Partial<Record<CertificateMethod, number>>;

/** The certificates of one (n, alpha, k). */
export interface CellRow extends Cell {
  /** How many items are at most as far from ĝ(n) as the nearest item with the query's label, that one counted: 1 is a right answer. 0: there is none. */
  rank: number;
  /** Whether the vote of the first n samples gives the query's label. */
  vote: 0 | 1;
  /** Radii within which the query's own label is certified. */
  radii: Radii;
}

/** The certificates at one look of a run that may stop early. */
export interface LookRow {
  samples: number;
  radii: Radii;
}

/** One line of a run's rows.jsonl. */
export interface StudyRow {
  /** The query's id. */
  query: string;
  label: string;
  /** Rank of the undefended encoder's answer: the clean query among clean vectors. */
  baseRank: number;
  cells: CellRow[];
  /** At 128, 256, … samples, each with what a run may spend there that stops at any of them; empty where none were asked for. */
  looks: LookRow[];
  /** What n → ∞ would give if the estimates were exact. No certificate. */
  limits: Limits;
  /** Seconds of sampling, planning included: those of its group of queries, divided by their number. */
  seconds: number;
}

/** What {@link rowOf} needs to know of the run. */
export interface RowContext {
  gallery: Gallery;
  cells: readonly Cell[];
  /** Evaluate early stopping, up to the largest number of samples. */
  looks: boolean;
  /** Radii that a run may be asked for, [0,1] pixel units: tested for sure. */
  targets: readonly number[];
  alpha: number;
  methods: readonly CertificateMethod[];
  setting: GallerySetting;
}

/** The numbers of samples at which a run keeps its counters: those of the cells, and of the looks. */
export function snapshotsOf({
  cells,
  looks,
  alpha,
}: Pick<RowContext, 'cells' | 'looks' | 'alpha'>): number[] {
  const counts = new Set(cells.map(({ samples }) => samples));
  if (looks)
    for (const { samples } of AlphaBudget.early(Math.max(...counts), alpha).looks) counts.add(samples);
  return [...counts].sort((a, b) => a - b);
}

/**
 * The row of a query, from its counters alone: no sample is drawn here. Certificates of different cells are each valid at their own
 * alpha (certify/replan.ts).
 * @param label position of the query's label in the gallery; null when no item has it
 */
export function rowOf(
  context: RowContext,
  counted: CountedQuery,
  query: { label: string; position: number | null; baseRank: number; seconds: number },
): StudyRow {
  const { gallery, cells, methods } = context;
  const bySamples = new Map(counted.snapshots.map((counters) => [counters.samples, counters]));
  const at = (samples: number): Counters => bySamples.get(samples)!;
  const plan = (budget: AlphaBudget, k: number, targetRadii?: readonly number[]): QueryPlan =>
    replanQuery(gallery, counted.selection, counted.plan, { ...counted.options, budget, k, targetRadii });
  const certify = (
    made: QueryPlan,
    counters: Counters,
    budget: AlphaBudget,
  ): { radii: Radii; votePredicted: number } => {
    const { k } = made;
    const { certificates, votePredicted } = certifyQuery(gallery, made, counters, {
      budget,
      // the vote answers with one label: it has no Recall@k
      methods: k === 1 ? methods : methods.filter((method) => method !== 'vote'),
      gallerySetting: context.setting,
      gallerySamples: gallery.manifest.samples,
    });
    const radii: Radii = {};
    for (const [method, certificate] of Object.entries(certificates)) {
      const right = certificate.label === query.position;
      // a smaller radius is as true; the rules of the journal refuse larger ones
      const most = mostSigmas(method as CertificateMethod, counters.samples, budget.total) * made.sigma;
      radii[method as CertificateMethod] = right ? Math.min(most, radiusOf(certificate)) : 0;
    }
    return { radii, votePredicted };
  };

  const most = Math.max(...cells.map(({ samples }) => samples));
  const cellRows = cells.map(({ samples, alpha, k }): CellRow => {
    const counters = at(samples);
    const budget = AlphaBudget.fixed(samples, alpha);
    const { radii, votePredicted } = certify(plan(budget, k), counters, budget);
    return {
      samples,
      alpha,
      k,
      rank: rankOf(gallery, meanEmbedding(counters), query.position, counted.plan.exclude),
      vote: votePredicted === query.position ? 1 : 0,
      radii,
    };
  });

  const lookRows: LookRow[] = [];
  if (context.looks) {
    const budget = AlphaBudget.early(most, context.alpha);
    // radii asked for are fixed beforehand: they may all be among those that are tested
    const made = plan(budget, 1, context.targets);
    for (const { samples } of budget.looks)
      lookRows.push({ samples, radii: certify(made, at(samples), budget).radii });
  }
  return {
    query: counted.id,
    label: query.label,
    baseRank: query.baseRank,
    cells: cellRows,
    looks: lookRows,
    limits: limitsOf(gallery, counted.plan, at(most), query.position),
    seconds: query.seconds,
  };
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
