import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { RunManifest } from '../../src/evaluate/index.ts';
import {
  type Outcome,
  readRows,
  readSummary,
  run,
  succeed,
  temporary,
  writeDataset,
  writeEncoder,
  writeMatchingEncoder,
} from './support.ts';

const at = temporary();
let model: string;
let certify: string[];

/** Options that make a certification short. */
const SHORT = ['--sigma', '0.25', '--samples', '100', '--selection', '50', '--threads', '1', '--quiet'];

beforeAll(async () => {
  model = await writeMatchingEncoder(at('model', 'model.onnx'));
  await writeDataset(at('items'), { perClass: 2, seed: 5 });
  await succeed(
    ['index', '--data', at('items'), '--model', model, '--sigma', '0.25', '--samples', '16'],
    ['--out', at('gallery'), '--threads', '1', '--quiet'],
  );
  certify = ['certify', '--data', at('items'), '--gallery', at('gallery'), '--model', model, ...SHORT];
});

/** What is wrong with a failure: it should be one line with its code and every part, no output, no stack trace, exit code 1. */
function faults({ code, stdout, stderr }: Outcome, ...parts: string[]): string[] {
  const error = stderr.split('\n').find((line) => line.startsWith('error: ')) ?? '';
  const wrong = parts.filter((part) => !error.includes(part)).map((part) => `'${part}' is not in: ${stderr}`);
  if (code !== 1) wrong.push(`exit code ${code}`);
  if (stdout !== '') wrong.push(`output: ${stdout}`);
  if (/^ +at /m.test(stderr)) wrong.push(`a stack trace: ${stderr}`);
  return wrong;
}

describe.concurrent('a wrong command line ends with 2 and names what is wrong', () => {
  const good = ['certify', '--data', 'x', '--gallery', 'x', '--model', 'x', '--out', 'x'];
  test.each<[string, string[], string[]]>([
    ['an unknown option', [...good, '--sigma', '1', '--bogus', '3'], ["unknown option '--bogus'"]],
    ['an unknown command', ['frobnicate'], ["unknown command 'frobnicate'"]],
    ['a stray argument', [...good, '--sigma', '1', 'stray'], ['too many arguments']],
    ['no --sigma', good, ["required option '--sigma <s>' not specified"]],
    ['sigma 0', [...good, '--sigma', '0'], ['--sigma <s>', 'Expected a number > 0; got 0.']],
    ['sigma < 0', [...good, '--sigma', '-0.5'], ['Expected a number > 0; got -0.5.']],
    ['alpha 0', [...good, '--sigma', '1', '--alpha', '0'], ['--alpha <a>', 'between 0 and 1', 'got 0.']],
    ['alpha 1', [...good, '--sigma', '1', '--alpha', '1'], ['--alpha <a>', 'got 1.']],
    [
      'an unknown method',
      [...good, '--sigma', '1', '--method', 'cdf,magic'],
      ["Expected some of paper, bisector, cdf, vote, duel; got 'cdf,magic'."],
    ],
    [
      'half an image',
      [...good, '--sigma', '1', '--limit', '1.5'],
      ['an integer from 1 to 2,147,483,647; got 1.5.'],
    ],
    [
      'a time of nothing',
      [...good, '--sigma', '1', '--target-radius', '1', '--time-budget', '0'],
      ['--time-budget <seconds>', 'Expected a number > 0; got 0.'],
    ],
  ])('%s', async (_, args, parts) => {
    const { code, stdout, stderr } = await run(...args);
    for (const part of parts) expect(stderr).toContain(part);
    expect(stderr).toContain('(run with --help for the options)');
    expect(code).toBe(2);
    expect(stdout).toBe('');
  });
});

