import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { planStudy } from '../../src/study/plan.ts';
import type { StudyRow } from '../../src/study/index.ts';
import { checkStudy } from '../../src/study/schema.ts';
import { run, start, succeed, temporary, writeDataset, writeMatchingEncoder } from './support.ts';

const at = temporary();
const QUERIES = 16;
let study: string[];

beforeAll(async () => {
  const model = await writeMatchingEncoder(at('model.onnx'));
  await writeDataset(at('items'), { perClass: QUERIES / 4, seed: 3 });
  await writeFile(
    at('study.yaml'),
    'experiments: [radius, methods]\nmodels: { other: { noise: 0 } }\nsigmas: [0.25]\ngallery: { samples: 16 }\nsampling: { selection: 64, counts: [200, 1000] }\n',
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
    expect(stderr).toMatch(new RegExp(`resuming: \\d+ of ${QUERIES}`));
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
    samples: QUERIES * (1064 + 1) + QUERIES * 17,
  });
  expect((await succeed('study', '--print', 'paper')).stdout).toContain('arXiv 2206.11225');
});

test('its runs are ordinary ones: report and audit take them', async () => {
  await succeed(...study, '--out', at('whole'), '--quiet');
  const cell = at('whole', 'runs', 'tiny-at-0.25');
  await succeed('report', cell, '--out', at('cell.html'));
  expect(await readFile(at('cell.html'), 'utf8')).toContain('tiny-at-0.25');
  const audit = ['--limit', '2', '--steps', '3', '--out', at('audit'), '--json', '--quiet'];
  const { stdout: audited } = await succeed('audit', cell, ...audit);
  expect(JSON.parse(audited)).toMatchObject({ failed: 0 });
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

test('--out is missing: a wrong command line', async () => {
  expect(await run(...study)).toMatchObject({ code: 2, stderr: expect.stringContaining('--out <folder>') });
});

describe('what is there is used again only where it belongs', () => {
  const small = (out: string): string[] => [
    'study',
    at('small.yaml'),
    '--data',
    at('items'),
    '--batch',
    '16',
    '--threads',
    '1',
    '--quiet',
    '--out',
    at(out),
  ];
  const cell = (out: string, ...parts: string[]): string => at(out, 'runs', 'm-at-0.25', ...parts);
  /** What is said of a call that ends with 1, and without a stack. */
  const faultOf = async (out: string): Promise<string> => {
    const { code, stderr } = await run(...small(out));
    expect(code).toBe(1);
    expect(stderr).not.toMatch(/\n\s+at /);
    return stderr;
  };

  beforeAll(async () => {
    await writeMatchingEncoder(at('enc', 'model.onnx'));
    await writeFile(
      at('small.yaml'),
      `experiments: [radius]\nmodels: { m: { folder: ${at('enc')} } }\nsigmas: [0.25]\ngallery: { samples: 4 }\nsampling: { selection: 16, counts: [50] }\n`,
    );
    await succeed(...small('one'));
  });

  test('another model in the same place', async () => {
    await cp(at('one'), at('swapped'), { recursive: true });
    await cp(at('enc'), at('enc-first'), { recursive: true });
    await writeMatchingEncoder(at('enc', 'model.onnx'), 2);
    expect(await faultOf('swapped')).toMatch(/RUN_MISMATCH.*modelHash/);
    await rm(at('enc'), { recursive: true });
    expect(await faultOf('swapped')).toContain('MODEL_NOT_FOUND');
    await cp(at('enc-first'), at('enc'), { recursive: true });
    await succeed(...small('swapped'));
  });

  test('the same model in another place', async () => {
    await cp(at('one'), at('moved'), { recursive: true });
    await cp(at('enc'), at('enc-moved'), { recursive: true });
    const text = await readFile(at('small.yaml'), 'utf8');
    await writeFile(at('moved.yaml'), text.replace(at('enc'), at('enc-moved')));
    const { stderr } = await succeed(...small('moved').with(1, at('moved.yaml')));
    expect(stderr).not.toContain('RUN_MISMATCH');
  });

  test.each([
    [
      'a radius that 50 samples cannot give',
      (row: StudyRow) => (row.sweep.cells[0].radii.vote = 1e9),
      /radius of 1000000000/,
    ],
    [
      'a certificate of a wrong answer',
      ({
        sweep: {
          cells: [cell],
        },
      }: StudyRow) => Object.assign(cell, { rank: 7, radii: { ...cell.radii, cdf: 0.01 } }),
      /cdf of a wrong answer/,
    ],
    ['a limit without bound', (row: StudyRow) => (row.sweep.limits.cdf = 1e9), /limit beyond 6σ/],
  ] as [string, (row: StudyRow) => void, RegExp][])('%s is refused', async (_, edit, expected) => {
    await rm(at('forged'), { recursive: true, force: true });
    await cp(at('one'), at('forged'), { recursive: true });
    const name = cell('forged', 'rows.jsonl');
    const lines = (await readFile(name, 'utf8')).trim().split('\n');
    const row = JSON.parse(lines[0]) as StudyRow;
    edit(row);
    await writeFile(name, `${[JSON.stringify(row), ...lines.slice(1)].join('\n')}\n`);
    expect(await faultOf('forged')).toMatch(expected);
  });

  test('a gallery of another model, left by a study that was killed', async () => {
    await cp(at('one'), at('stale'), { recursive: true });
    for (const name of ['run.json', 'rows.jsonl', 'summary.json']) await rm(cell('stale', name));
    const name = cell('stale', 'gallery', 'gallery.json');
    const before = await readFile(name, 'utf8');
    await writeMatchingEncoder(at('enc', 'model.onnx'), 3);
    // nothing of this cell counts yet: the gallery is made anew
    const outcome = await run(...small('stale'));
    await cp(at('enc-first'), at('enc'), { recursive: true });
    if (outcome.code === 0) expect(await readFile(name, 'utf8')).not.toBe(before);
    else expect(outcome.stderr).toMatch(/RUN_MISMATCH|GALLERY_MISMATCH/);
  });

  test.each([
    ['summary.json', '{}'],
    ['rows.jsonl', 'null\n'],
    ['run.json', '[]'],
  ])('%s of %j is named', async (name, text) => {
    await rm(at('damaged'), { recursive: true, force: true });
    await cp(at('one'), at('damaged'), { recursive: true });
    await writeFile(cell('damaged', name), text);
    const told = await faultOf('damaged');
    expect(told).toContain('RUN_INVALID');
    expect(told).toContain(cell('damaged', name));
  });

  test('a damaged gallery: with what a study can do', async () => {
    await cp(at('one'), at('cut'), { recursive: true });
    await rm(cell('cut', 'summary.json'));
    await truncate(cell('cut', 'gallery', 'gallery.json'), 100);
    const outcome = await run(...small('cut'));
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain(cell('cut', 'gallery'));
    expect(outcome.stderr).not.toContain('--overwrite');
  });

  test('two models whose runs would have one name', async () => {
    const names = "models: { a: { folder: './enc{sigma}' }, a-s0.25: { folder: ./other } }";
    await writeFile(at('names.yaml'), `experiments: [radius]\n${names}\nsigmas: [0.25]\n`);
    const outcome = await run('study', at('names.yaml'), '--data', at('items'), '--out', at('names'));
    expect(outcome).toMatchObject({ code: 1, stderr: expect.stringMatching(/OPTION_INVALID.*'a-s0\.25'/) });
    // one folder on disks that do not tell cases apart
    const cases = { ...checkStudy({ models: { a: { folder: 'x' }, A: { folder: 'x' } }, sigmas: [0.25] }) };
    expect(() => planStudy(cases)).toThrow(/OPTION_INVALID.*'a' and 'A'/);
  });
});
