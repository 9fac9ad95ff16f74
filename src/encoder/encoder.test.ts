import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RetrievalGuardError } from '../errors.ts';
import { float, GraphBuilder, readModel, readWholeModel, type Value, writeModel } from '../onnx/index.ts';
import { sigmaNotes } from './sigma-notes.ts';
import { type EncoderOptions, openEncoder } from './encoder.ts';
import { resolveModel } from './model-files.ts';
import { providerFailure, supportedProviders } from './load-session.ts';
import { TINY_DIMENSION, tinyEncoder, tinyWeight } from './testing/tiny-models.ts';
import type { Pooling } from './encoder-info.ts';

let folder: string;
let fileNumber = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encoder-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function save(bytes: Uint8Array, name = `model-${fileNumber++}.onnx`): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

const H = 4;
const W = 5;
const MEAN = [0.4, 0.5, 0.6];
const STD = [0.2, 0.3, 0.25];

function pixels(count: number, channels = 3, seed = 1): Float32Array {
  return Float32Array.from({ length: count * channels * H * W }, (_, i) => ((i + seed) * 0.618034) % 1);
}

/** The tiny encoder worked out in float64, one image at a time. */
function naive(images: Float32Array, count: number, pooling: Pooling, mean = MEAN, std = STD): number[] {
  const channels = mean.length;
  const size = H * W;
  const rows: number[] = [];
  for (let n = 0; n < count; n++) {
    const row = Array.from({ length: TINY_DIMENSION }, (_, k) => {
      const squares = Array.from({ length: size }, (_, p) => {
        let dot = 0;
        for (let c = 0; c < channels; c++) {
          dot += (tinyWeight(k, c) * (images[(n * channels + c) * size + p] - mean[c])) / std[c];
        }
        return dot * dot;
      });
      return pooling === 'cls' ? squares[0] : squares.reduce((a, b) => a + b) / size;
    });
    rows.push(...row.map((value) => value / Math.hypot(...row)));
  }
  return rows;
}

function expectClose(actual: Float32Array, expected: readonly number[], tolerance = 2e-6): void {
  expect(actual.length).toBe(expected.length);
  const worst = Math.max(...expected.map((value, i) => Math.abs(value - actual[i])));
  expect(worst).toBeLessThan(tolerance);
}

async function embedAll(path: string, count: number, options: EncoderOptions = {}, channels = 3) {
  const encoder = await openEncoder(path, { mean: MEAN, std: STD, threads: 1, ...options });
  try {
    return { info: encoder.info, rows: await encoder.embed(pixels(count, channels), count) };
  } finally {
    await encoder.release();
  }
}

async function errorOf(promise: Promise<unknown>): Promise<RetrievalGuardError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof RetrievalGuardError) return error;
  throw new Error(`expected a RetrievalGuardError, got ${String(error)}`);
}

