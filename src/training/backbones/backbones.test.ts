import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { foldConstants } from '../../onnx/fold.ts';
import { type ModelProto, readTensor, sizeOf, writeModel } from '../../onnx/index.ts';
import { hashed, withHashedWeights } from './fixtures/hashed.ts';
import { BACKBONES, conv4, RELU_GAIN, resnet18, resnet50 } from './index.ts';

const fixture = JSON.parse(
  readFileSync(new URL('fixtures/features.json', import.meta.url), 'utf8'),
) as Record<string, number[][]>;

/** The features of images [n, C, H, W]. */
async function features(model: ModelProto, images: Float32Array, shape: number[]): Promise<Tensor> {
  const session = await InferenceSession.create(writeModel(model), { intraOpNumThreads: 1 });
  const result = await session.run({ image: new Tensor('float32', images, shape) });
  await session.release();
  return result.features;
}

const rows = ({ data, dims: [n, size] }: Tensor): number[][] =>
  Array.from({ length: n }, (_, i) => Array.from((data as Float32Array).subarray(i * size, (i + 1) * size)));

const rms = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((sum, x) => sum + x * x, 0) / values.length);

function tensor(model: ModelProto, name: string): Float32Array {
  const found = model.graph?.initializer.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`no initializer ${name}`);
  return readTensor(found).data as Float32Array;
}

