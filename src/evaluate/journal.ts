/** Append-only JSON lines that survive a kill: whatever was written whole is kept, a cut-off last line is removed. */
import { type FileHandle, open, readFile, truncate } from 'node:fs/promises';
import { RetrievalGuardError } from '../errors.ts';
import { unwritable } from '../output.ts';

/** Reads the lines of a journal, cutting a torn last line off the file. A missing file has none. */
export async function readJournal<T>(path: string): Promise<T[]> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unwritable(path, error);
  }
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end < bytes.length) await truncate(path, end);
  return bytes
    .subarray(0, end)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      try {
        return JSON.parse(line) as T;
      } catch (cause) {
        throw new RetrievalGuardError('RUN_INVALID', {
          expected: `line ${index + 1} of ${path} to be JSON`,
          got: line.slice(0, 80),
          fix: 'Remove the line, or start a new run in another folder.',
          cause,
        });
      }
    });
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
