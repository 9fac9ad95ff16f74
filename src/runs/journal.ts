/** Append-only JSON lines that survive a kill: whatever was written whole is kept, a cut-off last line is removed. */
import { type FileHandle, open, readFile, truncate } from 'node:fs/promises';
import type * as z from 'zod';
import { RetrievalGuardError } from '../errors.ts';
import { unwritable } from '../output.ts';
import { parseLines } from './files.ts';

/** What the rows of a journal have to be. */
export interface JournalRules<T> {
  schema: z.ZodType<T>;
  /** What a row is about; no two rows are about the same. */
  key: (row: T) => string;
  /** What is wrong with a row that has the right form; null for nothing. */
  problem?: (row: T) => string | null;
}

/**
 * Reads a journal to go on with, cutting a torn last line off the file; a missing file has no rows.
 * @throws RetrievalGuardError RUN_INVALID, naming the line of a row that does not have the form or does not belong
 */
export async function readJournal<T>(path: string, rules: JournalRules<T>): Promise<T[]> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unwritable(path, error);
  }
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end < bytes.length) await truncate(path, end);
  return checkedLines(bytes.subarray(0, end), path, rules);
}

/** The rows of a journal's bytes. A last line that was cut off is left out and told in `notes`. @throws RUN_INVALID */
export function checkedLines<T>(
  bytes: Buffer,
  path: string,
  { schema, key, problem }: JournalRules<T>,
  notes: string[] = [],
): T[] {
  const rows = parseLines(schema, bytes, path, notes);
  const seen = new Map<string, number>();
  for (const [index, row] of rows.entries()) {
    const earlier = seen.get(key(row));
    seen.set(key(row), index + 1);
    const wrong =
      earlier === undefined ? (problem?.(row) ?? null) : `line ${earlier} is about '${key(row)}' too`;
    if (wrong === null) continue;
    throw new RetrievalGuardError('RUN_INVALID', {
      expected: `line ${index + 1} of ${path} to belong to the run`,
      got: wrong,
      fix: 'Remove the line (what it was about is then done again), or start anew in another folder.',
    });
  }
  return rows;
}

/** Appends lines to a journal. */
export class JournalWriter {
  readonly #path: string;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /** @throws OUTPUT_UNWRITABLE */
  static async open(path: string): Promise<JournalWriter> {
    try {
      return new JournalWriter(path, await open(path, 'a'));
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  /** Writes one line; it is with the operating system when the promise resolves. */
  async append(value: unknown): Promise<void> {
    try {
      await this.#handle.appendFile(`${JSON.stringify(value)}\n`);
    } catch (error) {
      throw unwritable(this.#path, error);
    }
  }

  async close(): Promise<void> {
    await this.#handle.sync().catch(() => {});
    await this.#handle.close();
  }
}
