/** Rows as CSV: all digits, a line a query. */
import type { Method, Row } from '../../evaluate/schema.ts';
import { type Field, csvText } from '../csv.ts';

/** The columns of every run: name, and a row's value. */
const COLUMNS: readonly [name: string, value: (row: Row) => Field][] = [
  ['query', ({ query }) => query],
  ['label', ({ label }) => label],
  ['predicted', ({ predicted }) => predicted],
  ['score', ({ score }) => score],
  ['base_predicted', ({ base }) => base.predicted],
  ['base_score', ({ base }) => base.score],
  ['vote_predicted', ({ vote }) => vote?.predicted],
  ['vote_score', ({ vote }) => vote?.score],
  ['duel_predicted', ({ duel }) => duel?.predicted],
  ['duel_score', ({ duel }) => duel?.score],
  ['margin', ({ margin }) => margin],
  ['nearest', ({ nearest }) => nearest[0]?.id],
  ['nearest_label', ({ nearest }) => nearest[0]?.label],
  ['nearest_distance', ({ nearest }) => nearest[0]?.distance],
  ['file_width', ({ file }) => file?.width],
  ['file_height', ({ file }) => file?.height],
  ['file_norm', ({ file }) => file?.norm],
  ['file_error', ({ file }) => file?.error],
  ['samples', ({ samples }) => samples],
  ['stopped', ({ stopped }) => stopped],
  ['seconds', ({ seconds }) => seconds],
];

/** A heading and a line for each row. An abstention has radius 0 and its reason; a method that was not asked leaves its fields empty. */
export function rowsAsCsv(methods: readonly Method[], rows: readonly Row[]): string {
  const certificate = (row: Row, method: Method): Field[] => {
    const found = row.methods[method];
    return found ? [found.radius, found.label, found.kind === 'abstain' ? found.reason : null] : ['', '', ''];
  };
  const ofMethods = methods.flatMap((method) => [
    `${method}_radius`,
    `${method}_label`,
    `${method}_abstains`,
  ]);
  return csvText([
    [...COLUMNS.map(([name]) => name), ...ofMethods],
    ...rows.map((row) => [
      ...COLUMNS.map(([, value]) => value(row)),
      ...methods.flatMap((method) => certificate(row, method)),
    ]),
  ]);
}
