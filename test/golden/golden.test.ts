/**
 * The rows of every kind of run, as they were recorded: work on the structure of the program changes none of them.
 *
 * Certificates of `certify` and `study` are compared to 12 digits, of which the last depend on the
 * version of Node's logarithm alone: their encoder answers with vectors of few values, so that no order of
 * summation and no vector unit of a processor can change a row. What follows gradients (`attack`, `audit`, `train`) is compared to what single
 * precision leaves of it. Where a change of rows is meant: GOLDEN=write npx vitest run test/golden, and say why in the commit.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { TRAINING_FILES } from '../../src/training/run/files.ts';
import {
  PIXELS,
  succeed,
  temporary,
  writeDataset,
  writeEncoder,
  writeMatchingEncoder,
} from '../cli/support.ts';
import { Random } from '../helpers/random.ts';

const at = temporary();
const RECORDED = fileURLToPath(new URL('rows', import.meta.url));
const WRITE = process.env.GOLDEN === 'write';

const EXACT = 1e-12;
const EVERY = 'paper,bisector,cdf,vote,duel';

/** What a clock or a path decides. */
const UNCERTAIN = new Set(['seconds', 'environment', 'evidence', 'pictures', 'imagesPerSecond']);

async function linesOf(file: string): Promise<unknown[]> {
  const text = await readFile(file, 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line, (key, value: unknown) => (UNCERTAIN.has(key) ? undefined : value)));
}