describe('embeddings against a naive computation', () => {
  test.each([
    ['rank 2', 'rank2', undefined, 'none'],
    ['rank 4', 'rank4', undefined, 'spatial'],
    ['rank 3, cls', 'rank3', 'cls', 'cls'],
    ['rank 3, mean', 'rank3', 'mean', 'mean'],
  ] as const)('%s', async (_, output, pooling, expected) => {
    const path = await save(tinyEncoder({ output }));
    const { info, rows } = await embedAll(path, 11, { pooling, batch: 4 });
    expectClose(rows, naive(pixels(11), 11, expected));
    expect(info.output.pooling).toBe(expected);
    expect(info.dimension).toBe(TINY_DIMENSION);
    for (let i = 0; i < 11; i++) expect(Math.hypot(...rows.subarray(i * 4, i * 4 + 4))).toBeCloseTo(1, 6);
  });

  test('a static batch is padded', async () => {
    const { info, rows } = await embedAll(await save(tinyEncoder({ batch: 4 })), 6);
    expect(info.input.batch).toBe(4);
    expectClose(rows, naive(pixels(6), 6, 'none'));
    const path = await save(tinyEncoder({ batch: 4, output: 'rank4' }));
    expectClose((await embedAll(path, 3)).rows, naive(pixels(3), 3, 'none'));
    expect((await errorOf(embedAll(path, 3, { batch: 2 }))).code).toBe('OPTION_INVALID');
  });

  test('dynamic size and channels, by flags; an output of unknown rank', async () => {
    const path = await save(
      tinyEncoder({ height: 'h', width: 'w', channels: 'c', output: 'rank4', openOutput: true }),
    );
    const { info, rows } = await embedAll(path, 2, { height: H, width: W });
    expectClose(rows, naive(pixels(2), 2, 'spatial'));
    expect(info.input).toMatchObject({ channels: 3, height: H, width: W, batch: null });
    expect((await errorOf(embedAll(path, 1))).message).toMatch(
      /MODEL_UNSUPPORTED.*Give the height and width/,
    );
  });

  test('one channel', async () => {
    const path = await save(tinyEncoder({ channels: 1 }));
    const { info, rows } = await embedAll(path, 3, { mean: [0.3], std: [0.5] }, 1);
    expect(info.preprocessing).toMatchObject({ channels: 1, height: H, width: W, mean: [0.3], std: [0.5] });
    expectClose(rows, naive(pixels(3, 1), 3, 'none', [0.3], [0.5]));
  });

  test.each(['rank2', 'rank3'] as const)('float16 input and output, %s', async (output) => {
    const path = await save(tinyEncoder({ type: 'float16', output, batch: output === 'rank2' ? 'n' : 3 }));
    const pooling = output === 'rank3' ? 'mean' : undefined;
    const { info, rows } = await embedAll(path, 5, { pooling });
    expect([info.input.type, info.output.type]).toEqual(['float16', 'float16']);
    expectClose(rows, naive(pixels(5), 5, 'none'), 2e-3);
  });

  test('two inputs: named, the other gets zeros', async () => {
    const g = new GraphBuilder();
    const image = g.input('image', 'float32', ['batch', 3, H, W]);
    const shift = g.input('shift', 'float32', ['batch', 1]);
    const pooled = g.op('Flatten', [g.op('GlobalAveragePool', [image])]);
    g.output('y', g.op('Add', [pooled, shift]), 'float32', ['batch', 3]);
    const path = await save(g.toBytes());
    expect((await errorOf(embedAll(path, 1))).message).toMatch(/'image' .*'shift' float32 \[batch, 1\]/);
    const { rows } = await embedAll(path, 3, { input: 'image', mean: [0, 0, 0], std: [1, 1, 1] });
    const images = pixels(3);
    const means = Array.from({ length: 9 }, (_, i) =>
      images.subarray(i * H * W, (i + 1) * H * W).reduce((a, b) => a + b / (H * W), 0),
    );
    const norm = (i: number) => Math.hypot(...means.slice(i * 3, i * 3 + 3));
    expectClose(
      rows,
      means.map((value, i) => value / norm(Math.floor(i / 3))),
    );
  });

  test('calls may overlap', async () => {
    const encoder = await openEncoder(await save(tinyEncoder({ output: 'rank4' })), { mean: MEAN, std: STD });
    const seeds = [1, 2, 3];
    const all = await Promise.all(seeds.map((seed) => encoder.embed(pixels(9, 3, seed), 9)));
    all.forEach((rows, i) => expectClose(rows, naive(pixels(9, 3, seeds[i]), 9, 'spatial')));
    expect(await encoder.embed(new Float32Array(), 0)).toHaveLength(0);
    expect((await errorOf(encoder.embed(new Float32Array(7), 1))).code).toBe('OPTION_INVALID');
    await encoder.release();
  });
});

