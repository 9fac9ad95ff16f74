/** From a raw output to one vector an image. */
import type { Pooling } from './encoder-info.ts';

/**
 * Pools `count` rows of a raw output of `shape` (without the batch) into `output`, count × dimension. Means are summed
 * in float64 in a fixed order.
 */
export function poolRows(
  raw: Float32Array,
  count: number,
  shape: readonly number[],
  pooling: Pooling,
  output: Float32Array,
): void {
  switch (pooling) {
    case 'none':
      output.set(raw.subarray(0, count * shape[0]));
      return;
    case 'spatial':
      poolSpace(raw, count * shape[0], shape[1] * shape[2], output);
      return;
    case 'cls':
      for (let i = 0; i < count; i++) {
        const start = i * shape[0] * shape[1];
        output.set(raw.subarray(start, start + shape[1]), i * shape[1]);
      }
      return;
    case 'mean':
      for (let i = 0; i < count; i++) meanOfTokens(raw, i * shape[0] * shape[1], shape, output, i * shape[1]);
  }
}

/** Length of a pooled vector. */
export function pooledDimension(shape: readonly number[], pooling: Pooling): number {
  return pooling === 'cls' || pooling === 'mean' ? shape[1] : shape[0];
}

function poolSpace(raw: Float32Array, planes: number, pixels: number, output: Float32Array): void {
  for (let plane = 0; plane < planes; plane++) {
    let sum = 0;
    const end = (plane + 1) * pixels;
    for (let i = plane * pixels; i < end; i++) sum += raw[i];
    output[plane] = sum / pixels;
  }
}

function meanOfTokens(
  raw: Float32Array,
  start: number,
  [tokens, dimension]: readonly number[],
  output: Float32Array,
  to: number,
): void {
  for (let d = 0; d < dimension; d++) {
    let sum = 0;
    for (let token = 0; token < tokens; token++) sum += raw[start + token * dimension + d];
    output[to + d] = sum / tokens;
  }
}
