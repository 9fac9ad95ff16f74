/** Reading the files of a folder: text to values of a known form, or an error that names file, line and field. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { z } from 'zod';
import { RetrievalGuardError } from '../errors.ts';

const REPAIR = 'Restore it, or remove it to have it made again (a line: what it was about is done again).';

/** The lines of a .jsonl file, one after another; a last line without its line feed that does not parse is told in `notes`. */
export function parseLines<T>(schema: z.ZodType<T>, bytes: Buffer, file: string, notes: string[]): T[] {
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

/** A value of the right form. @throws RUN_INVALID, naming the field */
export function check<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new RetrievalGuardError('RUN_INVALID', {
    expected: `${where} to be right`,
    got: `${issue.path.length > 0 ? `'${issue.path.join('.')}': ` : ''}${issue.message}`,
    fix: REPAIR,
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

/** @throws RUN_INVALID */
export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RetrievalGuardError('RUN_INVALID', {
      expected: `${where} to be JSON`,
      got: text.length > 60 ? `${text.slice(0, 60)}…` : text || 'nothing',
      fix: REPAIR,
      cause,
    });
  }
}

/** A file of JSON. @throws RUN_INVALID */
export async function readJson(folder: string, name: string): Promise<unknown> {
  return parseJson((await read(folder, name)).toString('utf8'), join(folder, name));
}

/** The bytes of a file, none where there is no file. @throws RUN_INVALID where there is one that cannot be read */
export async function readIfAny(folder: string, name: string): Promise<Buffer> {
  return read(folder, name).catch((error: unknown) => {
    const cause = error instanceof RetrievalGuardError ? error.cause : undefined;
    if (cause instanceof Error && 'code' in cause && /^(ENOENT|ENOTDIR)$/.test(String(cause.code)))
      return Buffer.alloc(0);
    throw error;
  });
}

/** The bytes of a file. @throws RUN_INVALID */
export async function read(folder: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, name));
  } catch (cause) {
    throw new RetrievalGuardError('RUN_INVALID', {
      expected: `${join(folder, name)} to be readable`,
      got: cause instanceof Error ? cause.message : String(cause),
      fix: 'Name a folder that `certify` or `train` made.',
      cause,
    });
  }
}
