/**
 * Replacing a folder as a whole: everything is written into a hidden sibling, flushed to the disk, and renamed into place, so
 * that whoever reads the folder sees the old content or the new, never a part. The sibling of a writer that was killed is
 * removed by the next writer.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { RetrievalGuardError } from '../errors.ts';
import { followLinks, guard, isSystemError, makeFolders } from '../output.ts';

/** A folder being written. */
export interface StagedFolder {
  /** Write the files here. */
  path: string;
  /** Flushes the folder and renames it into place. @throws OUTPUT_UNWRITABLE */
  commit(): Promise<void>;
  /** Removes what was written; harmless after a commit. */
  discard(): Promise<void>;
}

/** Hidden siblings: `.NAME.new-HOST-PID-RANDOM` (being written) and `.NAME.old-…` (being replaced). */
const suffix = (): string => `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`;
const active = new Set<string>();

/**
 * Begins to write `folder`; its parents are made.
 * @param options.overwrite replace a folder that exists; default false. An empty folder is always taken.
 * @param options.known names of files that such a folder holds: one that holds any other file, or is not such a folder at all, is
 *   never replaced.
 * @throws OUTPUT_UNWRITABLE when the place is taken or cannot be written.
 */
export async function stageFolder(
  folder: string,
  options: { overwrite?: boolean; known: readonly string[] },
): Promise<StagedFolder> {
  const target = await followLinks(folder);
  const parent = dirname(target);
  const name = basename(target);
  await guard(target, async () => {
    await refuseUnlessFree(target, options);
    await makeFolders(parent);
    await removeLeftovers(parent, name);
  });
  const path = join(parent, `.${name}.new-${suffix()}`);
  active.add(path);
  await guard(target, () => mkdir(path));
  const discard = async (): Promise<void> => {
    await rm(path, { recursive: true, force: true });
    active.delete(path);
  };
  const commit = (): Promise<void> =>
    guard(target, async () => {
      await refuseUnlessFree(target, options); // again: another writer may have come first
      await syncFolder(path);
      await swap(path, target);
      await syncFolder(parent);
      active.delete(path);
    });
  return { path, commit, discard };
}

/** Null when there is no such folder. */
async function entriesOf(folder: string): Promise<string[] | null> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return null;
    throw error;
  }
}

async function refuseUnlessFree(
  target: string,
  { overwrite = false, known }: { overwrite?: boolean; known: readonly string[] },
): Promise<void> {
  const entries = await entriesOf(target);
  if (!entries || entries.length === 0) return;
  const foreign = entries.filter((entry) => !known.includes(entry));
  if (foreign.length === 0 && overwrite) return;
  throw new RetrievalGuardError('OUTPUT_UNWRITABLE', {
    expected: `${target} not to exist yet`,
    got: foreign.length > 0 ? `a folder that holds other files ('${foreign[0]}')` : 'one that does',
    fix:
      foreign.length > 0
        ? 'Choose another folder: this one is never replaced, because files would be lost.'
        : 'Choose another folder, or ask for it to be overwritten.',
  });
}

/** Puts `path` in the place of `target`. For a moment there is neither: readers wait (replaced.ts). */
async function swap(path: string, target: string): Promise<void> {
  const entries = await entriesOf(target);
  if (!entries) return rename(path, target);
  const old = join(dirname(target), `.${basename(target)}.old-${suffix()}`);
  active.add(old);
  await rename(target, old);
  try {
    await rename(path, target);
  } catch (error) {
    await rename(old, target);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
  active.delete(old);
}

/** Removes siblings that writers on this machine left when they were killed; those of living writers stay. */
async function removeLeftovers(parent: string, name: string): Promise<void> {
  const entries = (await entriesOf(parent)) ?? [];
  const targetExists = entries.includes(name);
  for (const entry of entries) {
    const kind = [`.${name}.new-`, `.${name}.old-`].find((prefix) => entry.startsWith(prefix));
    if (!kind) continue;
    const writer = writerOf(entry.slice(kind.length));
    const path = join(parent, entry);
    if (!writer || writer.host !== hostname() || active.has(path)) continue;
    // our own number without a place in `active` is that of a former process
    if (writer.pid !== process.pid && isAlive(writer.pid)) continue;
    // The last complete copy, if the writer died between its two renames: keep it until there is another.
    if (kind.includes('.old-') && !targetExists) continue;
    await rm(path, { recursive: true, force: true });
  }
}

/** A former folder that a writer has set aside. */
export interface SetAside {
  path: string;
  /** Whether the writer may be about to put the new one in its place: its process lives, or is of another machine. */
  living: boolean;
}

/** The complete former folders that stand aside of `folder`, for a moment or because their writer was killed between its two renames. */
export async function foldersSetAside(folder: string): Promise<SetAside[]> {
  const target = await followLinks(folder);
  const prefix = `.${basename(target)}.old-`;
  const entries = (await readdir(dirname(target)).catch(() => [])).filter((entry) =>
    entry.startsWith(prefix),
  );
  return entries.map((entry) => {
    const writer = writerOf(entry.slice(prefix.length));
    // our own number may be that of another thread
    const living = !writer || writer.host !== hostname() || writer.pid === process.pid || isAlive(writer.pid);
    return { path: join(dirname(target), entry), living };
  });
}

/** Whose sibling it is, by the end of its name. */
function writerOf(end: string): { host: string; pid: number } | null {
  const parts = /^(.*)-(\d+)-[0-9a-f]{8}$/.exec(end);
  return parts && { host: parts[1], pid: Number(parts[2]) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isSystemError(error, 'EPERM');
  }
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return; // a folder cannot be opened there
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
