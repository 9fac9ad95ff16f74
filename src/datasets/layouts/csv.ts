/**
 * `csv:FILE` — RFC 4180 with a header; the columns `path` and `label`, and `split`, `is_query` or `is_gallery` where there are splits; others
 * are ignored. Paths are relative to the file. Without a suffix all rows; `@test` takes those whose split is 'test', by any usual name.
 */
import { dirname } from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import { z } from 'zod';
import { RetrievalGuardError } from '../../errors.ts';
import { badLine, listedItem, readText, requirePath } from '../dataset-files.ts';
import type { DataSpec } from '../spec.ts';
import { type Split, splitNames, splitOf } from '../splits.ts';
import type { FoundDataset, FoundItem } from '../dataset.ts';

/** A row with the number of the line on which it ends. */
interface CsvRow {
  fields: string[];
  line: number;
}

/** Lists the images that a CSV file names. */
export async function findCsv(spec: DataSpec): Promise<FoundDataset> {
  const { path: file, kind } = await requirePath(spec);
  if (kind === 'folder') {
    throw new RetrievalGuardError('DATASET_LAYOUT', {
      expected: 'a file for csv:',
      got: `the folder ${file}`,
    });
  }
  const [header, ...rows] = parseRows(await readText(file), file);
  const names = header?.fields.map((name) => name.trim().toLowerCase()) ?? [];
  const column = (name: string): number => {
    if (names.includes(name)) return names.indexOf(name);
    throw new RetrievalGuardError('DATASET_LAYOUT', {
      expected: `a header with the columns path, label at ${file}:1`,
      got: names.length === 0 ? 'an empty file' : `'${names.join(',')}', without ${name}`,
      fix: 'Add the column.',
    });
  };
  const pathColumn = column('path');
  const labelColumn = column('label');
  const inSplit = splitFilter(names, rows, spec, file);
  const root = dirname(file);
  const found: FoundItem[] = [];
  for (const row of rows) {
    const { fields, line } = row;
    if (!inSplit(row)) continue;
    const path = fields[pathColumn].trim();
    const label = fields[labelColumn].trim();
    if (path === '' || label === '') throw badLine(file, line, 'a path and a label', fields.join(','));
    const item = await listedItem(root, path, label);
    found.push({ item, where: `${file}:${line}`, rawLabel: fields[labelColumn] });
  }
  return { root, found };
}

/**
 * Which rows belong to the split that was asked for: by a column `split` with any usual name of it, or by the columns `is_query` and
 * `is_gallery`. Every value of these columns is checked, whatever was asked for.
 */
function splitFilter(
  names: readonly string[],
  rows: readonly CsvRow[],
  { split }: DataSpec,
  file: string,
): (row: CsvRow) => boolean {
  const [splitColumn, queryColumn, galleryColumn] = ['split', 'is_query', 'is_gallery'].map((name) =>
    names.indexOf(name),
  );
  const splitIn = ({ fields, line }: CsvRow): Split | null => {
    const value = fields[splitColumn].trim();
    const known = splitOf(value);
    if (known || value === '') return known;
    throw badLine(file, line, `a split among ${splitNames()}`, value, 'Correct it, or leave it empty.');
  };
  const flagIn = ({ fields, line }: CsvRow, column: number): boolean => {
    const value = fields[column].trim().toLowerCase();
    if (/^(1|true|t|yes|y)$/.test(value)) return true;
    if (/^(0|false|f|no|n|)$/.test(value)) return false;
    throw badLine(file, line, `true or false for ${names[column]}`, value);
  };
  const there = new Set<Split>();
  for (const row of rows) {
    const own = splitColumn >= 0 ? splitIn(row) : null;
    if (own) there.add(own);
    for (const [column, name] of [
      [queryColumn, 'query'],
      [galleryColumn, 'gallery'],
    ] as const)
      if (column >= 0 && flagIn(row, column)) there.add(name);
  }
  if (split === null) return () => true;
  if (!there.has(split)) {
    const known = [...there].map((name) => `@${name}`).join(', ');
    throw new RetrievalGuardError('DATASET_LAYOUT', {
      expected: `a split of ${file}${known ? `: ${known}` : ', which has none'}`,
      got: `@${split}`,
      fix: known
        ? 'Choose one of them.'
        : `Add a column split, is_query or is_gallery, or leave out @${split}.`,
    });
  }
  const flag = split === 'query' ? queryColumn : split === 'gallery' ? galleryColumn : -1;
  return (row) => (splitColumn >= 0 && splitIn(row) === split) || (flag >= 0 && flagIn(row, flag));
}

const ROWS = z.array(z.object({ record: z.array(z.string()), info: z.object({ lines: z.number() }) }));

function parseRows(text: string, file: string): CsvRow[] {
  try {
    const rows: unknown = parse(text, { info: true, skip_empty_lines: true });
    return ROWS.parse(rows).map(({ record, info }) => ({ fields: record, line: info.lines }));
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new RetrievalGuardError('DATASET_LAYOUT', {
      expected: `CSV as RFC 4180 has it in ${file}`,
      got: cause.message,
      fix: 'Quote fields that hold commas, quotes or line ends.',
      cause,
    });
  }
}
