/** Numbers over the queries of a run, with their uncertainty. From rows alone. */
import { type CertificateMethod, isOfVotes } from '../certify/index.ts';
import { type Step, survivalCurve } from '../evaluate/curve.ts';
import { mean } from '../evaluate/method-statistics.ts';
import { type Share, wilson, Z } from '../evaluate/wilson.ts';
import { type Cell, cellKey, type CellRow } from '../evaluate/index.ts';
import type { StudyRow } from './run.ts';

/** What numbers need of a row. */
export type SweptRow = Pick<StudyRow, 'samples' | 'seconds' | 'sweep'>;

/** A mean over the queries with its band: ±1.96 standard errors. */
export interface Average {
  mean: number;
  low: number;
  high: number;
}

/** Mean with ±1.96 standard errors; a single value has no band. */
export function average(values: readonly number[]): Average {
  const centre = mean(values);
  const square = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  const error = values.length > 1 ? Math.sqrt(square / (values.length - 1) / values.length) : 0;
  return { mean: centre, low: centre - Z * error, high: centre + Z * error };
}

/** A row's certificates of one (n, alpha, k). @throws Error when the run did not compute them: a mistake of the caller */
export function cellOf(row: SweptRow, cell: Cell): CellRow {
  const key = cellKey(cell);
  const found = row.sweep.cells.find((one) => cellKey(one) === key);
  if (!found) throw new Error(`no certificates for ${key}`);
  return found;
}

/** The radius within which the query's own label is certified; 0 for none. */
export const radiusIn = (row: SweptRow, cell: Cell, method: CertificateMethod): number =>
  cellOf(row, cell).radii[method] ?? 0;

/** Whether the system that the method certifies answers rightly, from the first n samples. */
export function isRight(row: SweptRow, cell: Cell, method: CertificateMethod): boolean {
  const found = cellOf(row, cell);
  return isOfVotes(method) ? found[method] === 1 : found.rank > 0 && found.rank <= found.k;
}

/** Certified Recall@k at a radius: the share of all queries whose certified radius is larger. */
export function certifiedRecall(
  rows: readonly SweptRow[],
  cell: Cell,
  method: CertificateMethod,
  radius: number,
): Share {
  return wilson(rows.filter((row) => radiusIn(row, cell, method) > radius).length, rows.length);
}

/** Share of the rightly answered queries that get no positive radius. NaN when none is answered rightly. */
export function rejectionRatio(rows: readonly SweptRow[], cell: Cell, method: CertificateMethod): Share {
  const right = rows.filter((row) => isRight(row, cell, method));
  return wilson(right.filter((row) => !(radiusIn(row, cell, method) > 0)).length, right.length);
}

/** Certified Recall against the radius. */
export function recallCurve(rows: readonly SweptRow[], cell: Cell, method: CertificateMethod): Step[] {
  return survivalCurve(
    rows.map((row) => radiusIn(row, cell, method)),
    rows.length,
  );
}

/** Mean radius over the rightly answered queries, an abstention counting 0. NaN of nothing. */
export function meanRadius(rows: readonly SweptRow[], cell: Cell, method: CertificateMethod): number {
  return mean(rows.filter((row) => isRight(row, cell, method)).map((row) => radiusIn(row, cell, method)));
}

/** The smallest of `counts` (ascending) with which certified Recall at `radius` reaches `level`; null when none does. */
export function samplesNeeded(
  rows: readonly SweptRow[],
  cells: readonly Cell[],
  method: CertificateMethod,
  radius: number,
  level: number,
): number | null {
  const found = cells.find((cell) => certifiedRecall(rows, cell, method, radius).share >= level);
  return found?.samples ?? null;
}

/** What it costs to ask for a radius and to stop as soon as it is certified. */
export interface Cost {
  /** Estimation samples a query: until the first look that certifies the radius, else all. */
  samples: Average;
  /** The same with the selection samples, in seconds at the speed of the run. */
  seconds: Average;
  /** Share of the queries for which the radius is certified. */
  reached: Share;
}

/** The cost of asking for `radius` by one method, over the looks of a run. */
export function costOf(
  rows: readonly SweptRow[],
  method: CertificateMethod,
  radius: number,
  selection: number,
): Cost {
  const stops = rows.map(({ sweep }) => sweep.looks.find(({ radii }) => (radii[method] ?? 0) >= radius));
  const samples = rows.map(({ sweep }, i) => (stops[i] ?? sweep.looks.at(-1)!).samples);
  const perSample = mean(rows.map(({ seconds, samples: most }) => seconds / (most + selection)));
  return {
    samples: average(samples),
    seconds: average(samples.map((count) => (count + selection) * perSample)),
    reached: wilson(stops.filter((stop) => stop !== undefined).length, rows.length),
  };
}
