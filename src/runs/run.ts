/**
 * A run: units of work, each of which becomes a row in a folder. What a unit computes and how rows are summed up is the caller's; here are the
 * lock, the identity, the journal, what could not be read, what failed, and the going on after a stop.
 *
 * Files: run.json (what was asked, compared on resume), rows.jsonl (a row a line, on the disk as soon as its unit is finished),
 * skipped.jsonl (units that could not be read), summary.json (once there is nothing left to do).
 */
import { join } from 'node:path';
import * as z from 'zod';
import { type ErrorCode, isRetrievalGuardError, RetrievalGuardError, throwIfCancelled } from '../errors.ts';
import { writeFileWhole } from '../output.ts';
import { count } from '../words.ts';
import { type JournalRules, JournalWriter, readJournal } from './journal.ts';
import { locked } from './lock.ts';
import { inOrder } from './ordered.ts';
import { type AnyManifest, openRunFolder } from './run-folder.ts';

const skippedSchema = z.object({ query: z.string(), error: z.string() });

/** A unit that could not be read: counted in the summary, listed in skipped.jsonl. */
export interface SkippedRow extends z.infer<typeof skippedSchema> {}

/** The rules of skipped.jsonl: a unit once; a later resume may have read it. */
export const SKIPPED_RULES: JournalRules<SkippedRow> = { schema: skippedSchema, key: ({ query }) => query };

/** What happens in a run. */
export type RunProgress<Row> =
  | { kind: 'resumed'; done: number; total: number }
  | { kind: 'row'; row: Row; done: number; total: number }
  | { kind: 'skipped'; query: string; error: Error };

/** Who does the work of a run. */
export interface RunWorker<Unit, Row> {
  /** Units that are worked on together. */
  together: number;
  /** Groups that are worked on at once; default 1. Their rows are written in the order of the units. */
  atOnce?: number;
  /** The rows of a group: with null a unit is done without one. */
  work: (units: readonly Unit[]) => Promise<(Row | null)[]>;
  /** The row of a unit with which something went wrong. */
  failed: (unit: Unit, error: Error) => Row | null;
  close?: () => Promise<void>;
}

/** A run over the units `ids`. */
export interface Run<Manifest extends AnyManifest, Unit, Row, Summary> {
  /** Folder of the run. */
  out: string;
  /** run.json; `options` decides whether a run that is there may be gone on with. */
  manifest: Manifest;
  /** The manifest that counts, of the one that was found or made. */
  settle?: (known: Manifest) => Manifest | Promise<Manifest>;
  /** Every unit, in order. */
  ids: readonly string[];
  /** What they are of, for an error. */
  source: string;
  /** What the rows have to be, beside being about one unit each, in order. */
  rules: (manifest: Manifest) => JournalRules<Row>;
  /** The units whose ids are still to do, in order, less those that cannot be read. */
  read: (
    todo: (id: string) => boolean,
    skip: (unit: { id: string }, error: Error) => Promise<void>,
  ) => AsyncIterable<Unit>;
  /** The row of a unit that cannot be read, where it has one. */
  unreadable?: (id: string, error: Error) => Row;
  /** Begins the work. */
  begin: (manifest: Manifest, rows: readonly Row[]) => RunWorker<Unit, Row> | Promise<RunWorker<Unit, Row>>;
  summarize: (rows: readonly Row[], skipped: number, manifest: Manifest) => Summary;
  /** File of the summary; default summary.json. */
  summaryFile?: string;
  signal?: AbortSignal;
  /** Told of each row, of what is skipped, and first of the rows that are there already. */
  onProgress?: (event: RunProgress<Row>) => void;
}

/**
 * Does what is left of a run. Killed at any moment it loses only the units in flight; the same call goes on where it stopped.
 * @throws RUN_LOCKED, RUN_MISMATCH when the folder holds a run with other options, RUN_INVALID, DATASET_EMPTY without any row,
 *   OUTPUT_UNWRITABLE, CANCELLED, and what the work throws that concerns the whole run
 */