describe('pictures that cannot be read', () => {
  beforeAll(async () => {
    await cp(at('items'), at('damaged'), { recursive: true });
    const good = await readFile(at('items', 'ant', '0.png'));
    await writeFile(at('damaged', 'bee', 'corrupt.png'), 'this is no picture');
    await writeFile(at('damaged', 'cat', 'truncated.png'), good.subarray(0, good.length - 40));
    await writeFile(at('damaged', 'dog', 'empty.png'), '');
  });

  test('are left out of a run with a warning each, and counted', async () => {
    const { stderr } = await succeed(...certify, '--data', at('damaged'), '--out', at('damaged-run'));
    const names = ['bee/corrupt.png', 'cat/truncated.png', 'dog/empty.png'];
    for (const name of names) expect(stderr).toContain(`warning: left out ${name}: IMAGE_UNREADABLE`);
    expect(stderr).toContain('warning: 3 images could not be read and were left out');
    expect(await readSummary(at('damaged-run'))).toMatchObject({ queries: 8, skipped: 3 });
    const skipped = await readFile(at('damaged-run', 'skipped.jsonl'), 'utf8');
    const lines = skipped
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toEqual(
      names.map((query) => ({ query, error: expect.stringContaining('IMAGE_UNREADABLE') as string })),
    );
    // again: nothing left to do but those
    await succeed(...certify, '--data', at('damaged'), '--out', at('damaged-run'));
    expect(await readSummary(at('damaged-run'))).toMatchObject({ queries: 8, skipped: 3 });
    expect(await readFile(at('damaged-run', 'skipped.jsonl'), 'utf8')).toBe(skipped);
  });

  test('are left out of a gallery', async () => {
    const { stdout, stderr } = await succeed(
      ['index', '--data', at('damaged'), '--model', model, '--samples', '0', '--out', at('damaged-gallery')],
      ['--quiet', '--threads', '1', '--json'],
    );
    expect(stderr).toContain('3 of 11 images could not be read or embedded and were left out');
    expect(JSON.parse(stdout)).toMatchObject({ items: 8, skipped: 3, sigma: 0, samples: 0 });
  });

  test('stop the run with --strict', async () => {
    const outcome = await run(...certify, '--data', at('damaged'), '--strict', '--out', at('strict-run'));
    expect(faults(outcome, 'IMAGE_UNREADABLE', 'corrupt.png')).toEqual([]);
  });

  test('are an error when there are no others, or when they are the query', async () => {
    await mkdir(at('hopeless', 'ant'), { recursive: true });
    await writeFile(at('hopeless', 'ant', 'corrupt.png'), 'this is no picture');
    const args = ['--data', at('hopeless'), '--out', at('hopeless-run')];
    expect(faults(await run(...certify, ...args), 'DATASET_EMPTY', 'none of which could be read')).toEqual(
      [],
    );
    const picture = at('hopeless', 'ant', 'corrupt.png');
    const query = ['query', picture, '--gallery', at('gallery'), '--model', model, '--threads', '1'];
    expect(faults(await run(...query), 'IMAGE_UNREADABLE', 'corrupt.png')).toEqual([]);
  });
});

describe('datasets', () => {
  test('without images or of one class are refused', async () => {
    await mkdir(at('empty', 'ant'), { recursive: true });
    expect(
      faults(await run(...certify, '--data', at('empty'), '--out', at('r1')), 'DATASET_EMPTY', at('empty')),
    ).toEqual([]);
    await writeDataset(at('ants'), { perClass: 3, seed: 6, classes: ['ant'] });
    const index = ['index', '--data', at('ants'), '--model', model, '--samples', '0', '--threads', '1'];
    expect(faults(await run(...index, '--out', at('g1')), 'DATASET_LABELS', "got one ('ant')")).toEqual([]);
  });

  test('with a label that the gallery lacks are counted: such queries score 0', async () => {
    await writeDataset(at('three'), { perClass: 2, seed: 5, classes: ['ant', 'bee', 'cat'] });
    await succeed(
      ['index', '--data', at('three'), '--model', model, '--samples', '0', '--out', at('three-gallery')],
      ['--threads', '1', '--quiet'],
    );
    const args = ['--gallery', at('three-gallery'), '--out', at('without')];
    const { stderr } = await succeed(...certify, ...args);
    expect(stderr).toContain('warning: 2 queries have a label that no gallery item has: they score 0');
    expect(await readSummary(at('without'))).toMatchObject({ queries: 8, withoutPositive: 2 });
    for (const row of await readRows(at('without'))) {
      expect(row.hasPositive).toBe(row.label !== 'dog');
      if (row.label === 'dog') expect([row.score, row.base.score, row.duel?.score]).toEqual([0, 0, 0]);
    }
  });
});

