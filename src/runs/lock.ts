/**
 * One command at a time in a folder. The lock is a file that names its holder. That of a process which was killed is taken over; of a process
 * on another machine nobody here knows whether it lives, and the message says so.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { readFileSync, unlinkSync } from 'node:fs';
import { link, mkdir, readFile, realpath, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { RetrievalGuardError } from '../errors.ts';
import { makeFolders, unwritable } from '../output.ts';

/** The lock's file. */
export const LOCK_FILE = '.lock';

const HOLDER = z.object({
  pid: z.int().positive(),
  host: z.string(),
  /** When the process began, in ticks of the system, where it says so: numbers of processes come again. */
  began: z.string().nullable(),
  command: z.string(),
  since: z.string(),
  token: z.string(),
});

/** Who holds a lock. */
export type Holder = z.infer<typeof HOLDER>;

/** Folders that the running piece of work holds: what it calls may lock them again. */
const held = new AsyncLocalStorage<ReadonlySet<string>>();

/** Locks to remove when the process ends in any way but by a kill. */
const active = new Map<string, string>();
process.on('exit', () => {
  for (const [file, token] of active) {
    try {
      if (parse(readFileSync(file, 'utf8'))?.token === token) unlinkSync(file);
    } catch {
      // gone already
    }
  }
});

/**
 * Runs a piece of work that no other may meet in a folder, which is made where it is missing.
 * @throws RetrievalGuardError RUN_LOCKED, naming the holder, and OUTPUT_UNWRITABLE
 */
export async function locked<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    await makeFolders(folder);
  } catch (error) {
    throw unwritable(folder, error);
  }
  const place = await realpath(folder);
  const outer = held.getStore() ?? new Set();
  if (outer.has(place)) return work();
  const file = join(place, LOCK_FILE);
  const token = await acquire(file, folder);
  active.set(file, token);
  try {
    return await held.run(new Set([...outer, place]), work);
  } finally {
    active.delete(file);
    if ((await holderOf(place))?.token === token) await unlink(file).catch(() => {});
  }
}

/** Who works in a folder at this moment; null for nobody, or somebody who was killed. */
export async function holderOf(folder: string): Promise<Holder | null> {
  const text = await readFile(join(folder, LOCK_FILE), 'utf8').catch(() => null);
  const holder = text === null ? null : parse(text);
  return holder && (await lives(holder)) !== false ? holder : null;
}

async function acquire(file: string, folder: string): Promise<string> {
  const own: Holder = {
    pid: process.pid,
    host: hostname(),
    began: await beganOf(process.pid),
    command: process.argv.slice(2).join(' ').slice(0, 200),
    since: new Date().toISOString(),
    token: randomBytes(8).toString('hex'),
  };
  const written = `${file}-${own.token}`;
  try {
    await writeFile(written, `${JSON.stringify(own)}\n`);
    // a link either is made, whole, or meets one that is there
    if (await linked(written, file)) return own.token;
    await requireDead(file, folder);
    return await takeOver(written, file, folder, own.token);
  } catch (error) {
    throw error instanceof RetrievalGuardError ? error : unwritable(file, error);
  } finally {
    await unlink(written).catch(() => {});
  }
}

const linked = (from: string, to: string): Promise<boolean> =>
  link(from, to).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );

/** So long does a takeover last at most; one that is older was killed in its middle. */
const TAKEOVER_MS = 10_000;

/** Removes the lock of a dead process, and of those that want to only one: a folder is made by one alone. */
async function takeOver(written: string, file: string, folder: string, token: string): Promise<string> {
  const gate = `${file}-takeover`;
  const old = (await stat(gate).catch(() => null))?.mtimeMs;
  if (old !== undefined && Date.now() - old > TAKEOVER_MS) await rmdir(gate).catch(() => {});
  await mkdir(gate).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST' ? lockedBy(null, folder) : error;
  });
  try {
    await requireDead(file, folder); // again: somebody may have come before the gate was closed
    await unlink(file).catch(() => {});
    if (await linked(written, file)) return token;
    throw lockedBy(await holderOf(folder), folder);
  } finally {
    await rmdir(gate).catch(() => {});
  }
}

async function requireDead(file: string, folder: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return; // released in between
  const holder = parse(text);
  if (holder && (await lives(holder)) !== false) throw lockedBy(holder, folder);
}

function parse(text: string): Holder | null {
  try {
    return HOLDER.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** Whether a holder lives; null where nobody knows: on another machine. */
async function lives({ pid, host, began }: Holder): Promise<boolean | null> {
  if (host !== hostname()) return null;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = await beganOf(pid);
  return began === null || now === null || began === now;
}

/** The time at which a process began, field 22 of its line in /proc; null where there is none. */
async function beganOf(pid: number): Promise<string | null> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  // the name of the program stands in parentheses and may hold spaces
  return line === null ? null : (line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? null);
}

function lockedBy(holder: Holder | null, folder: string): RetrievalGuardError {
  const elsewhere = holder !== null && holder.host !== hostname();
  return new RetrievalGuardError('RUN_LOCKED', {
    expected: `${folder} to itself`,
    got: holder
      ? `process ${holder.pid} on ${holder.host}, which works in it since ${holder.since} (${holder.command})`
      : 'another process that is taking it over',
    fix: elsewhere
      ? `Wait for it, or use another folder. If it is no longer running, remove ${join(folder, LOCK_FILE)}.`
      : 'Wait for it, stop it, or use another folder.',
  });
}
