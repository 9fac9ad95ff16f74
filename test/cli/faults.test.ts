/** What goes wrong around a command: two of them in one folder, edited files, closed pipes, full disks, signals, devices. */
import { execFileSync } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import {
  appendFile,
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { locked } from '../../src/runs/index.ts';
import { loadRun } from '../../src/report/load.ts';
import {
  readRows,
  readSummary,
  run,
  start,
  succeed,
  temporary,
  untimed,
  writeDataset,
  writeEncoder,
  writeMatchingEncoder,
} from './support.ts';

const at = temporary();
let model: string;
let certify: string[];
let query: string[];

beforeAll(async () => {
  model = await writeMatchingEncoder(at('model.onnx'));
  await writeDataset(at('items'), { perClass: 3, seed: 5 });
  await writeDataset(at('queries'), { perClass: 3, seed: 6 });
  const common = ['--model', model, '--sigma', '0.25', '--threads', '1', '--batch', '16'];
  await succeed('index', '--data', at('items'), ...common, '--samples', '32', '--out', at('gallery'));
  certify = ['certify', '--data', at('queries'), '--gallery', at('gallery'), ...common, '--samples', '200'];
  query = [
    'query',
    at('queries', 'ant', '0.png'),
    '--gallery',
    at('gallery'),
    '--model',
    model,
    '--samples',
    '64',
  ];
  await succeed(...certify, '--out', at('run'));
});

/** Waits until `there` answers true, at most a minute. */
async function until(there: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 6000 && !(await there()); i++) await sleep(10);
}

describe('two commands in one folder', () => {
  test('the second says which process holds it; the first is untouched, and a resumed run is the whole one', async () => {
    const slow = [...certify, '--samples', '30000', '--out', at('two')];
    const first = await start(slow);
    await until(() => existsSync(at('two', '.lock')));
    const second = await run(...slow);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('RUN_LOCKED');
    expect(second.stderr).toContain(`process ${first.child.pid}`);
    expect(second.stderr.trim().split('\n')).toHaveLength(1);
    // a killed holder leaves its lock, which nobody has to remove
    first.child.kill('SIGKILL');
    await first.ended;
    expect(existsSync(at('two', '.lock'))).toBe(true);
    await succeed(...slow);
    expect(existsSync(at('two', '.lock'))).toBe(false);
    expect(await readRows(at('two'))).toHaveLength(12);
  });

  test('galleries and trainings too', async () => {
    const commands = [
      [
        'index',
        '--data',
        at('items'),
        '--model',
        model,
        '--sigma',
        '0.25',
        '--samples',
        '60000',
        '--threads',
        '1',
      ],
      ['train', '--data', at('items'), '--epochs', '200', '--dim', '4', '--batch', '8', '--threads', '1'],
    ];
    for (const [i, args] of commands.entries()) {
      const all = [...args, '--out', at(`both-${i}`)];
      const first = await start(all);
      await sleep(50);
      const second = await start(all);
      const outcome = await Promise.race([first.ended, second.ended]);
      first.child.kill('SIGKILL');
      second.child.kill('SIGKILL');
      expect(outcome).toMatchObject({ code: 1 });
      expect(outcome.stderr).toContain('RUN_LOCKED');
    }
  });
});

