/**
 * Reading a gallery that another process may replace meanwhile (stage.ts): the folder is away for a moment, or files of the former
 * gallery and of the new one are read together, which hashes and sizes reveal. Such a reading is begun again.
 */
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRetrievalGuardError, RetrievalGuardError } from '../errors.ts';
import { foldersSetAside } from './stage.ts';

/** How long replacements are waited for, in milliseconds. */
const PATIENCE_MS = 10_000;
/** How long a folder that is away is waited for while its writer may live: it is between two renames. */
const AWAY_MS = 2000;
/** The same where no writer is seen, who may have come and gone between the two looks. */
const GLANCE_MS = 50;

/**
 * Reads from a gallery folder, again where that failed and the folder was replaced meanwhile or is being replaced.
 * @throws what `read` throws of a folder that nobody replaces; GALLERY_INVALID naming the former gallery where a writer that was
 *   killed left it aside
 */
export async function whole<T>(folder: string, read: () => Promise<T>): Promise<T> {
  const began = Date.now();
  let away: { since: number; seen: number } | null = null; // when the folder went, and when a writer was last seen
  for (;;) {
    const before = await identity(folder);
    try {
      return await read();
    } catch (error) {
      const waited = Date.now() - began;
      if (!isRetrievalGuardError(error, 'GALLERY_INVALID') || waited > PATIENCE_MS) throw error;
      const after = await identity(folder);
      if (after !== null) {
        if (after === before) throw error;
        away = null;
      } else {
        away ??= { since: Date.now(), seen: Date.now() };
        const aside = await foldersSetAside(folder);
        if (aside.some(({ living }) => living)) away.seen = Date.now();
        if (Date.now() - away.seen > GLANCE_MS || Date.now() - away.since > AWAY_MS)
          throw aside.length > 0 ? left(folder, aside[0].path, error) : error;
      }
      await sleep(5 + 20 * Math.random());
    }
  }
}

/** Tells a folder from the one that replaces it; null where there is none. */
async function identity(folder: string): Promise<string | null> {
  const found = await stat(folder, { bigint: true }).catch(() => null);
  // the number alone may be given again; the time changes when the folder is renamed into its place
  return found && `${found.dev} ${found.ino} ${found.ctimeNs}`;
}

function left(folder: string, former: string, cause: unknown): RetrievalGuardError {
  return new RetrievalGuardError('GALLERY_INVALID', {
    expected: `a gallery in ${folder}`,
    got: `none, but a writer that was killed left the former gallery in ${former}`,
    fix: `Rename that folder to ${folder}, or build the gallery again.`,
    cause,
  });
}
