import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import type { StudyRow } from '../../src/study/index.ts';
import { run, start, succeed, temporary, writeDataset, writeMatchingEncoder } from './support.ts';

const at = temporary();
const QUERIES = 24;
let study: string[];

beforeAll(async () => {
  const model = await writeMatchingEncoder(at('model.onnx'));
  await writeDataset(at('items'), { perClass: QUERIES / 4, seed: 3 });
  await writeFile(
    at('study.yaml'),
    'models: { other: { noise: 0 } }\nsigmas: [0.25]\ngallery: { samples: 16 }\nsampling: { selection: 64, counts: [200, 2000], alphas: [0.01] }\nks: [1]\n',
  );
  study = ['study', at('study.yaml'), '--data', at('items'), '--model', `tiny=${model}`, '--batch', '16'];
});

const journal = (out: string): string => at(out, 'runs', 'tiny-at-0.25', 'rows.jsonl');

/** Rows without what a clock decides. */
const rows = async (out: string): Promise<unknown[]> =>
  (await readFile(journal(out), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => {
      const { seconds: _seconds, ...row } = JSON.parse(line) as StudyRow;
      return row;
    });

test.each(['SIGKILL', 'SIGINT'] as const)(
  'ended by %s and run again it has the rows of one that was not',
  async (signal) => {
    await succeed(...study, '--out', at('whole'), '--quiet');
    const { child, ended } = await start([...study, '--out', at(signal)]);
    let running = true;
    void ended.then(() => (running = false));
    const written = async (): Promise<number> =>
      (await readFile(journal(signal), 'utf8').catch(() => '')).split('\n').length - 1;
    while (running && (await written()) < 1) await sleep(2);
    child.kill(signal);
    const outcome = await ended;
    expect(await written()).toBeLessThan(QUERIES);
    if (signal === 'SIGINT')
      expect(outcome).toMatchObject({
        code: 130,
        stderr: expect.stringContaining('run the same command again'),
      });
    const { stderr } = await succeed(...study, '--out', at(signal));
    expect(stderr).toMatch(/resuming: \d+ of 24/);
    expect(await rows(signal)).toEqual(await rows('whole'));
  },
);

test('--json, --dry-run, --print', async () => {
  const { stdout } = await succeed(...study, '--out', at('whole'), '--json', '--quiet');
  const found = JSON.parse(stdout) as { comparison: { model: string }[]; tables: { name: string }[] };
  expect(found.comparison.map(({ model }) => model)).toEqual(['tiny']);
  expect(found.tables.map(({ name }) => name)).toContain('comparison');
  const dry = await succeed(...study, '--out', at('dry'), '--dry-run', '--json');
  expect(JSON.parse(dry.stdout)).toMatchObject({
    runs: 1,
    queries: QUERIES,
    samples: 24 * (2064 + 1) + 24 * 17,
  });
  expect((await succeed('study', '--print', 'paper')).stdout).toContain('arXiv 2206.11225');
});

test('mistakes are told', async () => {
  await writeFile(at('wrong.yaml'), 'models: { a: { noise: 0 } }\nsigmas: [-1]\n');
  const wrong = await run('study', at('wrong.yaml'), '--out', at('nothing'));
  expect(wrong).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/OPTION_INVALID.*wrong\.yaml.*'sigmas\.0'/),
  });
  expect((await run('study', '--out', at('nothing'))).stderr).toMatch(
    /a study file or --preset; got neither/,
  );
  expect((await run('study', '--preset', 'small', '--out', at('nothing'))).stderr).toMatch(/'data\.test'/);
  expect((await run('study', at('none.yaml'), '--out', at('nothing'))).stderr).toMatch(
    /study file that can be read/,
  );
  expect((await run('study', '--preset', 'huge', '--out', at('nothing'))).code).toBe(2);
});
