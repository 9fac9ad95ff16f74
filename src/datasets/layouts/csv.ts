/**
 * `csv:FILE` — RFC 4180 with a header; the columns `path` and `label`, and `split` where there are splits; others are
 * ignored. Paths are relative to the file. Without a suffix all rows; `@test` takes those whose split is 'test'.
 */
import { dirname } from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import { z } from 'zod';
import { RetrievalGuardError } from '../../errors.ts';
import { badLine, fileItem, readText, requirePath } from '../files.ts';
import type { DataSpec } from '../spec.ts';
import type { FoundDataset, FoundItem } from '../types.ts';
import { compareText } from '../walk.ts';

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
      expected: `a header with the columns path, label${name === 'split' ? ' and split' : ''} at ${file}:1`,
      got: names.length === 0 ? 'an empty file' : `'${names.join(',')}', without ${name}`,
      fix: name === 'split' ? `Add the column, or leave out @${spec.split}.` : 'Add the column.',
    });
  };
  const pathColumn = column('path');
  const labelColumn = column('label');
  const splitColumn = spec.split === null ? -1 : column('split');
  const root = dirname(file);
  const found: FoundItem[] = [];
  for (const { fields, line } of rows) {
    if (splitColumn >= 0 && fields[splitColumn].trim() !== spec.split) continue;
    const path = fields[pathColumn].trim();
    const label = fields[labelColumn].trim();
    if (path === '' || label === '') throw badLine(file, line, 'a path and a label', fields.join(','));
    found.push({ item: fileItem(root, path, label), where: `${file}:${line}` });
  }
  if (found.length === 0 && rows.length > 0) {
    const splits = [...new Set(rows.map(({ fields }) => fields[splitColumn]))].sort(compareText);
    throw new RetrievalGuardError('DATASET_EMPTY', {
      expected: `rows of ${file} whose split is '${spec.split}'`,
      got: `only ${splits.map((name) => `'${name}'`).join(', ')}`,
    });
  }
  return { root, found };
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
