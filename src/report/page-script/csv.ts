/** Rows as CSV (RFC 4180): all digits, a line a query. */
import type { Method, Row } from '../../evaluate/types.ts';

/** What may stand in a field; nothing for what is not known. */
export type Field = string | number | boolean | null | undefined;

/** Lines of fields as CSV with line ends of CR LF. */
export function toCsv(lines: readonly (readonly Field[])[]): string {
  return lines.map((line) => `${line.map(field).join(',')}\r\n`).join('');
}

function field(value: Field): string {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

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
  ['margin', ({ margin }) => margin],
  ['nearest', ({ nearest }) => nearest[0]?.id],
  ['nearest_label', ({ nearest }) => nearest[0]?.label],
  ['nearest_distance', ({ nearest }) => nearest[0]?.distance],
  ['samples', ({ samples }) => samples],
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
  return toCsv([
    [...COLUMNS.map(([name]) => name), ...ofMethods],
    ...rows.map((row) => [
      ...COLUMNS.map(([, value]) => value(row)),
      ...methods.flatMap((method) => certificate(row, method)),
    ]),
  ]);
}
