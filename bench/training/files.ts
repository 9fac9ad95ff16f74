/** What both sides read: weights, images and targets, as files in the bench's cache. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTensor, sizeOf } from '../../src/onnx/index.ts';
import { CACHE } from '../build.ts';
import type { Forward } from './model.ts';
import { DIMENSION, type TrainingNetwork } from './networks.ts';

/** Learning rate of Adam, on both sides. */
export const RATE = 1e-5;

/** Numbers in [0, 1) that are the same on every run. */
function uniform(count: number, seed: number): Float32Array {
  let state = (seed * 2_654_435_761) >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  });
}

/** The images, pixels in [0, 1]. */
export const imagesOf = ({ images }: TrainingNetwork): Float32Array => uniform(sizeOf(images), 3);

/** Where the embeddings should go: the loss is the sum of squared differences, divided by the batch size. */
export const targetsOf = ({ images }: TrainingNetwork): Float32Array =>
  uniform(images[0] * DIMENSION, 5).map((u) => 2 * u - 1);

/** Writes the folder that torch_train.py reads. */
export function writeForTorch(network: TrainingNetwork, { model, order }: Forward): string {
  const folder = join(CACHE, 'bench-training', network.name.replaceAll(/\W+/g, '-'));
  mkdirSync(folder, { recursive: true });
  const { images, layers } = network;
  const description = { layers, images, targets: [images[0], DIMENSION], rate: RATE };
  writeFileSync(join(folder, 'network.json'), JSON.stringify(description));
  writeFileSync(join(folder, 'images.f32'), imagesOf(network));
  writeFileSync(join(folder, 'targets.f32'), targetsOf(network));
  const tensors = new Map(model.graph?.initializer.map((tensor) => [tensor.name, tensor]));
  const weights = order.map((name) => readTensor(tensors.get(name)!).data as Float32Array);
  writeFileSync(
    join(folder, 'weights.f32'),
    Buffer.concat(weights.map((w) => Buffer.from(w.buffer, w.byteOffset, w.byteLength))),
  );
  return folder;
}
