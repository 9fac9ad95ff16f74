/** Writing outputs: one error for all that can go wrong there, folders, and files that are replaced whole or not at all. */
import { randomBytes } from 'node:crypto';
import { fstatSync, type Stats } from 'node:fs';
import { mkdir, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { RetrievalGuardError } from './errors.ts';
import { messageOf } from './words.ts';

/** True for errors of the system, which have a code such as 'ENOENT'; pass `code` to ask for one. */
export const isSystemError = (error: unknown, code?: string): error is Error & { code: string } =>
  error instanceof Error &&
  'code' in error &&
  (code === undefined ? typeof error.code === 'string' : error.code === code);

/** Runs a step and tells its failure as OUTPUT_UNWRITABLE. */
export async function guard<T>(target: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    throw cause instanceof RetrievalGuardError ? cause : unwritable(target, cause);
  }
}

/** The error of a file or folder that cannot be written (or read back). */
export function unwritable(target: string, cause: unknown): RetrievalGuardError {
  return new RetrievalGuardError('OUTPUT_UNWRITABLE', {
    expected: `to be able to write ${target}`,
    got: messageOf(cause),
    fix: 'Choose another place, or free space and permissions there. What was written so far is kept.',
    cause,
  });
}

/**
 * Makes a folder and its parents, where they are missing. (The `recursive` option of Node's own mkdir never returns in a place
 * such as /proc, where a folder can neither be found nor made.)
 */
export async function makeFolders(folder: string): Promise<void> {
  const make = (): Promise<void> =>
    mkdir(folder).catch((error: unknown) => {
      if (!isSystemError(error, 'EEXIST')) throw error;
    });
  try {
    await make();
  } catch (error) {
    if (!isSystemError(error, 'ENOENT') || dirname(folder) === folder) throw error;
    await makeFolders(dirname(folder));
    await make();
  }
}

/**
 * Writes an output. A file is written all or nothing: into a hidden sibling, flushed, then renamed over the file of that name. A
 * symbolic link stays one: its target is replaced, or made where it is missing. A device, a pipe or a socket is never replaced
 * but written to. The folder must exist.
 *
 * @throws RetrievalGuardError OUTPUT_UNWRITABLE
 */
export function writeFileWhole(path: string, content: string | Uint8Array): Promise<void> {
  return guard(path, async () => {
    const known = await statOf(path);
    if (known && !isReplaced(path, known)) return writeInto(path, known, content);
    await replaceFile(await followLinks(path), content, known?.mode);
  });
}

/** Whether {@link writeFileWhole} makes or replaces a file there: what it leads to is no device, pipe or socket. */
export async function isFilePlace(path: string): Promise<boolean> {
  const known = await statOf(path);
  return known === null || isReplaced(path, known);
}

/** A file behind /dev/stdout is not: whoever opened it would be left with the former one. */
function isReplaced(path: string, known: Stats): boolean {
  return known.isDirectory() || (known.isFile() && !/^\/(dev\/(std|fd\/)|proc\/)/.test(resolve(path)));
}

/** A path without the symbolic links at its end, also where the last of them leads to nothing yet. */
export async function followLinks(path: string, hops = 40): Promise<string> {
  const at = join(await realpath(dirname(resolve(path))).catch(() => dirname(resolve(path))), basename(path));
  const target = await readlink(at).catch(() => null);
  if (target === null || hops === 0) return at;
  return followLinks(resolve(dirname(at), target), hops - 1);
}

async function statOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return null;
    throw error;
  }
}

/** Writes to what is there. */
async function writeInto(path: string, { dev, ino }: Stats, content: string | Uint8Array): Promise<void> {
  for (const [fd, stream] of [process.stdout, process.stderr].entries()) {
    const own = fstatSync(fd + 1);
    // not opened anew: a socket cannot be, and a file behind it would be begun anew
    if (own.dev === dev && own.ino === ino)
      return new Promise((done, failed) => {
        stream.write(content, (error) => (error ? failed(error) : done()));
      });
  }
  const file = await open(path, 'w');
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}

async function replaceFile(path: string, content: string | Uint8Array, mode = 0o666): Promise<void> {
  const name = `.${basename(path)}-${process.pid}-${randomBytes(4).toString('hex')}`;
  const partial = join(dirname(path), name);
  try {
    const file = await open(partial, 'w', mode & 0o777);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
}