describe('an edited run is named with its line, and nothing of it is resumed or reported', () => {
  const edits: [what: string, file: string, edit: (lines: string[]) => string[], expected: RegExp][] = [
    ['a row of another shape', 'rows.jsonl', (l) => l.with(2, '{}'), /line 3 of .*rows\.jsonl/],
    ['a row null', 'rows.jsonl', (l) => l.with(2, 'null'), /line 3 of .*rows\.jsonl/],
    ['text', 'rows.jsonl', (l) => l.with(2, '%%%'), /line 3 of .*rows\.jsonl/],
    ['a row twice', 'rows.jsonl', (l) => l.toSpliced(5, 0, l[1]), /line 6 of .*rows\.jsonl/],
    ['rows swapped', 'rows.jsonl', (l) => l.with(0, l[1]).with(1, l[0]), /line 2 of .*rows\.jsonl/],
    [
      'a radius of text',
      'rows.jsonl',
      (l) => l.map((row) => row.replace(/"radius":[\d.]+/, '"radius":"big"')),
      /line 1 of .*rows\.jsonl/,
    ],
    [
      'a radius that no 200 samples give',
      'rows.jsonl',
      (l) => l.map((row) => row.replace(/"radius":[\d.]+/, '"radius":1e9')),
      /line 1 of .*rows\.jsonl/,
    ],
    [
      'a foreign query',
      'rows.jsonl',
      (l) => l.with(1, l[1].replace(/"query":"[^"]*"/, '"query":"zzz"')),
      /line 2 of .*rows\.jsonl/,
    ],
    ['a manifest of another shape', 'run.json', () => ['[]'], /run\.json/],
    ['an empty manifest', 'run.json', () => [''], /run\.json/],
    [
      'radii of text',
      'run.json',
      (l) => [JSON.stringify({ ...JSON.parse(l.join('')), radii: 'x' })],
      /radii/,
    ],
  ];
  test.each(edits)('%s', async (what, file, edit, expected) => {
    const folder = at('edited');
    await rm(folder, { recursive: true, force: true });
    await cp(at('run'), folder, { recursive: true });
    const lines = (await readFile(at('run', file), 'utf8')).trimEnd().split('\n');
    const edited = `${edit(lines).join('\n')}\n`;
    expect(edited).not.toBe(`${lines.join('\n')}\n`);
    await writeFile(at('edited', file), edited);
    if (!['rows swapped', 'a foreign query'].includes(what))
      await expect(loadRun(folder)).rejects.toThrow(expected); // as report reads it, which knows no dataset
    // a few by a process, which takes seconds
    if (!['rows swapped', 'a foreign query', 'a row null', 'radii of text'].includes(what)) return;
    const outcome = await run(...certify, '--out', folder);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(expected);
    expect(outcome.stderr).not.toMatch(/\n\s+at /);
    expect(await readFile(at('edited', file), 'utf8')).toBe(edited);
  });

  test('rows without the run.json that says what they were made with', async () => {
    await cp(at('run'), at('bare'), { recursive: true });
    await rm(at('bare', 'run.json'));
    const outcome = await run(...certify, '--out', at('bare'));
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/RUN_INVALID: .*run\.json/);
    expect(existsSync(at('bare', 'run.json'))).toBe(false);
  });

  test('a line that was removed is computed again, in whatever place it is then written', async () => {
    const folder = at('removed');
    await cp(at('run'), folder, { recursive: true });
    const lines = (await readFile(at('run', 'rows.jsonl'), 'utf8')).trimEnd().split('\n');
    await writeFile(at('removed', 'rows.jsonl'), `${lines.toSpliced(1, 1).join('\n')}\n`);
    for (let i = 0; i < 2; i++) {
      await succeed(...certify, '--out', folder);
      const rows = untimed(await readRows(folder)).toSorted((a, b) => (a.query < b.query ? -1 : 1));
      expect(rows).toEqual(untimed(await readRows(at('run'))));
    }
    await succeed('report', folder, '--out', at('removed.html'));
  });

  test('an end that was cut off is computed again', async () => {
    const folder = at('cut');
    await cp(at('run'), folder, { recursive: true });
    const bytes = await readFile(at('run', 'rows.jsonl'));
    await writeFile(at('cut', 'rows.jsonl'), bytes.subarray(0, bytes.length - 40));
    await appendFile(at('cut', 'rows.jsonl'), Buffer.alloc(300)); // as file systems do after a loss of power
    await succeed(...certify, '--out', folder);
    expect(untimed(await readRows(folder))).toEqual(untimed(await readRows(at('run'))));
  });
});