describe('models and galleries', () => {
  const index = (...args: string[]) =>
    run('index', '--data', at('items'), '--sigma', '0.25', '--samples', '2', '--threads', '1', ...args);

  test('a model that is missing or takes no pictures', async () => {
    const missing = at('nowhere.onnx');
    expect(faults(await index('--model', missing, '--out', at('g2')), 'MODEL_NOT_FOUND', missing)).toEqual(
      [],
    );
    const text = at('text.onnx');
    await writeFile(text, 'this is no model');
    expect(faults(await index('--model', text, '--out', at('g2')), 'ONNX_INVALID', text)).toEqual([]);
  });

  test('a gallery of another model, sigma or preprocessing is refused', async () => {
    const other = await writeMatchingEncoder(at('other.onnx'), 2);
    const asked = [...certify, '--out', at('never')];
    expect(faults(await run(...asked, '--model', other), 'GALLERY_MISMATCH', 'made by this model')).toEqual(
      [],
    );
    const sigma = await run(...asked, '--sigma', '0.5');
    expect(faults(sigma, 'GALLERY_MISMATCH', 'smoothed with sigma 0.5; got sigma 0.25')).toEqual([]);
    expect(faults(await run(...asked, '--mean', '0.5'), 'GALLERY_MISMATCH', 'this preprocessing')).toEqual(
      [],
    );
    const wide = await writeEncoder(at('wide.onnx'), 192, (g, flat) => g.op('Relu', [flat]));
    const dimension = await run(...asked, '--model', wide);
    expect(
      faults(dimension, 'GALLERY_MISMATCH', 'a gallery of 192-dimensional vectors; got 4 dimensions'),
    ).toEqual([]);
    await expect(readFile(at('never', 'run.json'))).rejects.toThrow('ENOENT');
  });

  test('a gallery that is missing, or that was damaged', async () => {
    const asked = [...certify, '--out', at('never')];
    expect(faults(await run(...asked, '--gallery', at('nope')), 'GALLERY_INVALID', 'no such file')).toEqual(
      [],
    );
    await cp(at('gallery'), at('damaged-vectors'), { recursive: true });
    const bytes = await readFile(at('gallery', 'vectors.npy'));
    bytes[bytes.length - 1] ^= 1;
    await writeFile(at('damaged-vectors', 'vectors.npy'), bytes);
    const outcome = await run(...asked, '--gallery', at('damaged-vectors'));
    expect(faults(outcome, 'GALLERY_INVALID', 'vectors.npy', 'SHA-256')).toEqual([]);
  });

  test('neither a gallery nor --leave-one-out; a smoothed gallery without sigma', async () => {
    const outcome = await run(
      'certify',
      '--data',
      at('items'),
      '--model',
      model,
      ...SHORT,
      '--out',
      at('r2'),
    );
    expect(faults(outcome, 'OPTION_INVALID', '--gallery FOLDER or --leave-one-out; got neither')).toEqual([]);
    const noSigma = await run('index', '--data', at('items'), '--model', model, '--out', at('g3'));
    expect(faults(noSigma, 'OPTION_INVALID', '--sigma for a smoothed gallery')).toEqual([]);
  });

  test('an existing gallery is kept unless --overwrite, and told before any work', async () => {
    const before = await readFile(at('gallery', 'vectors.npy'));
    const outcome = await index('--model', model, '--out', at('gallery'));
    expect(faults(outcome, 'OUTPUT_UNWRITABLE', 'not to exist yet; got a gallery', '--overwrite')).toEqual(
      [],
    );
    expect(outcome.stderr).not.toContain('index: ');
    expect(await readFile(at('gallery', 'vectors.npy'))).toEqual(before);
    await cp(at('gallery'), at('replaced'), { recursive: true });
    expect((await index('--model', model, '--out', at('replaced'), '--overwrite')).code).toBe(0);
    expect(await readFile(at('replaced', 'vectors.npy'))).not.toEqual(before);
    // a folder that is no gallery is never replaced
    const foreign = await index('--model', model, '--out', at('items'), '--overwrite');
    expect(faults(foreign, 'OUTPUT_UNWRITABLE', "other files ('ant')")).toEqual([]);
  });
});

