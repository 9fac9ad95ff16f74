/** The steps of a long piece of work: each is done once, and again only when what it is made of has changed. */
import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { duration } from '../src/cli/terminal.ts';
import { makeFolders, writeFileWhole } from '../src/output.ts';

/** A step of the work. */
export interface Step {
  /** Names its output within the folder: a file or a folder. */
  name: string;
  /** What a person reads. */
  title: string;
  /** Everything that decides its output, besides the steps before it. */
  settings: readonly unknown[];
  /** Steps whose outputs it reads. */
  after?: readonly string[];
  work: (out: string) => Promise<void>;
}

interface Known {
  /** Hash of the settings, and of those of the steps before it. */
  key: string;
  finished: boolean;
}

const FILE = 'steps.json';

/**
 * Runs steps in order and keeps a list of the finished ones in `folder`/steps.json. What was begun goes on where it stopped; what was
 * begun or finished with other settings is deleted and made anew.
 * @returns false when a step did not finish: `process.exitCode` says why
 */
export async function runSteps(
  folder: string,
  steps: readonly Step[],
  say: (line: string) => void,
): Promise<boolean> {
  await makeFolders(folder);
  const known = await readKnown(folder);
  const save = (): Promise<void> => writeFileWhole(join(folder, FILE), `${JSON.stringify(known, null, 2)}\n`);
  for (const [i, { name, title, settings, after = [], work }] of steps.entries()) {
    const out = join(folder, name);
    const before = after.map((one) => known[one]?.key);
    const key = createHash('sha256')
      .update(JSON.stringify([settings, before]))
      .digest('hex');
    const heading = `[${i + 1}/${steps.length}] ${title}`;
    if (known[name]?.key === key && known[name].finished) {
      say(`${heading}: done before`);
      continue;
    }
    if (known[name]?.key !== key) await rm(out, { recursive: true, force: true });
    known[name] = { key, finished: false };
    await save();
    say(heading);
    const began = Date.now();
    await work(out);
    if (process.exitCode) return false;
    known[name].finished = true;
    await save();
    say(`[${i + 1}/${steps.length}] done in ${duration((Date.now() - began) / 1e3)}\n`);
  }
  return true;
}

async function readKnown(folder: string): Promise<Record<string, Known>> {
  try {
    return JSON.parse(await readFile(join(folder, FILE), 'utf8')) as Record<string, Known>;
  } catch {
    return {}; // nothing was begun, or the list was cut off: every step begins anew
  }
}
