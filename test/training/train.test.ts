/** Whole trainings on a small dataset, through the command line. */
import { cp, readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { openEncoder } from '../../src/encoder/index.ts';
import { readModel } from '../../src/onnx/index.ts';
import { type EpochRow, retrievalMetrics } from '../../src/training/index.ts';
import { loadImage } from '../../src/image/index.ts';
import { openDataset } from '../../src/datasets/index.ts';
import { run, start, succeed, temporary, writeEncoder } from '../cli/support.ts';
import { SHAPE_SIDE, writeShapes } from './shapes.ts';

const at = temporary();
let common: string[];

beforeAll(async () => {
  await writeShapes(at('train'), { first: 0, classes: 16, perClass: 8 });
  await writeShapes(at('held-out'), { first: 16, classes: 8, perClass: 6 });
  common = [
    ['train', '--data', at('train'), '--val', at('held-out'), '--backbone', 'conv4'],
    ['--height', String(SHAPE_SIDE), '--width', String(SHAPE_SIDE), '--sigma', '0.1', '--dim', '16'],
    ['--batch', '32', '--schedule', 'constant', '--threads', '1'],
  ].flat();
});

async function metrics(folder: string): Promise<EpochRow[]> {
  const text = await readFile(at(folder, 'training', 'metrics.jsonl'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as EpochRow);
}

/** Rows without what a clock decides. */
const untimed = (rows: readonly EpochRow[]) =>
  rows.map(({ seconds: _seconds, imagesPerSecond: _rate, ...row }) => row);

describe('a training', () => {
  beforeAll(() => succeed(common, '--epochs', '5', '--out', at('whole')));

  test('makes an encoder that retrieves new classes better than at the start', async () => {
    const rows = await metrics('whole');
    expect(rows.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4, 5]);
    const scores = rows.map(({ noisy }) => noisy!.recallAt1);
    const best = Math.max(...scores.slice(1));
    expect(best).toBeGreaterThan(scores[0] + 0.1);
    expect(rows.findLast((row) => row.best)?.noisy?.recallAt1).toBe(best);
    expect(rows[5].training!.loss).toBeLessThan(rows[1].training!.loss);
  });

  test('writes the best model in the layout of every other command, as a plain network', async () => {
    const kept = (await metrics('whole')).findLast((row) => row.best)!;
    const encoder = await openEncoder(at('whole'));
    expect(encoder.info.trainedWith).toMatchObject({ sigma: 0.1, epoch: kept.epoch, loss: 'margin' });
    expect(encoder.info.dimension).toBe(16);
    // judged again, from the files, one picture at a time
    const dataset = await openDataset(at('held-out'));
    const rows = new Float32Array(dataset.items.length * 16);
    for (const [i, { path }] of dataset.items.entries())
      rows.set(await encoder.embed(await loadImage(path!, encoder.info.preprocessing), 1), i * 16);
    await encoder.release();
    const labels = Int32Array.from(dataset.items, ({ label }) => dataset.labels.indexOf(label));
    const found = await retrievalMetrics(rows, labels, 16);
    expect(found.recallAt1).toBeCloseTo(kept.clean!.recallAt1, 6);
    expect(found.mapAtR).toBeCloseTo(kept.clean!.mapAtR, 4);
    const { graph } = readModel(await readFile(at('whole', 'model.onnx')));
    const kinds = new Set(graph!.node.map(({ opType }) => opType));
    expect([...kinds].filter((kind) => /^Reduce(Mean|Sum)|BatchNorm|Sqrt/.test(kind))).toEqual([]);
  });

  test.each<[string, string, string[]]>([
    ['a model that was not trained there', 'OUTPUT_UNWRITABLE', ['training']],
    ['a checkpoint without its run.json', 'RUN_INVALID', ['training/run.json']],
    ['metrics without their checkpoint', 'RUN_INVALID', ['training/checkpoint.safetensors']],
    ['a finished training without its model', 'RUN_INVALID', ['model.onnx']],
  ])('%s: nothing is trained over it', async (what, code, missing) => {
    const folder = what.replaceAll(' ', '-');
    await cp(at('whole'), at(folder), { recursive: true });
    for (const name of missing) await rm(at(folder, name), { recursive: true });
    const outcome = await run(common, '--epochs', '5', '--out', at(folder));
    expect(outcome).toMatchObject({ code: 1, stderr: expect.stringContaining(code) });
  });

  test('the metrics of a finished training are written anew from its checkpoint', async () => {
    await cp(at('whole'), at('unmeasured'), { recursive: true });
    await rm(at('unmeasured', 'training', 'metrics.jsonl'));
    await succeed(common, '--epochs', '5', '--out', at('unmeasured'));
    expect(await metrics('unmeasured')).toEqual(await metrics('whole'));
  });

  test('killed and resumed ends with the same bits', async () => {
    const args = [...common, '--epochs', '5', '--out', at('killed')];
    for (const epochs of [0, 1, 3]) {
      const { child, ended } = await start(args);
      let running = true;
      void ended.then(() => (running = false));
      const done = async () => (await metrics('killed').catch(() => [])).length > epochs;
      while (running && !(await done())) await sleep(5);
      child.kill('SIGKILL');
      await ended;
    }
    await succeed(args, '--resume');
    expect(untimed(await metrics('killed'))).toEqual(untimed(await metrics('whole')));
    expect(
      (await readFile(at('killed', 'model.onnx'))).equals(await readFile(at('whole', 'model.onnx'))),
    ).toBe(true);
    const checkpoints = await Promise.all(
      ['killed', 'whole'].map(async (name) => {
        const bytes = await readFile(at(name, 'training', 'checkpoint.safetensors'));
        return bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)));
      }),
    );
    expect(checkpoints[0].equals(checkpoints[1])).toBe(true);
  });

  test('is certified by the other commands', async () => {
    const { stdout } = await succeed(
      ['certify', '--data', at('held-out'), '--limit', '12', '--leave-one-out', '--model', at('whole')],
      ['--sigma', '0.1', '--samples', '500', '--gallery-samples', '16', '--out', at('run'), '--json'],
    );
    const summary = JSON.parse(stdout) as { methods: Record<string, { meanRadius: number }> };
    expect(summary.methods.cdf.meanRadius).toBeGreaterThan(0);
  });

  test('that was begun refuses other options and goes on for more epochs', async () => {
    const other = await run(common, '--epochs', '5', '--lr', '0.01', '--out', at('whole'));
    expect(other.code).toBe(1);
    expect(other.stderr).toContain('RUN_MISMATCH');
    expect(other.stderr).toContain('learningRate: 0.001 there, 0.01 now');
    const { stdout } = await succeed(common, '--epochs', '6', '--out', at('whole'), '--json');
    expect((JSON.parse(stdout) as { history: unknown[] }).history).toHaveLength(7);
  });
});

