/** Builds a ResNet-50 with random weights: the size of a common large encoder, where no trained one is at hand. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KernelMemory } from '../src/kernel/index.ts';
import { noiseKey } from '../src/noise/index.ts';
import { NoiseKernel } from '../src/noise/noise-kernel.ts';
import { batchNorm, conv, globalAveragePool, GraphBuilder, relu, type Value } from '../src/onnx/index.ts';

/** [width, blocks, stride of the first block] of the four stages. */
const STAGES = [
  [64, 3, 1],
  [128, 4, 2],
  [256, 6, 2],
  [512, 3, 2],
] as const;

/** Writes model.onnx and preprocessor_config.json to `folder`, unless they are there. Always the same bytes. */
export function resnet50(folder: string): string {
  const file = join(folder, 'model.onnx');
  if (existsSync(file)) return folder;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'preprocessor_config.json'), JSON.stringify(PREPROCESSING, null, 2));
  writeFileSync(file, build());
  return folder;
}

const PREPROCESSING = {
  do_resize: true,
  size: { shortest_edge: 256 },
  resample: 2,
  do_center_crop: true,
  crop_size: { height: 224, width: 224 },
  do_rescale: true,
  rescale_factor: 1 / 255,
  do_normalize: true,
  image_mean: [0.485, 0.456, 0.406],
  image_std: [0.229, 0.224, 0.225],
};

function build(): Uint8Array {
  const g = new GraphBuilder({ name: 'resnet50' });
  const memory = KernelMemory.createSync();
  const noise = new NoiseKernel(memory);
  const out = memory.allocate(4 * 512 * 512 * 9);
  const key = noiseKey({ seed: 50, query: 'weights', phase: 'gallery' });
  let layer = 0;

  /** Convolution with He weights, and batch normalisation that scales by `gain`. */
  const block = (
    x: Value,
    inputs: number,
    outputs: number,
    size: number,
    stride: number,
    gain = 1,
  ): Value => {
    const fan = inputs * size * size;
    const length = outputs * fan;
    noise.gaussian({ key, firstSample: layer++, count: 1, dimension: length, out });
    const weights = memory.f32(out, length).map((z) => z * Math.sqrt(2 / fan));
    const y = conv(g, x, g.constant(weights, [outputs, inputs, size, size]), {
      strides: [stride, stride],
      pads: Array.from({ length: 4 }, () => size >> 1),
    });
    const all = (value: number): Value => g.constant(new Float32Array(outputs).fill(value));
    return batchNorm(g, y, { scale: all(gain), bias: all(0), mean: all(0), variance: all(1) });
  };

  const image = g.input('input', 'float32', ['batch', 3, 224, 224]);
  let x = relu(g, block(image, 3, 64, 7, 2));
  x = g.op('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  let inputs = 64;
  for (const [width, blocks, first] of STAGES) {
    for (let i = 0; i < blocks; i++) {
      const stride = i === 0 ? first : 1;
      const outputs = 4 * width;
      let y = relu(g, block(x, inputs, width, 1, 1));
      y = relu(g, block(y, width, width, 3, stride));
      y = block(y, width, outputs, 1, 1, 0.25);
      const skip = i === 0 ? block(x, inputs, outputs, 1, stride) : x;
      x = relu(g, g.op('Add', [y, skip]));
      inputs = outputs;
    }
  }
  g.output('features', globalAveragePool(g, x), 'float32', ['batch', inputs]);
  return g.toBytes();
}
