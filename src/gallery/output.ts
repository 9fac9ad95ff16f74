/** Writing to the disk: one error for all that can go wrong there, and folders. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RetrievalGuardError } from '../errors.ts';

/** Runs a step and tells its failure as OUTPUT_UNWRITABLE. */
export async function guard<T>(target: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    if (cause instanceof RetrievalGuardError) throw cause;
    throw new RetrievalGuardError('OUTPUT_UNWRITABLE', {
      expected: `to be able to write ${target}`,
      got: cause instanceof Error ? cause.message : String(cause),
      fix: 'Choose another place, or free space and permissions there.',
      cause,
    });
  }
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