describe('runs', () => {
  test('too few samples for any certificate', async () => {
    const outcome = await run(...certify, '--samples', '9', '--out', at('few'));
    expect(
      faults(outcome, 'SAMPLES_TOO_FEW', '--samples of at least 10 with --alpha 0.001; got --samples 9'),
    ).toEqual([]);
    // with 10 the vote of ten of ten is enough
    await succeed(...certify, '--samples', '10', '--method', 'vote', '--limit', '4', '--out', at('enough'));
    const radii = (await readRows(at('enough'))).map(({ methods }) => methods.vote!.radius);
    expect(Math.max(...radii)).toBeGreaterThan(0);
  });

  test('an output that cannot be written', async () => {
    const below = join(model, 'below'); // a folder in a file
    expect(faults(await run(...certify, '--out', below), 'OUTPUT_UNWRITABLE', below)).toEqual([]);
    const index = ['index', '--data', at('items'), '--model', model, '--samples', '0', '--threads', '1'];
    expect(faults(await run(...index, '--out', below), 'OUTPUT_UNWRITABLE', below)).toEqual([]);
  });

  test('an existing run goes on only with the same options, and only if it can be read', async () => {
    const asked = [...certify, '--limit', '4', '--out', at('begun')];
    await succeed(...asked);
    const rows = await readFile(at('begun', 'rows.jsonl'), 'utf8');
    const changed = await run(...asked, '--alpha', '0.01', '--method', 'cdf');
    expect(
      faults(
        changed,
        'RUN_MISMATCH',
        'alpha: 0.001 there, 0.01 now',
        'methods: ["paper","cdf","duel"] there, ["cdf"] now',
      ),
    ).toEqual([]);
    expect(changed.stderr).not.toContain('sigma:');
    expect(await readFile(at('begun', 'rows.jsonl'), 'utf8')).toBe(rows);
    const report = await run('report', at('begun'), '--out', join(model, 'report.html'));
    expect(faults(report, 'OUTPUT_UNWRITABLE', 'report.html')).toEqual([]);

    await writeFile(at('begun', 'run.json'), '{ "format": "retrievalguard-run", "ver');
    expect(faults(await run(...asked), 'RUN_INVALID', at('begun', 'run.json'))).toEqual([]);
    expect(
      faults(await run('report', at('begun'), '--out', at('report.html')), 'RUN_INVALID', 'run.json'),
    ).toEqual([]);
    expect(await readFile(at('begun', 'rows.jsonl'), 'utf8')).toBe(rows);
  });

  test('other options leave the gallery that a leave-one-out run keeps as it is', async () => {
    const asked = ['certify', '--data', at('items'), '--leave-one-out', '--model', model, ...SHORT];
    const own = [...asked, '--gallery-samples', '16', '--out', at('own')];
    await succeed(...own);
    const manifest = await readFile(at('own', 'gallery', 'gallery.json'), 'utf8');
    expect(faults(await run(...own, '--sigma', '0.5'), 'RUN_MISMATCH', 'sigma: 0.25 there, 0.5 now')).toEqual(
      [],
    );
    const samples = await run(...own, '--gallery-samples', '32');
    expect(faults(samples, 'RUN_MISMATCH', 'gallerySamples: 16 there, 32 now')).toEqual([]);
    expect(await readFile(at('own', 'gallery', 'gallery.json'), 'utf8')).toBe(manifest);
    await succeed(...own);
  });

  test('a k beyond the gallery does not begin a run', async () => {
    const asked = [...certify, '--limit', '2', '--out', at('large-k')];
    expect(faults(await run(...asked, '--k', '7'), 'OPTION_INVALID', 'k of at most 6', 'got k = 7')).toEqual(
      [],
    );
    await succeed(...asked, '--k', '6');
    const { options } = JSON.parse(await readFile(at('large-k', 'run.json'), 'utf8')) as RunManifest;
    expect(options.k).toBe(6);
  });
});
