/** Small encoders written as ONNX models, whose noisy embeddings a test can work out itself. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GraphBuilder, type Value } from '../../src/onnx/index.ts';

/** Channels, height and width of an image. */
export type Shape = [channels: number, height: number, width: number];

const MEAN = 0.4;
const STD = 0.25;

/**
 * A model folder: the network sees flat images in [0,1] pixel units, but the file asks for normalised ones, so that noise
 * added on the wrong side of the normalisation has the wrong size.
 */
export async function writeEncoder(
  folder: string,
  [channels, height, width]: Shape,
  dimension: number,
  network: (g: GraphBuilder, pixels: Value) => Value,
): Promise<string> {
  const g = new GraphBuilder({ name: 'test' });
  const image = g.input('image', 'float32', ['batch', channels, height, width]);
  const flat = g.op('Flatten', [image]);
  const pixels = g.op('Add', [g.op('Mul', [flat, g.float32(STD)]), g.float32(MEAN)]);
  g.output('embedding', network(g, pixels), 'float32', ['batch', dimension]);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'model.onnx'), g.toBytes());
  const perChannel = (value: number): number[] => Array.from({ length: channels }, () => value);
  await writeFile(
    join(folder, 'preprocessor_config.json'),
    JSON.stringify({
      do_resize: false,
      do_rescale: true,
      rescale_factor: 1 / 255,
      do_normalize: true,
      image_mean: perChannel(MEAN),
      image_std: perChannel(STD),
    }),
  );
  return folder;
}

/** ⟨w, pixels⟩ of each image. [batch × 1] */
export const linearForm = (g: GraphBuilder, pixels: Value, w: readonly number[]): Value =>
  g.op('MatMul', [pixels, g.constant(Float32Array.from(w), [w.length, 1])]);

/** pixels · matrix, the matrix [inputs × outputs] row by row. */
export const linearMap = (g: GraphBuilder, x: Value, matrix: readonly number[], outputs: number): Value =>
  g.op('MatMul', [x, g.constant(Float32Array.from(matrix), [matrix.length / outputs, outputs])]);