describe('what is refused', () => {
  /** An encoder with one operator. */
  const oneOp = (operator: string, shape: (number | string)[] = ['batch', 3, H, W]) => {
    const g = new GraphBuilder();
    const flat = g.op('Flatten', [g.op(operator, [g.input('x', 'float32', shape)])]);
    g.output('y', flat, 'float32', ['batch', 'dim']);
    return g.toBytes();
  };

  test('NaN, and a zero vector, naming the image', async () => {
    for (const [operator, got] of [
      ['Log', /image 6; got NaN at position 2 of 60/],
      ['Relu', /image 6; got a zero vector/],
    ] as const) {
      const encoder = await openEncoder(await save(oneOp(operator)), { batch: 4 });
      const images = new Float32Array(8 * 3 * H * W).fill(0.5);
      if (operator === 'Log') images[6 * 3 * H * W + 2] = -1;
      else images.fill(-1, 6 * 3 * H * W, 7 * 3 * H * W);
      const error = await errorOf(encoder.embed(images, 8));
      expect(error.code).toBe('EMBEDDING_INVALID');
      expect(error.message).toMatch(got);
      await encoder.release();
    }
  });

  test('a wrong rank, a missing choice of pooling, flags against the model', async () => {
    expect((await errorOf(embedAll(await save(oneOp('Neg', ['batch', 60])), 1))).message).toMatch(
      /MODEL_UNSUPPORTED.*'x' float32 \[batch, 60\]/,
    );
    const tokens = await save(tinyEncoder({ output: 'rank3' }));
    expect((await errorOf(embedAll(tokens, 1))).message).toMatch(/MODEL_UNSUPPORTED.*'mean' the mean/);
    expect((await errorOf(embedAll(tokens, 1, { height: 9 }))).message).toMatch(/OPTION_INVALID.*height 4/);
  });

  test('an output that does not follow the batch', async () => {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', [2, 3, H, W]);
    g.output('y', g.op('Reshape', [x, g.int64([1, -1])]), 'float32', [1, 120]);
    expect((await errorOf(embedAll(await save(g.toBytes()), 1))).message).toMatch(/one row for each of 2/);
  });

  test('a batch size fixed inside', async () => {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', ['batch', 3, H, W]);
    g.output('y', g.op('Reshape', [x, g.int64([1, 60])]), 'float32', ['batch', 60]);
    const path = await save(g.toBytes());
    expect((await errorOf(embedAll(path, 2))).message).toMatch(/MODEL_UNSUPPORTED.*try a batch of 1/);
    expect((await embedAll(path, 2, { batch: 1 })).rows).toHaveLength(120);
  });

  test('files that are corrupt, cut off, or of an unknown version', async () => {
    const good = tinyEncoder();
    for (const bytes of [new TextEncoder().encode('not a model'), new Uint8Array(), good.subarray(0, 200)]) {
      expect((await errorOf(openEncoder(await save(bytes)))).code).toBe('ONNX_INVALID');
    }
    const future = await errorOf(openEncoder(await save(tinyEncoder({ opset: 99 }))));
    expect(future.message).toMatch(/MODEL_UNSUPPORTED.*older opset/);
    const model = readModel(good);
    model.irVersion = 99n;
    expect((await errorOf(openEncoder(await save(writeModel(model))))).code).toBe('MODEL_UNSUPPORTED');
    const unknown = await errorOf(openEncoder(await save(oneOp('Frobnicate'))));
    expect(unknown.message).toMatch(/MODEL_UNSUPPORTED.*Frobnicate/);
    // Parses, but its convolution has three weights for four channels.
    const broken = readModel(good);
    if (broken.graph) broken.graph.initializer[0].rawData = new Uint8Array(4);
    expect((await errorOf(openEncoder(await save(writeModel(broken))))).code).toBe('ONNX_INVALID');
  });

  test('providers that are unknown or lack their device', async () => {
    const path = await save(tinyEncoder());
    const unknown = await errorOf(openEncoder(path, { provider: 'abacus' }));
    expect(unknown.code).toBe('PROVIDER_UNAVAILABLE');
    expect(unknown.message).toMatch(/'abacus'.*This build knows: .*cpu/);
    // One that this build knows but that does not start here, if there is one.
    for (const provider of supportedProviders().filter((name) => name !== 'cpu')) {
      if ((await providerFailure(provider)) === undefined) continue;
      const lacking = await errorOf(openEncoder(path, { provider }));
      expect(lacking.code).toBe('PROVIDER_UNAVAILABLE');
      expect(lacking.message).toMatch(/This build knows/);
    }
    expect(await providerFailure('cpu')).toBeUndefined();
  });
});