describe('training tells', () => {
  test('a loss that is not finite, and what to do', async () => {
    const wild = ['--optimizer', 'sgd', '--lr', '1e38', '--weight-decay', '0'];
    const { code, stderr } = await run(common, ...wild, '--epochs', '2', '--out', at('wild'));
    expect(code).toBe(1);
    expect(stderr).toContain('TRAINING_FAILED');
    expect(stderr).toContain('Lower the learning rate');
  });

  test('embeddings that collapse', async () => {
    // a backbone that looks at nothing: its features, and so the embeddings, are the same for all pictures
    await writeEncoder(
      at('blind.onnx'),
      4,
      (g, flat) => {
        const weight = g.constant(new Float32Array(3 * SHAPE_SIDE ** 2 * 4).fill(1e-30), [
          3 * SHAPE_SIDE ** 2,
          4,
        ]);
        return g.op('Add', [g.op('MatMul', [flat, weight]), g.float32([1, 2, 3, 4])]);
      },
      SHAPE_SIDE,
    );
    const blind = common.map((word) => (word === 'conv4' ? at('blind.onnx') : word));
    const { code, stderr } = await run(blind, [
      '--augment',
      'none',
      '--lr',
      '1e-12',
      '--epochs',
      '5',
      '--out',
      at('collapsed'),
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('the embeddings have collapsed');
  });

  test.each([
    [['--batch', '30'], 'a --batch that is a multiple of --images-per-class 4'],
    [['--batch', '80'], 'at least 20 classes with pictures'],
    [['--loss-option', 'delta=1'], 'an option of the margin loss'],
    [['--backbone', 'conv5'], 'a backbone among conv4, resnet18, resnet50'],
    [['--freeze', 'conv9'], "'conv9', which the graph lacks"],
    [['--resume'], 'a training that was begun'],
    [['--out', '/proc/nowhere'], 'OUTPUT_UNWRITABLE'],
  ])('%s', async (extra, message) => {
    const { code, stderr } = await run(common, '--epochs', '1', '--out', at('refused'), extra);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });
});

test('a pretrained network is fine-tuned with its beginning frozen', async () => {
  await succeed(common, '--epochs', '1', '--out', at('start'));
  const before = readModel(await readFile(at('start', 'model.onnx')));
  const node = before.graph!.node.find(({ opType }) => opType === 'Relu')!;
  const tune = common.map((word) => (word === 'conv4' ? at('start') : word));
  await succeed(tune, '--freeze', node.name, '--lr', '1e-3', '--epochs', '2', '--out', at('tuned'));
  const after = readModel(await readFile(at('tuned', 'model.onnx')));
  const weights = (model: typeof before) =>
    new Map(
      model.graph!.initializer.map(({ name, rawData }) => [name, Buffer.from(rawData).toString('hex')]),
    );
  const [old, now] = [weights(before), weights(after)];
  const firstConv = before.graph!.node.find(({ opType }) => opType === 'Conv')!.input[1];
  const lastGemm = before.graph!.node.findLast(({ opType }) => opType === 'Gemm')!.input[1];
  expect(now.get(firstConv)).toBe(old.get(firstConv));
  expect(now.get(lastGemm)).not.toBe(old.get(lastGemm));
});