/** Where the lines of a run are not those that were recorded, numbers within `tolerance` of their size. */
async function differencesTo(name: string, file: string, tolerance: number): Promise<string[]> {
  const found = await linesOf(file);
  const recorded = join(RECORDED, `${name}.jsonl`);
  if (WRITE) {
    await mkdir(RECORDED, { recursive: true });
    await writeFile(recorded, found.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }
  return differences(found, await linesOf(recorded), tolerance);
}

/** Paths at which two values differ: numbers by more than the tolerance, in shares of the larger one or of 1. */
function differences(found: unknown, wanted: unknown, tolerance: number, path = ''): string[] {
  if (typeof found === 'number' && typeof wanted === 'number') {
    const near = Math.abs(found - wanted) <= tolerance * Math.max(1, Math.abs(found), Math.abs(wanted));
    return near ? [] : [`${path}: ${found} instead of ${wanted}`];
  }
  if (typeof found !== 'object' || typeof wanted !== 'object' || found === null || wanted === null)
    return found === wanted ? [] : [`${path}: ${String(found)} instead of ${String(wanted)}`];
  return [...new Set([...Object.keys(found), ...Object.keys(wanted)])].flatMap((key) =>
    differences(
      (found as Record<string, unknown>)[key],
      (wanted as Record<string, unknown>)[key],
      tolerance,
      `${path}/${key}`,
    ),
  );
}

beforeAll(async () => {
  await writeDataset(at('items'), { perClass: 5, seed: 11 });
  await writeDataset(at('queries'), { perClass: 3, seed: 12 });
  const random = new Random(13);
  // the signs of six linear forms: 64 vectors in all
  const forms = Float32Array.from({ length: PIXELS * 6 }, () => random.normal() / Math.sqrt(PIXELS));
  const half = Float32Array.from({ length: 6 }, (_, form) => {
    let sum = 0;
    for (let i = 0; i < PIXELS; i++) sum += 0.5 * forms[i * 6 + form];
    return -sum;
  });
  await writeEncoder(at('signs', 'model.onnx'), 6, (g, flat) => {
    const value = g.op('Gemm', [flat, g.constant(forms, [PIXELS, 6]), g.constant(half)]);
    const above = g.op('GreaterOrEqual', [value, g.float32(0)]);
    return g.op('Where', [above, g.float32(0.5), g.float32(-0.5)]);
  });
  await writeMatchingEncoder(at('smooth', 'model.onnx'));
  const index = ['index', '--data', `folder:${at('items')}`, '--sigma', '0.25', '--samples', '64', '--quiet'];
  await succeed([...index, '--model', at('signs'), '--out', at('gallery')]);
  await succeed([...index, '--model', at('smooth'), '--out', at('smooth-gallery')]);
});

const certify = (...more: string[]): string[] =>
  ['certify', '--data', `folder:${at('queries')}`, '--sigma', '0.25', '--samples', '1500'].concat(
    ['--selection', '128', '--quiet'],
    more,
  );

test('certify: every method, the gallery as it is and as an estimate, Recall@k, early stopping, shared noise', async () => {
  const common = ['--model', at('signs'), '--gallery', at('gallery')];
  const kinds: Record<string, string[]> = {
    certify: ['--method', EVERY],
    'certify-estimated': ['--gallery-setting', 'estimated', '--method', 'paper'],
    'certify-k': ['--k', '2', '--method', 'paper,bisector,cdf'],
    'certify-target': ['--method', EVERY, '--target-radius', '0.05', '--samples', '4000'],
    'certify-shared': ['--method', EVERY, '--share-noise', '--seed', '3'],
  };
  for (const [name, options] of Object.entries(kinds)) {
    await succeed([...certify(...common, ...options), '--out', at(name)]);
    expect(await differencesTo(name, at(name, 'rows.jsonl'), EXACT)).toEqual([]);
  }
});

test('study', async () => {
  await writeFile(
    at('study.yaml'),
    [
      `models: { signs: { folder: ${at('signs')} } }`,
      'sigmas: [0.25]',
      `methods: [${EVERY}]`,
      'gallery: { samples: 32 }',
      'sampling: { selection: 64, counts: [200, 1000], alphas: [0.01] }',
      'ks: [1, 2]',
      '',
    ].join('\n'),
  );
  await succeed([
    'study',
    at('study.yaml'),
    '--data',
    `folder:${at('items')}`,
    '--out',
    at('study'),
    '--quiet',
  ]);
  expect(await differencesTo('study', at('study', 'runs', 'signs-at-0.25', 'rows.jsonl'), EXACT)).toEqual([]);
});

test('attack and audit', async () => {
  const model = ['--model', at('smooth'), '--gallery', at('smooth-gallery'), '--quiet'];
  const attack = [
    'attack',
    '--data',
    `folder:${at('queries')}`,
    '--radius',
    '0.2,1',
    '--steps',
    '6',
    ...model,
  ];
  await succeed([...attack, '--attack', 'pgd,cw,search', '--out', at('attack')]);
  expect(await differencesTo('attack', at('attack', 'rows.jsonl'), 1e-3)).toEqual([]);
  await succeed([...attack, '--system', 'mean', '--sigma', '0.25', '--out', at('attack-mean')]);
  expect(await differencesTo('attack-mean', at('attack-mean', 'rows.jsonl'), 1e-3)).toEqual([]);
  const audited = ['--method', EVERY, '--samples', '400', '--out', at('audited')];
  await succeed([...certify(...model.slice(0, -1)), ...audited]);
  const audit = [
    'audit',
    at('audited'),
    '--steps',
    '4',
    '--judge-samples',
    '300',
    '--quiet',
    '--out',
    at('audit'),
  ];
  await succeed(audit);
  expect(await differencesTo('audit', at('audit', 'rows.jsonl'), 1e-3)).toEqual([]);
});

test('train', async () => {
  const data = ['--data', `folder:${at('items')}`, '--val', `folder:${at('queries')}`];
  const size = ['--width', '16', '--height', '16', '--dim', '8', '--batch', '8', '--images-per-class', '2'];
  await succeed([
    'train',
    ...data,
    ...size,
    '--sigma',
    '0.25',
    '--epochs',
    '3',
    '--quiet',
    '--out',
    at('trained'),
  ]);
  expect(
    await differencesTo('train', at('trained', TRAINING_FILES.folder, TRAINING_FILES.metrics), 0.1),
  ).toEqual([]);
});