describe('files', () => {
  test('missing ones', async () => {
    expect((await errorOf(resolveModel(join(folder, 'nowhere')))).code).toBe('MODEL_NOT_FOUND');
    const empty = join(folder, 'empty');
    await mkdir(empty);
    expect((await errorOf(resolveModel(empty))).message).toMatch(/without any \.onnx file/);
    await save(tinyEncoder(), join('empty', 'other.onnx'));
    expect((await errorOf(resolveModel(empty))).message).toMatch(/a folder with other\.onnx.*path of the/);
    await writeFile(join(folder, 'model.pt'), '');
    expect((await errorOf(resolveModel(join(folder, 'model.pt')))).message).toMatch(/not end in \.onnx/);
  });

  test('a folder in the layout of Hugging Face', async () => {
    const home = join(folder, 'hf');
    await mkdir(join(home, 'onnx'), { recursive: true });
    await save(tinyEncoder({ height: 'h', width: 'w' }), join('hf', 'onnx', 'model.onnx'));
    const config = {
      size: { height: H, width: W },
      do_resize: true,
      resample: 2,
      do_rescale: true,
      rescale_factor: 1 / 255,
      do_normalize: true,
      image_mean: MEAN,
      image_std: STD,
    };
    await writeFile(join(home, 'preprocessor_config.json'), JSON.stringify(config));
    await writeFile(join(home, 'retrievalguard.json'), JSON.stringify({ sigma: 0.25, from: 'a test' }));
    const encoder = await openEncoder(home);
    const { info } = encoder;
    expect(info.modelPath).toBe(join(home, 'onnx', 'model.onnx'));
    expect(info.preprocessing).toMatchObject({ height: H, width: W, mean: MEAN, std: STD });
    expect(info.trainedWith).toEqual({ sigma: 0.25, from: 'a test' });
    expect(JSON.parse(JSON.stringify(info))).toEqual(info);
    expectClose(await encoder.embed(pixels(2), 2), naive(pixels(2), 2, 'none'));
    await encoder.release();
    const direct = await embedAll(info.modelPath, 1);
    expect(direct.info.preprocessingHash).toBe(info.preprocessingHash);
    const other = await embedAll(info.modelPath, 1, { mean: [0, 0, 0] });
    expect(other.info.modelHash).toBe(info.modelHash);
    expect(other.info.encoderHash).not.toBe(info.encoderHash);
    await writeFile(join(home, 'retrievalguard.json'), '{"sigma": "much"}');
    expect((await errorOf(openEncoder(home))).message).toMatch(/sigma/);
    await writeFile(join(home, 'preprocessor_config.json'), '{');
    expect((await errorOf(openEncoder(home))).code).toBe('PREPROCESSING_INVALID');
  });

  test('external data is loaded, hashed and missed', async () => {
    const bytes = tinyEncoder();
    const model = readModel(bytes);
    const weight = model.graph?.initializer[0];
    if (!weight) throw new Error('no weights');
    const home = join(folder, 'external');
    await mkdir(home);
    await writeFile(join(home, 'model.onnx_data'), weight.rawData);
    const entry = (key: string, value: string) => ({
      $typeName: 'onnx.StringStringEntryProto' as const,
      key,
      value,
    });
    weight.externalData = [entry('location', 'model.onnx_data')];
    weight.dataLocation = 1;
    weight.rawData = new Uint8Array();
    await writeFile(join(home, 'model.onnx'), writeModel(model));
    const { info, rows } = await embedAll(home, 2);
    expectClose(rows, naive(pixels(2), 2, 'none'));
    const plain = await resolveModel(await save(bytes));
    expect(plain.modelHash).toBe(createHash('sha256').update(bytes).digest('hex'));
    const data = await readFile(join(home, 'model.onnx_data'));
    data[0] ^= 1;
    await writeFile(join(home, 'model.onnx_data'), data);
    expect((await resolveModel(home)).modelHash).not.toBe(info.modelHash);
    await writeFile(join(home, 'model.onnx_data'), data.subarray(0, 8));
    expect((await errorOf(openEncoder(home))).code).toBe('MODEL_NOT_FOUND');
    weight.externalData[0].value = '../elsewhere';
    expect((await errorOf(resolveModel(await save(writeModel(model))))).code).toBe('ONNX_INVALID');
    await rm(join(home, 'model.onnx_data'));
    expect((await errorOf(openEncoder(home))).message).toMatch(/MODEL_NOT_FOUND.*'model.onnx_data'/);
  });

  test('weights in another file are inside the model that gradients are made of', async () => {
    const home = join(folder, 'outside');
    await mkdir(home);
    const model = readModel(tinyEncoder());
    const weight = model.graph!.initializer[0];
    const before = weight.rawData.slice();
    // after another tensor's bytes, as exporters write them
    await writeFile(join(home, 'weights.bin'), Buffer.concat([Buffer.alloc(64), before]));
    weight.externalData = Object.entries({
      location: 'weights.bin',
      offset: '64',
      length: `${before.length}`,
    }).map(([key, value]) => ({ $typeName: 'onnx.StringStringEntryProto' as const, key, value }));
    weight.dataLocation = 1;
    weight.rawData = new Uint8Array();
    await writeFile(join(home, 'model.onnx'), writeModel(model));
    const whole = await readWholeModel(join(home, 'model.onnx'));
    expect(whole.graph!.initializer[0].rawData).toEqual(before);
    await writeFile(join(home, 'weights.bin'), Buffer.alloc(70));
    expect((await errorOf(readWholeModel(join(home, 'model.onnx')))).code).toBe('MODEL_NOT_FOUND');
  });
});

