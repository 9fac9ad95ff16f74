/** Reading a run folder. Never calls a model, never writes. */
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { z } from 'zod';
import { RetrievalGuardError } from '../errors.ts';
import { manifestSchema, rowSchema, skippedSchema, summarySchema } from './schema.ts';
import type { LoadedRun } from './types.ts';

/**
 * Reads and validates run.json, rows.jsonl, and where they exist skipped.jsonl and summary.json. A last line that was cut off (the
 * run was killed while it wrote) is left out and told in `notes`, as is a run that has not ended.
 * @throws RUN_INVALID when a file is missing or wrong, naming the file, the line and the field.
 */
export async function loadRun(folder: string): Promise<LoadedRun> {
  const notes: string[] = [];
  const manifest = check(manifestSchema, await readJson(folder, 'run.json'), join(folder, 'run.json'));
  const rows = parseLines(rowSchema, await read(folder, 'rows.jsonl'), join(folder, 'rows.jsonl'), notes);
  const skippedFile = join(folder, 'skipped.jsonl');
  const skipped = parseLines(skippedSchema, await readIfAny(folder, 'skipped.jsonl'), skippedFile, notes);
  const seen = new Set<string>();
  for (const { query } of rows) {
    if (seen.has(query)) {
      throw new RetrievalGuardError('RUN_INVALID', {
        expected: `one line for each query in ${join(folder, 'rows.jsonl')}`,
        got: `two for '${query}'`,
        fix: 'Remove one of them, or run the evaluation again.',
      });
    }
    seen.add(query);
  }
  const summaryText = await readIfAny(folder, 'summary.json');
  const summary =
    summaryText.length > 0
      ? check(
          summarySchema,
          parseJson(summaryText.toString('utf8'), join(folder, 'summary.json')),
          join(folder, 'summary.json'),
        )
      : null;
  if (!summary)
    notes.push(`The run has not ended: what follows counts the ${rows.length} queries finished so far.`);
  else if (summary.queries !== rows.length) {
    notes.push(
      `summary.json speaks of ${summary.queries} queries and rows.jsonl of ${rows.length}; the rows are used.`,
    );
  }
  return { name: basename(resolve(folder)), folder, manifest, rows, skipped, summary, notes };
}

/** The lines of a .jsonl file, one after another; a last line without its line feed that does not parse is told in `notes`. */
function parseLines<T>(schema: z.ZodType<T>, bytes: Buffer, file: string, notes: string[]): T[] {
  const values: T[] = [];
  for (let start = 0, line = 1; start < bytes.length; line++) {
    const feed = bytes.indexOf(10, start);
    const text = bytes.toString('utf8', start, feed < 0 ? bytes.length : feed);
    start = feed < 0 ? bytes.length : feed + 1;
    if (feed < 0 && !isJson(text)) {
      notes.push(`The last line of ${basename(file)} was cut off and is left out.`);
      break;
    }
    const where = `line ${line} of ${file}`;
    values.push(check(schema, parseJson(text, where), where));
  }
  return values;
}

function check<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new RetrievalGuardError('RUN_INVALID', {
    expected: `${where} to be right`,
    got: `${issue.path.length > 0 ? `'${issue.path.join('.')}': ` : ''}${issue.message}`,
    fix: 'Restore the file, or run the evaluation again.',
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RetrievalGuardError('RUN_INVALID', {
      expected: `${where} to be JSON`,
      got: text.length > 60 ? `${text.slice(0, 60)}…` : text || 'nothing',
      fix: 'Restore the file, or run the evaluation again.',
      cause,
    });
  }
}

async function readJson(folder: string, name: string): Promise<unknown> {
  return parseJson((await read(folder, name)).toString('utf8'), join(folder, name));
}

async function readIfAny(folder: string, name: string): Promise<Buffer> {
  return read(folder, name).catch((error: unknown) => {
    const cause = error instanceof RetrievalGuardError ? error.cause : undefined;
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
}

async function read(folder: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, name));
  } catch (cause) {
    throw new RetrievalGuardError('RUN_INVALID', {
      expected: `${join(folder, name)} to be readable`,
      got: cause instanceof Error ? cause.message : String(cause),
      fix: 'Name a folder that an evaluation made.',
      cause,
    });
  }
}