test('one query that fails is its row, the run goes on and ends with 1', async () => {
  // infinity at the pictures that are bright everywhere, the usual features elsewhere
  const folder = at('hole');
  await mkdir(folder);
  await writeEncoder(at('hole', 'model.onnx'), 2, (g, flat) => {
    const mean = g.op('ReduceMean', [flat], { axes: [1], keepdims: 1 });
    const over = g.op('Relu', [g.op('Sub', [mean, g.constant(Float32Array.of(0.9))])]);
    const huge = g.op('Exp', [g.op('Mul', [over, g.constant(Float32Array.of(1e6))])]);
    return g.op('Concat', [huge, mean], { axis: 1 });
  });
  await writeDataset(at('some'), { perClass: 2, seed: 7 });
  const sharp = (await import('sharp')).default;
  await sharp({ create: { width: 8, height: 8, channels: 3, background: 'white' } })
    .png()
    .toFile(at('some', 'bee', 'white.png'));
  const common = ['--model', at('hole', 'model.onnx'), '--sigma', '0.1', '--threads', '1', '--batch', '16'];
  await succeed('index', '--data', at('items'), ...common, '--samples', '8', '--out', at('hole-gallery'));
  const asked = [
    'certify',
    '--data',
    at('some'),
    '--gallery',
    at('hole-gallery'),
    ...common,
    '--samples',
    '50',
  ];
  const outcome = await run(...asked, '--out', at('hole-run'));
  expect(outcome).toMatchObject({ code: 1 });
  expect(outcome.stderr).toMatch(/1 (of 9 )?quer(y|ies)/);
  const rows = await readRows(at('hole-run'));
  expect(rows).toHaveLength(9);
  const [failed] = rows.filter((row) => row.query.endsWith('white.png'));
  expect(failed).toHaveProperty('error');
  expect(await readSummary(at('hole-run'))).toMatchObject({ queries: 9, failed: 1 });
  expect((await run(...asked, '--out', at('hole-run'))).code).toBe(1);
  await succeed('report', at('hole-run'), '--out', at('hole.html'));

  // the same for an attack and for a study
  const hole = [
    '--data',
    at('some'),
    '--leave-one-out',
    '--model',
    at('hole', 'model.onnx'),
    '--threads',
    '1',
  ];
  const attacked = await run(
    'attack',
    ...hole,
    '--radius',
    '0.1',
    '--steps',
    '2',
    '--out',
    at('hole-attack'),
  );
  expect(attacked).toMatchObject({ code: 1, stderr: expect.stringContaining('1 query failed') });
  expect(await readSummary(at('hole-attack'))).toMatchObject({ queries: 9, failed: 1 });
  await writeFile(
    at('hole.yaml'),
    `experiments: [radius]\nmodels: { hole: { folder: ${at('hole')} } }\nsigmas: [0.1]\ngallery: { samples: 4 }\nsampling: { selection: 16, counts: [50] }\n`,
  );
  const studied = await run(
    'study',
    at('hole.yaml'),
    '--data',
    at('some'),
    '--threads',
    '1',
    '--out',
    at('hole-study'),
  );
  expect(studied).toMatchObject({ code: 1, stderr: expect.stringMatching(/white\.png.*EMBEDDING_INVALID/) });
});

test('a report of a run in progress says so, and of one with fewer rows than its summary', async () => {
  const folder = at('watched');
  await cp(at('run'), folder, { recursive: true });
  await locked(folder, async () => {
    const { notes } = await loadRun(folder);
    expect(notes.join()).toContain(`is in progress (process ${process.pid}`);
  });
  expect((await loadRun(folder)).notes).toEqual([]);
  const lines = (await readFile(at('run', 'rows.jsonl'), 'utf8')).trimEnd().split('\n');
  await writeFile(join(folder, 'rows.jsonl'), `${lines.slice(1).join('\n')}\n`);
  expect((await loadRun(folder)).notes.join()).toContain('run it again to have those that are missing');
});

describe('outputs', () => {
  test('a reader that closes the pipe ends a command in silence', async () => {
    const three = [query[0], ...Array.from({ length: 60 }, () => query[1]), ...query.slice(2)];
    for (const args of [three, [...three, '--json']]) {
      const { child, ended } = await start(args);
      child.stdout?.once('data', () => child.stdout?.destroy());
      const outcome = await ended;
      expect(outcome.stderr).not.toMatch(/EPIPE|\n\s+at /);
    }
  });

  test.skipIf(!existsSync('/dev/full'))('a full device is one sentence', async () => {
    const { spawn } = await import('node:child_process');
    const { child, ended } = await start(['--version']);
    await ended;
    const stderr: string[] = [];
    const code = await new Promise((resolve) => {
      const full = spawn(process.execPath, [child.spawnargs[1], ...query], {
        stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
      });
      full.stderr!.setEncoding('utf8').on('data', (text: string) => stderr.push(text));
      full.on('close', resolve);
    });
    expect(code).toBe(1);
    expect(stderr.join('')).toMatch(/ENOSPC|no space|full/i);
    expect(stderr.join('')).not.toMatch(/\n\s+at /);
  });

  test('a symbolic link stays one, and what it points to is written', async () => {
    await writeFile(at('target.html'), '');
    await symlink(at('target.html'), at('link.html'));
    await succeed('report', at('run'), '--out', at('link.html'));
    expect(await readlink(at('link.html'))).toBe(at('target.html'));
    expect((await stat(at('target.html'))).size).toBeGreaterThan(10_000);
  });

  test('a pipe and a device are written to, not replaced', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    const report = await start(['report', at('run'), '--out', at('pipe')]);
    expect((await readFile(at('pipe'), 'utf8')).slice(0, 15)).toMatch(/<!doctype html/i);
    expect((await report.ended).code).toBe(0);
    expect((await lstat(at('pipe'))).isFIFO()).toBe(true);
    let made = true;
    try {
      execFileSync('mknod', [at('null'), 'c', '1', '3'], { stdio: 'ignore' }); // as /dev/null, in a folder of its own
      await readFile(at('null'));
    } catch {
      made = false; // only root makes devices, and not everywhere
    }
    if (made) {
      await succeed('report', at('run'), '--out', at('null'));
      expect((await lstat(at('null'))).isCharacterDevice()).toBe(true);
    }
  });
});