describe('what is no function of the image', () => {
  const noisy = (build: (g: GraphBuilder, y: Value) => Value): Uint8Array => {
    const g = new GraphBuilder();
    const x = g.input('image', 'float32', ['batch', 3, H, W]);
    const y = g.op('Flatten', [g.op('GlobalAveragePool', [x])]);
    g.output('embedding', build(g, y), 'float32', ['batch', 3]);
    return g.toBytes();
  };
  test.each<[string, (g: GraphBuilder, y: Value) => Value, RegExp]>([
    ['noise', (g, y) => g.op('Add', [y, g.op('RandomNormalLike', [y])]), /RandomNormalLike/],
    [
      'a little noise',
      (g, y) => g.op('Add', [y, g.op('RandomNormalLike', [y], { scale: float(1e-9) })]),
      /RandomNormalLike/,
    ],
    [
      'dropout in training',
      (g, y) => g.op('Dropout', [y, g.float32(0.5), g.constant(Uint8Array.of(1), [], { type: 'bool' })]),
      /Dropout/,
    ],
    [
      'the statistics of the batch',
      (g, y) => g.op('Sub', [y, g.op('ReduceMean', [y], { axes: [0], keepdims: 1 })]),
      /among others/,
    ],
  ])('%s is refused on opening', async (_, build, named) => {
    const error = await errorOf(openEncoder(await save(noisy(build))));
    expect(error.code).toBe('MODEL_UNSUPPORTED');
    expect(error.message).toMatch(named);
  });

  test('an input of open size whose channels come last is told so', async () => {
    const g = new GraphBuilder();
    const x = g.input('image', 'float32', ['n', 'h', 'w', 3]);
    g.output('y', g.op('ReduceMean', [x], { axes: [1, 2], keepdims: 0 }), 'float32', ['n', 3]);
    expect((await errorOf(openEncoder(await save(g.toBytes())))).message).toMatch(/NHWC/);
  });
});

