/**
 * One command at a time in a folder. The lock is a file that names its holder. That of a process which was killed is taken over; of a process
 * on another machine nobody here knows whether it lives, and the message says so.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync, unlinkSync } from 'node:fs';
import { link, readFile, realpath, rename, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { RetrievalGuardError } from '../errors.ts';
import { makeFolders, unwritable } from '../output.ts';

/** Names the space in which this process has its number; null where the system does not say. */
const SPACE = ((): string | null => {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
})();

/** The lock's file. */
export const LOCK_FILE = '.lock';

const HOLDER = z.object({
  pid: z.int().positive(),
  host: z.string(),
  /** The space of process numbers, where the system has several on one machine: containers. */
  space: z.string().nullable().default(null),
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
    space: SPACE,
    began: (await processOf(process.pid))?.began ?? null,
    command: process.argv.slice(2).join(' ').slice(0, 200),
    since: new Date().toISOString(),
    token: randomBytes(8).toString('hex'),
  };
  const written = `${file}-${own.token}`;
  try {
    await writeFile(written, `${JSON.stringify(own)}\n`);
    await take(written, file, folder);
    return own.token;
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

/** Others may come and go between two looks at a lock, but not for ever. */
const ATTEMPTS = 20;

/** Makes `file` a link to `written`, which names this process. @throws RUN_LOCKED while somebody holds it */
async function take(written: string, file: string, folder: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    // a link either is made, whole, or meets one that is there
    if (await linked(written, file)) return;
    const dead = await deadLock(file, folder);
    if (dead !== null && (await replaceDead(written, file, folder, dead))) return;
  }
  throw lockedBy(null, folder);
}

/**
 * Takes the lock of a dead process, which many may want to. Only who holds the claim to it replaces it: a lock itself, named after the dead
 * one's content, so that it can never meet the lock of somebody who came since.
 */
async function replaceDead(written: string, file: string, folder: string, dead: string): Promise<boolean> {
  const claim = `${file}-${createHash('sha256').update(dead).digest('hex').slice(0, 16)}`;
  await take(written, claim, folder);
  try {
    if ((await readFile(file, 'utf8').catch(() => null)) !== dead) return false;
    const copy = `${written}-copy`;
    await link(written, copy);
    await rename(copy, file);
    return true;
  } finally {
    await unlink(claim).catch(() => {});
  }
}

/** The lock's content where its holder is dead, null where there is none any more. @throws RUN_LOCKED */
async function deadLock(file: string, folder: string): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  const holder = text === null ? null : parse(text);
  if (holder && (await lives(holder)) !== false) throw lockedBy(holder, folder);
  return text;
}

function parse(text: string): Holder | null {
  try {
    return HOLDER.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** Whether a holder lives; null where nobody knows: on another machine, or in another container. */
async function lives(holder: Holder): Promise<boolean | null> {
  if (isElsewhere(holder)) return null;
  const { pid, began } = holder;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = await processOf(pid);
  if (now === null) return true;
  // a process that ended, of which nobody has taken notice yet, does nothing any more
  return now.state !== 'Z' && now.state !== 'X' && (began === null || began === now.began);
}

const isElsewhere = ({ host, space }: Holder): boolean => host !== hostname() || space !== SPACE;

/** Fields 3 and 22 of a process's line in /proc: its state, and when it began; null where there is no such line. */
async function processOf(pid: number): Promise<{ state: string; began: string } | null> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (line === null) return null;
  // the name of the program stands in parentheses and may hold spaces
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0], began: fields[19] };
}

function lockedBy(holder: Holder | null, folder: string): RetrievalGuardError {
  const elsewhere = holder !== null && isElsewhere(holder);
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
