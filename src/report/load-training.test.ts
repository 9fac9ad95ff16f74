import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TrainingManifest } from '../training/index.ts';
import { exampleManifest, exampleRow } from './fixtures/example.ts';
import { exampleHistory, exampleTrainingManifest } from './fixtures/example-training.ts';
import { loadFolder } from './load.ts';
import { loadTraining } from './load.ts';
import { isTraining, keptEpoch } from './types.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'training-report-'));
});
afterAll(() => rm(root, { recursive: true }));

const lines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const manifestWith = (change: Partial<TrainingManifest['configuration']>): string => {
  const manifest = exampleTrainingManifest();
  return JSON.stringify({ ...manifest, configuration: { ...manifest.configuration, ...change } });
};

let places = 0;
/** A model folder with a complete training, some files replaced or (null) left out. */
async function place(files: Record<string, string | null> = {}): Promise<string> {
  const folder = join(root, `model-${places++}`);
  await mkdir(join(folder, 'training'), { recursive: true });
  const all = {
    'run.json': JSON.stringify(exampleTrainingManifest()),
    'metrics.jsonl': lines(exampleHistory()),
    ...files,
  };
  for (const [name, text] of Object.entries(all))
    if (text !== null) await writeFile(join(folder, 'training', name), text);
  return folder;
}

test('a complete training, by its model folder or its own', async () => {
  const folder = await place();
  const training = await loadTraining(folder);
  expect(training).toEqual({
    name: 'model-0',
    folder,
    manifest: exampleTrainingManifest(),
    history: exampleHistory(),
    notes: [],
  });
  expect(keptEpoch(training)?.epoch).toBe(3);
  const inside = join(folder, 'training');
  expect(await loadTraining(inside)).toEqual({ ...training, folder: inside });
});

test('settings of later versions are kept', async () => {
  const training = await loadTraining(await place({ 'run.json': manifestWith({ extra: 3 } as object) }));
  expect(training.manifest.configuration).toMatchObject({ extra: 3 });
});

test('a statistic that was not a number is one that is not a number', async () => {
  const text = lines(exampleHistory()).replaceAll('"positiveDistance":0.6', '"positiveDistance":null');
  const { history } = await loadTraining(await place({ 'metrics.jsonl': text }));
  expect(history[1].training?.positiveDistance).toBeNaN();
});

test.each([
  ['its first epoch runs', { 'metrics.jsonl': null }, 'No epoch of the training is finished yet.'],
  [
    'epochs are missing',
    { 'metrics.jsonl': lines(exampleHistory().slice(0, 3)) },
    'The training has not ended: 2 of 4 epochs are finished.',
  ],
  [
    'the last line was cut off',
    { 'metrics.jsonl': lines(exampleHistory()).slice(0, -20) },
    'The last line of metrics.jsonl was cut off and is left out.',
  ],
  [
    'patience is not at its end',
    { 'run.json': manifestWith({ epochs: 9, patience: 2 }) },
    'The training has not ended: 4 of 9 epochs are finished.',
  ],
])('tells when %s', async (_, files, told) => {
  expect((await loadTraining(await place(files))).notes[0]).toBe(told);
});

test('a training that ended early for want of improvement has ended', async () => {
  const folder = await place({ 'run.json': manifestWith({ epochs: 9, patience: 1 }) });
  expect((await loadTraining(folder)).notes).toEqual([]);
});

test.each([
  ['another format', { 'run.json': '{"format": "other"}' }, "'format'"],
  ['a manifest cut off', { 'run.json': '{"format": "retr' }, 'run.json to be JSON'],
  ['a wrong setting', { 'run.json': manifestWith({ sigma: -1 }) }, "'configuration.sigma'"],
  ['a wrong loss', { 'run.json': manifestWith({ loss: 'margin' as never }) }, "'configuration.loss'"],
  [
    'a share above 1',
    { 'metrics.jsonl': lines(exampleHistory()).replace('"recallAt1":0.5', '"recallAt1":1.5') },
    "'clean.recallAt1'",
  ],
  ['a broken line inside', { 'metrics.jsonl': `{"epoch": \n${lines(exampleHistory())}` }, 'line 1 of'],
  ['a missing epoch', { 'metrics.jsonl': lines(exampleHistory().toSpliced(2, 1)) }, 'got epoch 3'],
])('refuses %s', async (_, files, told) => {
  await expect(loadTraining(await place(files))).rejects.toThrow(
    expect.objectContaining({ code: 'RUN_INVALID', message: expect.stringContaining(told) }),
  );
});

test('either kind of folder; one that is neither is refused', async () => {
  const run = join(root, 'run');
  await mkdir(run);
  await writeFile(join(run, 'run.json'), JSON.stringify(exampleManifest()));
  await writeFile(join(run, 'rows.jsonl'), lines([exampleRow('a', 0.1)]));
  expect(isTraining(await loadFolder(run))).toBe(false);
  const model = await place();
  expect(isTraining(await loadFolder(model))).toBe(true);
  expect(isTraining(await loadFolder(join(model, 'training')))).toBe(true);
  for (const folder of [root, join(root, 'nowhere'), join(run, 'run.json')]) {
    await expect(loadFolder(folder)).rejects.toThrow(
      expect.objectContaining({
        code: 'RUN_INVALID',
        got: 'no run.json and no training/run.json in it',
      }),
    );
  }
});