describe('what is said of preprocessing', () => {
  const at = async (files: Record<string, unknown>, flags: EncoderOptions = {}): Promise<string[]> => {
    const home = await mkdtemp(join(folder, 'notes-'));
    await writeFile(join(home, 'model.onnx'), tinyEncoder());
    for (const [name, content] of Object.entries(files))
      await writeFile(join(home, name), `\uFEFF${JSON.stringify(content)}`);
    const encoder = await openEncoder(home, flags);
    await encoder.release();
    return encoder.info.notes;
  };
  const config = { size: { height: H, width: W }, image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] };

  test('nothing where a file or the caller says it all', async () => {
    expect(await at({ 'preprocessor_config.json': config })).toEqual([]);
    expect(await at({}, { mean: [0.5], std: [0.5] })).toEqual([]);
    expect(await at({}, { inputRange: 255 })).toEqual([]);
  });

  test('what is assumed without a file, and that one of another kind says nothing', async () => {
    expect(await at({})).toEqual([expect.stringMatching(/assuming 4×5 pixels.*mean 0 0 0 and std 1 1 1/)]);
    expect(await at({ 'config.json': { model_type: 'vit' } })).toEqual([
      expect.stringMatching(/config\.json says nothing/),
    ]);
  });

  test('two files that disagree, and the scale of 0 to 255', async () => {
    const other = { image_processor: { ...config, image_mean: [0, 0, 0] } };
    expect(await at({ 'preprocessor_config.json': config, 'processor_config.json': other })).toEqual([
      expect.stringMatching(/processor_config\.json.*disagree.*preprocessor_config\.json/),
    ]);
    const bytes = { ...config, image_mean: [123.7, 116.3, 103.5], image_std: [58.4, 57.1, 57.4] };
    expect(await at({ 'preprocessor_config.json': bytes })).toEqual([expect.stringMatching(/0 to 255/)]);
    expect(await at({ 'preprocessor_config.json': { ...bytes, do_rescale: false } })).toEqual([]);
    expect(await at({}, { mean: [123.7], std: [58.4] })).toEqual([expect.stringMatching(/0 to 255/)]);
  });

  test('the model has one hash whatever its path and whatever file says the same', async () => {
    const homes = await Promise.all(['one', 'two'].map((name) => mkdtemp(join(folder, name))));
    for (const home of homes) await writeFile(join(home, 'model.onnx'), tinyEncoder());
    await writeFile(join(homes[0], 'preprocessor_config.json'), JSON.stringify(config));
    await writeFile(join(homes[1], 'processor_config.json'), JSON.stringify({ image_processor: config }));
    const [a, b] = await Promise.all(homes.map((home) => openEncoder(`${home}/`)));
    expect(a.info.encoderHash).toBe(b.info.encoderHash);
    await Promise.all([a.release(), b.release()]);
  });
});

test('a sigma of another scale or far from the training is suspected', () => {
  expect(sigmaNotes(64, {})).toEqual([expect.stringMatching(/0\.251/)]);
  expect(sigmaNotes(1, { trainedWith: { sigma: 0.25 } })).toEqual([expect.stringMatching(/0\.25/)]);
  for (const sigma of [0.1, 0.25, 0.5])
    expect(sigmaNotes(sigma, { trainedWith: { sigma: 0.25 } })).toEqual([]);
  expect(sigmaNotes(0.25, {})).toEqual([]);
});

const models = process.env.RETRIEVALGUARD_MODELS ?? join('..', 'shared', 'models');
const MOBILENETS = [
  ['mobilenet_v1_0.25_224', 256, '299da63cd5d0f58ba842288f131f679c93822747a6a0fc530608ce34fd077535'],
  ['mobilenet_v1_1.0_224', 1024, 'fa1e2fe019bb233c6fa7d6ec25b5b6124b9fea09ed544851c68d3b6d84544c4b'],
] as const;
const present = existsSync(join(models, MOBILENETS[1][0], 'model.onnx'));
if (!present) console.warn(`skipped: no MobileNets in ${models}; set RETRIEVALGUARD_MODELS`);

describe.runIf(present)('real MobileNets', () => {
  test.each(MOBILENETS)('%s', async (name, dimension, hash) => {
    const encoder = await openEncoder(join(models, name), { threads: 1, batch: 2 });
    expect(encoder.info).toMatchObject({
      modelHash: hash,
      input: { name: 'input', type: 'float32', batch: null, channels: 3, height: 224, width: 224 },
      output: { name: 'features', rank: 2, pooling: 'none' },
      dimension,
      preprocessing: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    });
    const images = Float32Array.from({ length: 3 * 3 * 224 * 224 }, (_, i) => (i * 0.618034) % 1);
    const first = await encoder.embed(images, 3);
    expect(await encoder.embed(images, 3)).toEqual(first);
    expect(await encoder.embed(images.subarray(2 * 3 * 224 * 224), 1)).toEqual(first.slice(2 * dimension));
    await encoder.release();
  });
});