describe('files that are no pictures', () => {
  test('a named pipe in a dataset is left out and counted; nothing waits for it', async () => {
    await writeDataset(at('with-pipe'), { perClass: 1, seed: 8 });
    execFileSync('mkfifo', [at('with-pipe', 'ant', 'f.png')]);
    const { stderr } = await succeed('index', [
      '--data',
      at('with-pipe'),
      '--model',
      model,
      '--samples',
      '0',
      '--out',
      at('piped'),
    ]);
    expect(stderr).toMatch(/left out.*f\.png/);
  });

  test('query answers the others, in one sentence for each that it cannot, and ends with 1', async () => {
    await writeFile(at('photo.heic'), Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'));
    await writeFile(at('photo.jpg'), await readFile(at('photo.heic'))); // as phones name it
    const good = at('queries', 'bee', '1.png');
    const bad = [at('missing.png'), at('photo.heic'), at('photo.jpg')];
    const asked = ['query', bad[0], good, bad[1], bad[2], good, ...query.slice(2)];
    const told = await run(...asked);
    expect(told.code).toBe(1);
    expect(told.stdout.match(/1\.png: bee/g)).toHaveLength(2);
    expect(told.stderr).toMatch(/HEIC[\s\S]*HEIC/);
    const json = await run(...asked, '--json');
    expect(json.code).toBe(1);
    const answers = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { query: string; error?: string });
    expect(answers.map((answer) => [answer.query, answer.error !== undefined])).toEqual([
      [bad[0], true],
      [good, false],
      [bad[1], true],
      [bad[2], true],
      [good, false],
    ]);
    for (const text of [told.stderr, json.stdout]) {
      expect(text).not.toMatch(/ENOENT|\n\s+at /);
      for (const path of bad) expect(text).toContain(path);
    }
  });

  test('a picture above the limit says its size, the limit and the option', async () => {
    const outcome = await run(...query, '--max-pixels', '50');
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/8 ?[x×] ?8/);
    expect(outcome.stderr).toContain('--max-pixels');
  });

  test('a dataset that goes away during a run is one error, and the run resumes', async () => {
    await cp(at('queries'), at('going'), { recursive: true });
    const args = [...certify.with(2, at('going')), '--samples', '20000', '--out', at('gone')];
    const { child, ended } = await start(args);
    await until(async () =>
      (await readFile(at('gone', 'rows.jsonl'), 'utf8').catch(() => '')).includes('\n'),
    );
    await rename(at('going'), at('went'));
    const outcome = await ended;
    expect(child.exitCode).toBe(1);
    expect(outcome.stderr).toMatch(/going/);
    expect(outcome.stderr).not.toMatch(/\n\s+at /);
    expect(await readFile(at('gone', 'skipped.jsonl'), 'utf8').catch(() => '')).toBe('');
    await rename(at('went'), at('going'));
    await succeed(...args);
    expect(await readRows(at('gone'))).toHaveLength(12);
  });
});

test('counts that nothing holds are options refused, with the largest that works', async () => {
  for (const [option, value] of [
    ['--samples', '1e12'],
    ['--selection', '1e9'],
    ['--k', '1e17'],
  ]) {
    const outcome = await run(...certify, option, value, '--out', at('too-many'));
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain(option);
    expect(outcome.stderr).toMatch(/at most|≤|between|\bto\b/);
  }
  expect(await readdir(at('too-many')).catch(() => [])).toEqual([]);
});
