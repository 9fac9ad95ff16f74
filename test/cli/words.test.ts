/** What the command line says where a word is not known, where there is one of a thing, and where its output goes. */
import { readFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { run, start, succeed, temporary, writeDataset, writeMatchingEncoder } from './support.ts';

const at = temporary();
let certify: string[];

beforeAll(async () => {
  const model = await writeMatchingEncoder(at('model.onnx'));
  await writeDataset(at('items'), { perClass: 2, seed: 3 });
  const common = ['--data', at('items'), '--model', model, '--sigma', '0.25', '--threads', '1'];
  await succeed('index', common, '--samples', '16', '--out', at('gallery'));
  certify = ['certify', ...common, '--gallery', at('gallery'), '--samples', '100'];
  await succeed(certify, '--out', at('run'));
});

describe('a word that is not known', () => {
  test.each([
    [['sertify'], "unknown command 'sertify'", 'Did you mean certify?'],
    [['sertify', '--help'], "unknown command 'sertify'", 'Did you mean certify?'],
    [['help', 'sertify'], "unknown command 'sertify'", 'Did you mean certify?'],
    [['nonsense', '-h'], "unknown command 'nonsense'", ''],
    [['certify', '--sgma', '1'], "unknown option '--sgma'", 'Did you mean --sigma?'],
    [['train', '--loss', 'tripet'], "'tripet' is invalid", 'Did you mean triplet?'],
    [['certify', '--method', 'paper,cfd'], "got 'paper,cfd'", 'Did you mean cdf?'],
    [['attack', '--attack', 'serch'], "got 'serch'", 'Did you mean search?'],
  ])('%j', async (args, error, suggestion) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(error);
    expect(stderr).toContain(suggestion);
  });

  test('a known one with --help is no error', async () => {
    for (const args of [['--help'], ['help'], ['help', 'certify'], ['certify', '-h'], ['--version']])
      expect((await run(args)).code).toBe(0);
  });
});

test('one of a thing is not several', async () => {
  const { stdout, stderr } = await succeed(certify, '--limit', '1', '--out', at('one'));
  expect(stdout).toMatch(/^1 query\./);
  expect(stderr).toContain('on 1 thread');
  expect(stdout + stderr).not.toMatch(/\b1 (queries|images|items|threads|samples)\b/);
});

test('a training without held-out pictures has no empty epochs and no best one', async () => {
  const args = ['--data', at('items'), '--backbone', 'conv4', '--dim', '8', '--epochs', '1'];
  const { stderr } = await succeed(
    'train',
    args,
    '--batch',
    '8',
    '--images-per-class',
    '2',
    '--out',
    at('t'),
  );
  expect(stderr).toMatch(/^epoch 1: loss \d+\.\d{4}, [\d.]+ s$/m);
  expect(stderr).not.toMatch(/epoch 0|best|, *,/);
});

describe('a report', () => {
  test('names no absolute path', async () => {
    await succeed('report', at('run'), '--out', at('report.html'));
    const page = await readFile(at('report.html'), 'utf8');
    expect(page).toContain('folder:items');
    expect(page).not.toContain(at());
  });

  test.skipIf(process.platform === 'win32')('goes to standard output, and nothing else does', async () => {
    const whole = await readFile(at('report.html'), 'utf8');
    const { code, stdout } = await run('report', at('run'), '--out', '/dev/stdout');
    expect(code).toBe(0);
    expect(stdout).toBe(whole);
  });

  test.skipIf(process.platform !== 'linux')('on a full device ends with a sentence', async () => {
    const { code, stderr } = await run('report', at('run'), '--out', '/dev/full');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: OUTPUT_UNWRITABLE: .*no space left on device.*$/m);
    expect(stderr).not.toContain('    at ');
  });
});

test.skipIf(process.platform !== 'linux')(
  'output that goes nowhere ends a command without a stack',
  async () => {
    const { child, ended } = await start(['certify', '--help']);
    child.stdout!.destroy();
    const { code, stderr } = await ended;
    expect([code, stderr]).toEqual([0, '']);
    const { program } = { program: child.spawnargs.slice(0, 2) };
    const full = spawnSync('sh', ['-c', '"$@" certify --help > /dev/full', 'sh', ...program], {
      encoding: 'utf8',
    });
    expect(full.status).toBe(1);
    expect(full.stderr).toBe('error: standard output cannot be written: ENOSPC\n');
  },
);
