import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../helpers/random.ts';
import {
  type Outcome,
  readRows,
  readSummary,
  start,
  succeed,
  temporary,
  untimed,
  writeDataset,
  writeMatchingEncoder,
} from './support.ts';

const QUERIES = 40;
const at = temporary();
let certify: string[];
let index: string[];
let shared: string[];

beforeAll(async () => {
  const model = await writeMatchingEncoder(at('model.onnx'));
  await writeDataset(at('items'), { perClass: 5, seed: 3 });
  await writeDataset(at('queries'), { perClass: QUERIES / 4, seed: 4 });
  const common = ['--model', model, '--sigma', '0.25', '--threads', '1', '--batch', '16'];
  index = ['index', '--data', at('queries'), ...common, '--samples', '3000', '--overwrite'];
  await succeed('index', '--data', at('items'), ...common, '--samples', '64', '--out', at('gallery'));
  certify = ['certify', '--data', at('queries'), '--gallery', at('gallery'), ...common, '--samples', '3000'];
  shared = [...certify, '--share-noise'];
});

/** Lines of a file that may not exist yet. */
async function countLines(path: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').length - 1;
}

/** Starts a command, sends it `signal` a moment after `journal` has so many lines; it may come to its end before. */
async function interrupt(
  args: string[],
  journal: string,
  options: { lines: number; wait: number; signal: NodeJS.Signals },
): Promise<Outcome> {
  const { child, ended } = await start(args);
  let running = true;
  void ended.then(() => (running = false));
  while (running && (await countLines(journal)) < options.lines) await sleep(3);
  if (running) await sleep(options.wait);
  child.kill(options.signal);
  return ended;
}

describe('a run', () => {
  beforeAll(() => succeed(...certify, '--out', at('whole')));

  test('killed again and again and resumed has the rows of one that was not', async () => {
    const random = new Random(11);
    const resumed = [...certify, '--out', at('killed')];
    const journal = at('killed', 'rows.jsonl');
    let kills = 0;
    // in its start, and after a few more rows each time
    for (let lines = 0; lines < QUERIES; lines = (await countLines(journal)) + 1 + random.integer(16)) {
      const wait = lines === 0 ? 300 + random.integer(500) : random.integer(60);
      const { signal } = await interrupt(resumed, journal, { lines, wait, signal: 'SIGKILL' });
      if (signal === 'SIGKILL') kills++;
    }
    expect(kills).toBeGreaterThanOrEqual(3);
    await succeed(...resumed);
    expect(untimed(await readRows(at('killed')))).toEqual(untimed(await readRows(at('whole'))));
    const { seconds: _a, ...whole } = await readSummary(at('whole'));
    const { seconds: _b, ...killed } = await readSummary(at('killed'));
    expect(killed).toEqual(whole);
  });

  test('stopped by Ctrl-C says how to go on, exits with 130, and goes on', async () => {
    const resumed = [...certify, '--out', at('stopped')];
    const { code, stderr, stdout } = await interrupt(resumed, at('stopped', 'rows.jsonl'), {
      lines: 7,
      wait: 10,
      signal: 'SIGINT',
    });
    expect(code).toBe(130);
    expect(stderr).toContain('stopping; what is finished is kept');
    expect(stderr).toContain('stopped; run the same command again to go on');
    expect(stdout).toBe('');
    const kept = await readRows(at('stopped'));
    expect(kept.length).toBeGreaterThanOrEqual(7);
    expect(kept.length).toBeLessThan(QUERIES);
    const { stderr: second } = await succeed(...resumed);
    expect(second).toContain(`resuming: ${kept.length} of ${QUERIES} queries are finished`);
    const rows = await readRows(at('stopped'));
    expect(rows.slice(0, kept.length)).toEqual(kept);
    expect(untimed(rows)).toEqual(untimed(await readRows(at('whole'))));
  });

  test('whose last row was torn computes that row again, also in the middle of a group that shares noise', async () => {
    await succeed(...shared, '--out', at('shared'));
    const file = at('shared', 'rows.jsonl');
    const whole = await readFile(file);
    const rows = await readRows(at('shared'));
    expect(untimed(rows)).not.toEqual(untimed(await readRows(at('whole'))));
    // groups are of 8: cut within the 12th row, and right before the line feed of the 27th
    const ends = [...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([place]) => place);
    for (const length of [ends[10] + 40, ends[26]]) {
      await truncate(file, length);
      await succeed(...shared, '--out', at('shared'));
      expect(untimed(await readRows(at('shared')))).toEqual(untimed(rows));
      await writeFile(file, whole);
    }
  });

  test('with a damaged row in the middle is refused, naming the line', async () => {
    const file = at('whole', 'rows.jsonl');
    const good = await readFile(file, 'utf8');
    await writeFile(file, `${good.slice(0, good.indexOf('\n'))}\n{"query": 3,\n`);
    const { child: _child, ended } = await start([...certify, '--out', at('whole')]);
    const { code, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`RUN_INVALID: expected line 2 of ${file} to be JSON`);
    await writeFile(file, good);
  });
});

describe('a gallery', () => {
  beforeAll(() => succeed(...index, '--out', at('whole-gallery')));

  test('killed again and again and resumed has the vectors of one that was not', async () => {
    const random = new Random(12);
    const resumed = [...index, '--out', at('killed-gallery')];
    const journal = at('killed-gallery.partial', 'rows.jsonl');
    let kills = 0;
    for (let lines = 1; lines < QUERIES; lines = (await countLines(journal)) + 1 + random.integer(20)) {
      const { signal } = await interrupt(resumed, journal, {
        lines,
        wait: random.integer(40),
        signal: 'SIGKILL',
      });
      if (signal === 'SIGKILL') kills++;
      else break;
    }
    expect(kills).toBeGreaterThanOrEqual(2);
    // what a kill in the middle of a write leaves
    if ((await countLines(journal)) > 0) await appendFile(journal, '{"id":"ant/');
    await succeed(...resumed);
    for (const name of ['vectors.npy', 'clean.npy', 'items.jsonl'])
      expect(await readFile(at('killed-gallery', name))).toEqual(await readFile(at('whole-gallery', name)));
  });

  test('stopped by Ctrl-C exits with 130, leaves no gallery, and goes on', async () => {
    const resumed = [...index, '--out', at('stopped-gallery')];
    const journal = at('stopped-gallery.partial', 'rows.jsonl');
    const { code } = await interrupt(resumed, journal, { lines: 5, wait: 0, signal: 'SIGINT' });
    expect(code).toBe(130);
    expect(await countLines(journal)).toBeGreaterThanOrEqual(5);
    expect(await countLines(at('stopped-gallery', 'gallery.json'))).toBe(0);
    await succeed(...resumed);
    expect(await readFile(at('stopped-gallery', 'vectors.npy'))).toEqual(
      await readFile(at('whole-gallery', 'vectors.npy')),
    );
  });
});
