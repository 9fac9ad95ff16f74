/** Reading a run folder. Never calls a model, never writes. */
import { basename, join, resolve } from 'node:path';
import { type Beside, rowRules } from '../evaluate/row-rules.ts';
import { manifestSchema, summarySchema } from '../evaluate/schema.ts';
import {
  check,
  checkedLines,
  type Holder,
  holderOf,
  parseJson,
  read,
  readIfAny,
  readJson,
  SKIPPED_RULES,
} from '../runs/index.ts';
import type { LoadedRun } from './types.ts';
import { count } from '../words.ts';

/** What a reader of unfinished work should know. */
export function unfinished(what: string, rows: number, holder: Holder | null): string {
  const state = holder ? `is in progress (process ${holder.pid} on ${holder.host})` : 'has not ended';
  return `The ${what} ${state}: what follows counts what is finished so far: ${count(rows, 'query')}.`;
}

/**
 * Reads and validates run.json, rows.jsonl, and where they exist skipped.jsonl and summary.json. A last line that was cut off (the
 * run was killed while it wrote) is left out and told in `notes`, as is a run that has not ended.
 * @param beside - what there is to check the rows with
 * @throws RUN_INVALID when a file is missing or wrong, naming the file, the line and the field.
 */
export async function loadRun(folder: string, beside: Beside = {}): Promise<LoadedRun> {
  const notes: string[] = [];
  const manifest = check(manifestSchema, await readJson(folder, 'run.json'), join(folder, 'run.json'));
  const rowsFile = join(folder, 'rows.jsonl');
  const rows = checkedLines(await read(folder, 'rows.jsonl'), rowsFile, rowRules(manifest, beside), notes);
  const skippedFile = join(folder, 'skipped.jsonl');
  const done = new Set(rows.map(({ query }) => query));
  const skipped = checkedLines(
    await readIfAny(folder, 'skipped.jsonl'),
    skippedFile,
    SKIPPED_RULES,
    notes,
  ).filter(({ query }) => !done.has(query));
  const summaryText = await readIfAny(folder, 'summary.json');
  const summary =
    summaryText.length > 0
      ? check(
          summarySchema,
          parseJson(summaryText.toString('utf8'), join(folder, 'summary.json')),
          join(folder, 'summary.json'),
        )
      : null;
  const holder = await holderOf(folder);
  if (holder || !summary) notes.push(unfinished('run', rows.length, holder));
  else if (summary.queries !== rows.length) {
    const missing = summary.queries > rows.length ? '; run it again to have those that are missing' : '';
    notes.push(
      `summary.json speaks of ${count(summary.queries, 'query')} and rows.jsonl of ${rows.length}: the rows are used${missing}.`,
    );
  }
  return { name: basename(resolve(folder)), folder, manifest, rows, skipped, summary, notes };
}
