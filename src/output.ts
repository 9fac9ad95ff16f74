/** Writing outputs: one error for all that can go wrong there, folders, and files that are replaced whole or not at all. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readlink, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { RetrievalGuardError } from './errors.ts';

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
    got: cause instanceof Error ? cause.message : String(cause),
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
    mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  try {
    await make();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT') || dirname(folder) === folder)
      throw error;
    await makeFolders(dirname(folder));
    await make();
  }
}

/**
 * Writes a file, all or nothing: into a hidden sibling, flushed, then renamed. A file of that name is replaced; its folder
 * must exist. A symbolic link stays one, and the file that it leads to is replaced; a device or a pipe is written to.
 *
 * @throws RetrievalGuardError OUTPUT_UNWRITABLE
 */
export function writeFileWhole(path: string, content: string | Uint8Array): Promise<void> {
  return guard(path, async () => {
    const found = await stat(path).catch(() => null);
    // what stands below /dev and /proc may be another name of a file that is open: it is never replaced
    if ((found && !found.isFile() && !found.isDirectory()) || /^\/(dev|proc)\//.test(resolve(path)))
      return writeInto(path, content);
    const target = await behindLinks(path);
    const partial = join(
      dirname(target),
      `.${basename(target)}-${process.pid}-${randomBytes(4).toString('hex')}`,
    );
    try {
      const file = await open(partial, 'w');
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(partial, target);
    } finally {
      await rm(partial, { force: true });
    }
  });
}

/** Writes to a device or a pipe. */
async function writeInto(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}

/** Links followed by one path: no more are likely to be meant. */
const MOST_LINKS = 40;

/** Where a path leads, whether there is a file or not. */
async function behindLinks(path: string): Promise<string> {
  let target = path;
  for (let i = 0; i < MOST_LINKS; i++) {
    const link = await readlink(target).catch(() => null);
    if (link === null) return target;
    target = resolve(dirname(target), link);
  }
  throw new Error('its links lead in a circle');
}
