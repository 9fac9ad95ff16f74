/** One command at a time in a folder, whoever died in it before. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LOCK_FILE, locked } from './lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retrievalguard-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The lock of this process, as another one would see it. */
async function lockOfMine(): Promise<Record<string, unknown>> {
  return locked(folder, async () => JSON.parse(await readFile(join(folder, LOCK_FILE), 'utf8')));
}
const leave = (holder: object, name = LOCK_FILE): Promise<void> =>
  writeFile(join(folder, name), `${JSON.stringify(holder)}\n`);
const DEAD = {
  pid: 2 ** 22 + 1,
  host: hostname(),
  began: '1',
  command: 'certify',
  since: 'then',
  token: 'dead',
};

test('a lock is held for the work and gone after it, also when the work fails', async () => {
  await expect(locked(folder, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await readdir(folder)).toEqual([]);
  await locked(folder, () => locked(folder, async () => {})); // what it calls may lock again
  expect(await readdir(folder)).toEqual([]);
});

test('of many that meet the lock of a dead process one works at a time, and nothing is left behind', async () => {
  const { space } = await lockOfMine();
  let most = 0;
  for (let round = 0; round < 20; round++) {
    await leave({ ...DEAD, space, token: `dead-${round}` });
    let working = 0;
    const tries = Array.from({ length: 12 }, () =>
      locked(folder, async () => {
        most = Math.max(most, ++working);
        await sleep(1);
        working--;
      }),
    );
    const found = await Promise.allSettled(tries);
    expect(found.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
    for (const one of found)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'RUN_LOCKED' });
    expect(await readdir(folder)).toEqual([]);
  }
  expect(most).toBe(1);
});

test("one that was killed while it took a lock over stands in nobody's way", async () => {
  const { space } = await lockOfMine();
  await leave({ ...DEAD, space });
  // its claim has a name that follows from the lock
  const text = await readFile(join(folder, LOCK_FILE), 'utf8');
  const claim = `${LOCK_FILE}-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
  await leave({ ...DEAD, space, token: 'claimant' }, claim);
  await locked(folder, async () => {});
  expect(await readdir(folder)).toEqual([]);
});

describe('whether a holder lives', () => {
  test('a number that came again is another process', async () => {
    const mine = await lockOfMine();
    await leave({ ...mine, began: '1', token: 'before' });
    if (mine.began !== null) await locked(folder, async () => {});
    await leave({ ...mine, token: 'mine' });
    await expect(locked(folder, async () => {})).rejects.toThrow(/RUN_LOCKED.*stop it/);
  });

  test.each([
    ['on another machine', { host: 'elsewhere' }],
    ['in another container, whose numbers are its own', { space: 'pid:[1]' }],
  ])('nobody knows of one %s', async (_, change) => {
    const { space } = await lockOfMine();
    await leave({ ...DEAD, space, ...change });
    await expect(locked(folder, async () => {})).rejects.toThrow(
      /RUN_LOCKED.*no longer running, remove .*\.lock/,
    );
  });

  test.skipIf(process.platform !== 'linux')(
    'one that ended and that its parent has not asked for is dead',
    async () => {
      // a shell whose child ends while it sleeps in another program
      const parent = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 20'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      try {
        const [printed] = (await once(parent.stdout, 'data')) as [Buffer];
        const pid = Number(printed.toString());
        const stat = async (): Promise<string[]> => {
          const line = await readFile(`/proc/${pid}/stat`, 'utf8');
          return line.slice(line.lastIndexOf(')') + 2).split(' ');
        };
        while ((await stat())[0] !== 'Z') await sleep(10);
        const { space } = await lockOfMine();
        await leave({ ...DEAD, pid, space, began: (await stat())[19] });
        await expect(locked(folder, async () => 'works')).resolves.toBe('works');
      } finally {
        parent.kill();
      }
    },
  );
});
