/** Which rows are shown, and in what order. No element of the page is touched here. */
import { correctRadius, scoreOf } from '../../evaluate/method-statistics.ts';
import type { Method, Row } from '../../evaluate/schema.ts';

/** Kinds of queries that can be asked for. */
export const FILTERS = {
  all: 'all queries',
  right: 'answered rightly',
  wrong: 'answered wrongly',
  certified: 'right and certified',
  uncertified: 'right, not certified',
  'wrong-certified': 'wrong, and certified so',
  lost: 'right without smoothing, wrong with it',
  gained: 'wrong without smoothing, right with it',
} as const;
export type Filter = keyof typeof FILTERS;

/** Orders. */
export const ORDERS = {
  file: 'as in the run',
  radius: 'radius',
  margin: 'margin',
  label: 'label',
  seconds: 'seconds',
} as const;
export type Order = keyof typeof ORDERS;

/** What a person asked to see. */
export interface Wish {
  /** Part of a query's id or of one of its labels; case does not matter. */
  text: string;
  filter: Filter;
  /** Whose radius and score count. */
  method: Method;
  order: Order;
  descending: boolean;
}

/** The rows that a wish selects, in its order; equal ones as in the run. */
export function select(rows: readonly Row[], { text, filter, method, order, descending }: Wish): Row[] {
  const needle = text.trim().toLowerCase();
  const found = rows.filter(
    (row) =>
      fits(row, filter, method) &&
      (needle === '' ||
        [row.query, row.label, row.predicted].some((one) => one.toLowerCase().includes(needle))),
  );
  if (order === 'file') return descending ? found.reverse() : found;
  const sign = descending ? -1 : 1;
  const by = COMPARE[order];
  return found.sort((a, b) => sign * by(a, b, method));
}

const COMPARE: Record<Exclude<Order, 'file'>, (a: Row, b: Row, method: Method) => number> = {
  radius: (a, b, method) => correctRadius(a, method) - correctRadius(b, method),
  margin: (a, b) => (a.margin ?? Infinity) - (b.margin ?? Infinity) || 0,
  label: (a, b) => (a.label < b.label ? -1 : a.label > b.label ? 1 : 0),
  seconds: (a, b) => a.seconds - b.seconds,
};

function fits(row: Row, filter: Filter, method: Method): boolean {
  const right = scoreOf(row, method) === 1;
  const certified = row.methods[method]?.kind === 'certified';
  switch (filter) {
    case 'all':
      return true;
    case 'right':
      return right;
    case 'wrong':
      return !right;
    case 'certified':
      return correctRadius(row, method) > 0;
    case 'uncertified':
      return right && correctRadius(row, method) === 0;
    case 'wrong-certified':
      return !right && certified;
    case 'lost':
      return row.base.score === 1 && !right;
    case 'gained':
      return row.base.score === 0 && right;
  }
}
