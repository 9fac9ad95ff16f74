/** Which queries are worth a look. */
import type { Method, Row } from '../evaluate/schema.ts';
import { correctRadius, PREFERRED, scoreOf } from '../evaluate/method-statistics.ts';
import type { LoadedRun } from './types.ts';

/** Gallery items shown with a query. */
export const NEAREST_SHOWN = 5;

/** The rows of a run's cards. */
export interface Selection {
  method: Method;
  /** Wrong answers first (at most half, the most firmly wrong ones), then correct ones of the smallest radius. */
  hardest: Row[];
  /** Correct answers of the greatest radius, greatest first. None that got no certificate. */
  robust: Row[];
}

/**
 * Chooses up to `count` rows for each group by a method's radius; no row stands in both. Equal rows go by their query's id.
 * @param method default the first preferred one that the run has.
 */
export function selectRows(run: LoadedRun, count: number, method?: Method): Selection | null {
  const { methods } = run.manifest.options;
  const chosen = method && methods.includes(method) ? method : PREFERRED.find((one) => methods.includes(one));
  if (!chosen) return null;
  const byId = (a: Row, b: Row): number => (a.query < b.query ? -1 : 1);
  const radius = (row: Row): number => correctRadius(row, chosen);
  const correct = run.rows
    .filter((row) => scoreOf(row, chosen) === 1)
    .sort((a, b) => radius(b) - radius(a) || gap(b) - gap(a) || byId(a, b));
  const robust = correct.slice(0, count).filter((row) => radius(row) > 0);
  const wrong = run.rows
    .filter((row) => scoreOf(row, chosen) === 0)
    .sort(
      (a, b) =>
        (b.methods[chosen]?.radius ?? 0) - (a.methods[chosen]?.radius ?? 0) || gap(a) - gap(b) || byId(a, b),
    );
  const weak = correct.slice(robust.length).reverse();
  const wrongCards = wrong.slice(0, Math.max(Math.ceil(count / 2), count - weak.length));
  return { method: chosen, hardest: [...wrongCards, ...weak.slice(0, count - wrongCards.length)], robust };
}

/** How much nearer the nearest item of the right label is than the nearest other, among the items that the row lists. */
function gap(row: Row): number {
  const far = row.nearest.at(-1)?.distance ?? 0;
  const right = row.nearest.find(({ label }) => label === row.label)?.distance ?? far;
  const other = row.nearest.find(({ label }) => label !== row.label)?.distance ?? far;
  return other - right;
}