/** Largest difference, relative to the largest expected value. */
function expectClose(got: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(got).toHaveLength(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  got.forEach((x, i) => expect(Math.abs(x - expected[i]) / scale, `value ${i}`).toBeLessThan(tolerance));
}

describe('residual networks', () => {
  // parameters without the classifier: the published 11,689,512 and 25,557,032 less 1000 (F + 1)
  test.each([
    ['resnet18', 11_176_512, 512, 20],
    ['resnet50', 23_508_032, 2048, 53],
  ] as const)(
    '%s: same features as PyTorch with the same weights',
    async (name, count, size, convolutions) => {
      const model = withHashedWeights(BACKBONES[name]({ channels: 3, height: 32, width: 32, seed: 0 }));
      const graph = model.graph;
      const parameters = graph?.initializer.filter((t) => /\.(weight|bias)$/.test(t.name)) ?? [];
      expect(parameters.reduce((sum, t) => sum + sizeOf(t.dims.map(Number)), 0)).toBe(count);
      expect(graph?.node.filter((node) => node.opType === 'Conv')).toHaveLength(convolutions);
      const result = await features(model, hashed('image', [2, 3, 32, 32]), [2, 3, 32, 32]);
      expect(result.dims).toEqual([2, size]);
      rows(result).forEach((row, i) => expectClose(row.slice(0, 12), fixture[name][i], 2e-5));
    },
  );

  test('names are those of torchvision', () => {
    const names = (model: ModelProto) => new Set(model.graph?.initializer.map((t) => t.name));
    const small = names(resnet18({ channels: 3, height: 64, width: 64, seed: 0 }));
    for (const name of [
      'conv1.weight',
      'bn1.running_mean',
      'layer1.0.conv2.weight',
      'layer4.1.bn2.running_var',
    ])
      expect(small).toContain(name);
    expect(small).toContain('layer2.0.downsample.0.weight');
    expect(small).not.toContain('layer1.0.downsample.0.weight'); // same width: no projection
    const large = names(resnet50({ channels: 3, height: 64, width: 64, seed: 0 }));
    for (const name of ['layer1.0.downsample.1.weight', 'layer3.5.conv3.weight'])
      expect(large).toContain(name);
    expect(large).not.toContain('layer3.6.conv1.weight');
  });

  test('initial activations keep their size through the depth', async () => {
    const shape = [2, 1, 32, 32];
    const images = hashed('image', shape).map((x) => x * 4 * Math.sqrt(3)); // variance 1
    const model = resnet50({ channels: 1, height: 32, width: 32, seed: 1 });
    const size = rms((await features(model, images, shape)).data as Float32Array);
    expect(size).toBeGreaterThan(0.2);
    expect(size).toBeLessThan(5);
  });
});

describe('conv4', () => {
  const options = { channels: 1, height: 28, width: 28, seed: 0 };
  const shape = [2, 1, 28, 28];
  const images = hashed('image', shape);

  test('same features as PyTorch with the same weights', async () => {
    const result = await features(withHashedWeights(conv4(options)), images, shape);
    expect(result.dims).toEqual([2, 1152]);
    rows(result).forEach((row, i) =>
      expectClose(
        row.filter((_, k) => k % 60 === 0),
        fixture.conv4[i],
        1e-5,
      ),
    );
  });

  test('folds to plain convolutions with the standardised filters', async () => {
    const model = withHashedWeights(conv4(options));
    const before = await features(model, images, shape);
    const folded = await foldConstants(model);
    const layer = ['Conv', 'MaxPool', 'Relu'];
    const types = folded.graph?.node.map((node) => node.opType);
    expect(types).toEqual([...layer, ...layer, ...layer, 'Conv', 'Relu', 'Flatten']);
    expect(folded.graph?.initializer).toHaveLength(8);
    expectClose(rows(await features(folded, images, shape)).flat(), rows(before).flat(), 1e-6);

    const filters = tensor(folded, folded.graph?.node[3].input[1] ?? '');
    const [w, gain, fan] = [tensor(model, 'conv2.weight'), tensor(model, 'conv2.gain'), 48 * 9];
    const naive = Array.from(gain).flatMap((gainOfFilter, o) => {
      const filter = Array.from(w.subarray(o * fan, (o + 1) * fan));
      const mean = filter.reduce((a, b) => a + b) / fan;
      const std = Math.sqrt(filter.reduce((sum, x) => sum + (x - mean) ** 2, 0) / fan);
      return filter.map((x) => (gainOfFilter * (x - mean)) / (std * Math.sqrt(fan)));
    });
    expectClose(Array.from(filters), naive, 1e-6);
  });

  test('initial activations have variance 1 before ReLU, without batch statistics', async () => {
    // white noise through layers without pooling
    const wide = [4, 3, 32, 32];
    const noise = hashed('noise', wide).map((x) => x * 4 * Math.sqrt(3));
    for (const widths of [[256], [256, 256, 256]]) {
      const model = conv4({ ...options, channels: 3, height: 32, width: 32, widths, pools: 0 });
      const { data } = await features(model, noise, wide);
      // E[max(z, 0)²] = 1/2; the border, which sees zeros, lowers it a little
      expect(2 * rms(data as Float32Array) ** 2).toBeGreaterThan(0.85);
      expect(2 * rms(data as Float32Array) ** 2).toBeLessThan(1.1);
    }
    // the variance of max(z, 0) by quadrature of z's density
    let [first, second] = [0, 0];
    for (let z = 5e-4; z < 12; z += 1e-3) {
      const weight = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * 1e-3;
      first += weight * z;
      second += weight * z * z;
    }
    expect(RELU_GAIN ** 2 * (second - first ** 2)).toBeCloseTo(1, 5);
  });

  test('seeds: the same bytes again, other weights for another seed', () => {
    const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
    expect(same(writeModel(conv4(options)), writeModel(conv4(options)))).toBe(true);
    const weights = tensor(conv4(options), 'conv3.weight');
    const bytes = (values: Float32Array) => new Uint8Array(values.buffer);
    const other = tensor(conv4({ ...options, seed: 1 }), 'conv3.weight');
    expect(same(bytes(other), bytes(weights))).toBe(false);
    // another depth or pooling leaves the layer's weights alone
    const deeper = tensor(conv4({ ...options, widths: [48, 96, 128, 128, 7] }), 'conv3.weight');
    expect(same(bytes(deeper), bytes(weights))).toBe(true);
    expect(rms(weights)).toBeCloseTo(Math.sqrt(2 / (96 * 9)), 3);
  });

  test('mean over space, widths, odd sizes', async () => {
    const model = conv4({ ...options, height: 15, width: 9, widths: [8, 5], pools: 2, features: 'mean' });
    expect((await features(model, images.subarray(0, 135), [1, 1, 15, 9])).dims).toEqual([1, 5]);
    const flat = conv4({ ...options, height: 15, width: 9, widths: [8, 5], pools: 2 });
    expect((await features(flat, images.subarray(0, 135), [1, 1, 15, 9])).dims).toEqual([1, 5 * 3 * 2]);
  });

  test('refuses impossible options', () => {
    expect(() => conv4({ ...options, height: 7 })).toThrow(/8 × 8 pixels; got 1 × 7 × 28/);
    expect(() => conv4({ ...options, widths: [4, 0] })).toThrow(/OPTION_INVALID/);
    expect(() => conv4({ ...options, pools: 5 })).toThrow(/OPTION_INVALID/);
    expect(() => conv4({ ...options, seed: -1 })).toThrow(/OPTION_INVALID/);
    expect(() => resnet18({ ...options, channels: 0 })).toThrow(/OPTION_INVALID/);
  });
});
