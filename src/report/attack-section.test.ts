import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AttackManifest, AttackRow } from '../evaluate/attack-schema.ts';
import { encodePng } from '../image/index.ts';
import { checkHtml, rowWith } from './fixtures/check-html.ts';
import { exampleRun } from './fixtures/example.ts';
import { loadFolder } from './load.ts';
import { renderReport } from './report.ts';

const row = (query: string, norm: number | null, score: 0 | 1 = 1): AttackRow => ({
  query,
  label: 'a<b',
  predicted: score === 1 ? 'a<b' : 'c',
  score,
  holds: [0.5, 1].map((radius) => (score === 1 && !(norm !== null && norm <= radius) ? 1 : 0)),
  successes: score === 1 ? { cw: [0.5, 1].map((radius) => (norm !== null && norm <= radius ? 1 : 0)) } : {},
  smallest: norm === null ? null : { norm, attack: 'cw', predicted: 'c&d' },
  seconds: 1,
});
const manifest = {
  format: 'retrievalguard-attack',
  version: 1,
  options: {
    data: 'folder:x',
    system: 'base',
    sigma: null,
    attacks: ['cw'],
    radii: [0.5, 1],
    steps: 20,
    restarts: 1,
    clip: true,
    pixels: 'input',
    samples: 16,
    judgeSamples: 2000,
    alpha: 0.001,
    seed: 0,
    leaveOneOut: false,
    provider: 'cpu',
  },
  environment: { started: '2026-01-02T03:04:05Z' },
} as unknown as AttackManifest;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attack-report-'));
  await mkdir(join(folder, 'pictures'));
  const picture = await encodePng(new Float32Array(4).fill(0.5), 1, 2, 2);
  for (const role of ['original', 'perturbation', 'perturbed'])
    await writeFile(join(folder, 'pictures', `1-${role}.png`), picture);
  const first = row('one', 0.3);
  first.smallest!.pictures = {
    original: 'pictures/1-original.png',
    perturbation: 'pictures/1-perturbation.png',
    perturbed: 'pictures/1-perturbed.png',
    factor: 7,
  };
  const rows = [first, row('two', 0.8), row('three', null), row('four', null, 0)];
  await writeFile(join(folder, 'run.json'), JSON.stringify(manifest));
  await writeFile(join(folder, 'rows.jsonl'), rows.map((one) => `${JSON.stringify(one)}\n`).join(''));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('an attack: Recall under attack, shares broken, pictures; names are escaped', async () => {
  const page = await renderReport([await loadFolder(folder)]);
  checkHtml(page);
  expect(page).toContain('<h1>Image retrieval under attack</h1>');
  expect(rowWith(page, '"row">0.5<')).toContain('0.5 50.0% 33.3%');
  expect(rowWith(page, '"row">1<')).toContain('1 25.0% 66.7%');
  expect(page).toContain('change × 7');
  expect(page).toContain('c&amp;d');
  expect(page.match(/<img src="data:image\/png;base64,/g)).toHaveLength(3);
  expect(page).toContain('The attack has not ended');
});

test('beside a certified run, in one figure', async () => {
  const page = await renderReport([exampleRun(), await loadFolder(folder)]);
  checkHtml(page);
  expect(page).toContain('undefended encoder under attack');
  expect(page).toContain('certified by cdf');
});

test('norms in the pixels of files have a figure of their own, beside radii in these', async () => {
  const other = await mkdtemp(join(folder, 'file-'));
  await writeFile(
    join(other, 'run.json'),
    JSON.stringify({ ...manifest, options: { ...manifest.options, pixels: 'file' } }),
  );
  await writeFile(join(other, 'rows.jsonl'), `${JSON.stringify(row('one', null))}\n`);
  const page = await renderReport([exampleRun(), await loadFolder(folder), await loadFolder(other)]);
  checkHtml(page);
  const [input, file] = page.split('<figcaption>Share of all queries answered rightly after a change of ');
  expect(input).toContain('certified by cdf');
  // the certified run speaks of the model's input only
  expect(file).toContain('the model&#39;s input up to');
  expect(file).not.toContain('certified by cdf');
  expect(page).toContain('the pixels of the file, at its full size up to');
});

test('a damaged row is named', async () => {
  await writeFile(join(folder, 'rows.jsonl'), '{"query":"x"}\n');
  await expect(loadFolder(folder)).rejects.toMatchObject({ code: 'RUN_INVALID' });
});