export function performRun<Manifest extends AnyManifest, Unit, Row, Summary>(
  run: Run<Manifest, Unit, Row, Summary>,
): Promise<{ summary: Summary; rows: Row[]; skipped: number }> {
  return locked(run.out, async () => {
    const { out, ids, signal } = run;
    const opened = await openRunFolder(out, run.manifest);
    const manifest = (await run.settle?.(opened)) ?? opened;
    const rules = run.rules(manifest);
    const skippedFile = join(out, 'skipped.jsonl');
    const retried = new Set((await readJournal(skippedFile, SKIPPED_RULES)).map(({ query }) => query));
    const rowsFile = join(out, 'rows.jsonl');
    const rows = await readJournal(rowsFile, inTheirPlace(rules, ids, retried));
    const finished = new Set(rows.map(rules.key));
    const total = ids.length;
    if (rows.length > 0) run.onProgress?.({ kind: 'resumed', done: rows.length, total });

    const skippedJournal = await JournalWriter.open(skippedFile);
    const journal = await JournalWriter.open(rowsFile);
    let skipped = 0;
    let worker: RunWorker<Unit, Row> | undefined;
    const write = async (row: Row): Promise<void> => {
      await journal.append(row);
      rows.push(row);
      run.onProgress?.({ kind: 'row', row, done: rows.length, total });
    };
    try {
      for (const query of holes(ids, finished, retried))
        await skippedJournal.append({ query, error: 'its row was missing when the run was resumed' });
      worker = await run.begin(manifest, rows);
      const { together, atOnce = 1, work, failed } = worker;
      const units = run.read(
        (id) => !finished.has(id),
        async ({ id }, error) => {
          // pictures are read ahead: a row that is written here stands out of order
          if (!retried.has(id)) await skippedJournal.append({ query: id, error: error.message });
          if (run.unreadable) return write(run.unreadable(id, error));
          skipped++;
          run.onProgress?.({ kind: 'skipped', query: id, error });
        },
      );
      await inOrder(
        groups(units, together),
        atOnce,
        (group) => {
          throwIfCancelled(signal);
          return rowsOfEach(group, work, failed);
        },
        async (found) => {
          for (const row of found) {
            if (row === null) continue;
            await write(row);
            await new Promise((resolve) => setImmediate(resolve)); // a cancellation is heard between rows
            throwIfCancelled(signal);
          }
        },
      );
    } finally {
      await journal.close();
      await skippedJournal.close();
      await worker?.close?.();
    }
    if (rows.length === 0) {
      throw new RetrievalGuardError('DATASET_EMPTY', {
        expected: `readable images in ${run.source}`,
        got: `${count(total, 'image')}, none of which could be read`,
        fix: `See ${skippedFile} for the reason of each.`,
      });
    }
    const summary = run.summarize(rows, skipped, manifest);
    const file = join(out, run.summaryFile ?? 'summary.json');
    await writeFileWhole(file, `${JSON.stringify(summary, null, 2)}\n`);
    return { summary, rows, skipped };
  });
}

/** The rules with that each row is about a unit of the run, in the order of the units but for those that are tried again. */
function inTheirPlace<Row>(
  rules: JournalRules<Row>,
  ids: readonly string[],
  retried: ReadonlySet<string>,
): JournalRules<Row> {
  const places = new Map(ids.map((id, place) => [id, place]));
  let last = -1;
  return {
    ...rules,
    problem: (row) => {
      const key = rules.key(row);
      const place = places.get(key);
      if (place === undefined) return `'${key}', which is no query of the run`;
      if (!retried.has(key)) {
        if (place < last) return `'${key}' out of the order of the dataset`;
        last = place;
      }
      return rules.problem?.(row) ?? null;
    },
  };
}

/** Units without a row before the last that has one: somebody took the line away. Their rows will stand out of order. */
function holes(ids: readonly string[], finished: ReadonlySet<string>, retried: Set<string>): string[] {
  const last = ids.findLastIndex((id) => finished.has(id));
  const found = ids.slice(0, Math.max(0, last)).filter((id) => !finished.has(id) && !retried.has(id));
  for (const id of found) retried.add(id);
  return found;
}

async function* groups<T>(source: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const value of source) {
    group.push(value);
    if (group.length === size) {
      yield group;
      group = [];
    }
  }
  if (group.length > 0) yield group;
}

/** Errors of the run as a whole: its options, its threads, its disk. Whatever else is thrown comes from the unit at hand. */
const OF_THE_RUN: readonly ErrorCode[] = [
  'CANCELLED',
  'WORKER_FAILED',
  'OPTION_INVALID',
  'GALLERY_INVALID',
  'GALLERY_MISMATCH',
  'MODEL_NOT_FOUND',
  'MODEL_UNSUPPORTED',
  'GRADIENT_UNSUPPORTED',
  'PROVIDER_UNAVAILABLE',
  'OUTPUT_UNWRITABLE',
];

const isOfOneUnit = (error: unknown): error is Error =>
  error instanceof Error && !(isRetrievalGuardError(error) && OF_THE_RUN.includes(error.code));

/**
 * No single unit of work stops a run: what goes wrong with one becomes its row. The rows of units that are worked on together. Where that fails they are worked on one by one, and `failed` makes the row of one that fails
 * alone.
 * @throws what concerns the run as a whole
 */
async function rowsOfEach<Unit, Row>(
  units: readonly Unit[],
  work: (units: readonly Unit[]) => Promise<Row[]>,
  failed: (unit: Unit, error: Error) => Row,
): Promise<Row[]> {
  try {
    return await work(units);
  } catch (error) {
    if (!isOfOneUnit(error)) throw error;
    if (units.length === 1) return [failed(units[0], error)];
  }
  const rows: Row[] = [];
  for (const unit of units) rows.push(...(await rowsOfEach([unit], work, failed)));
  return rows;
}
