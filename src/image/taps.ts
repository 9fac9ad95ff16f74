/** Which input samples each output sample of a resize sums along one axis, and with what weights. */
import { KERNELS, type ResampleFilter } from './filters.ts';

/** One axis of a resize, as a matrix of which each row is zero outside a window. */
export interface Taps {
  /** Input samples: columns of the matrix. */
  readonly inputLength: number;
  /** Index of the first input sample, per output sample. */
  readonly first: Int32Array;
  /** How many input samples, per output sample; 0: the output sample is 0 whatever the input. */
  readonly count: Int32Array;
  /** `stride` weights per output sample. */
  readonly weights: Float64Array;
  readonly stride: number;
}

/**
 * The taps of Pillow's resize from `inputLength` to `outputLength` samples, before it rounds the weights; those of a window add up to 1. The
 * same length gives the samples themselves, as `PIL.Image.resize` does.
 */
export function filterTaps(inputLength: number, outputLength: number, filter: ResampleFilter): Taps {
  if (inputLength === outputLength)
    return picks(
      inputLength,
      Int32Array.from({ length: inputLength }, (_, i) => i),
    );
  if (filter === 'nearest') return picks(inputLength, nearestIndices(inputLength, outputLength));
  const kernel = KERNELS[filter];
  const scale = inputLength / outputLength;
  const stretch = Math.max(1, scale); // antialiasing: widen the kernel when shrinking, never narrow it
  const support = kernel.support * stretch;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(outputLength);
  const count = new Int32Array(outputLength);
  const weights = new Float64Array(outputLength * stride);
  for (let i = 0; i < outputLength; i++) {
    const centre = (i + 0.5) * scale;
    const from = Math.max(0, Math.trunc(centre - support + 0.5));
    const taps = Math.min(inputLength, Math.trunc(centre + support + 0.5)) - from;
    const window = weights.subarray(i * stride, i * stride + taps);
    let sum = 0;
    for (let t = 0; t < taps; t++) {
      window[t] = kernel.weight((t + from - centre + 0.5) * (1 / stretch));
      sum += window[t];
    }
    if (sum !== 0) for (let t = 0; t < taps; t++) window[t] /= sum;
    first[i] = from;
    count[i] = taps;
  }
  return { inputLength, first, count, weights, stride };
}

/** One sample of weight 1 each. */
function picks(inputLength: number, first: Int32Array): Taps {
  return {
    inputLength,
    first,
    count: new Int32Array(first.length).fill(1),
    weights: new Float64Array(first.length).fill(1),
    stride: 1,
  };
}

/** Index of the input sample under the centre of each output sample; the position is summed up as Pillow does. */
export function nearestIndices(inputLength: number, outputLength: number): Int32Array {
  const step = inputLength / outputLength;
  const indices = new Int32Array(outputLength);
  let position = step * 0.5;
  for (let i = 0; i < outputLength; i++, position += step) {
    indices[i] = Math.min(inputLength - 1, Math.trunc(position));
  }
  return indices;
}

/** Rows `start` to `start + length − 1`; those outside, of a crop larger than the picture, are zero. */
export function cropTaps(taps: Taps, start: number, length: number): Taps {
  const { inputLength, stride } = taps;
  const [first, count] = [new Int32Array(length), new Int32Array(length)];
  const weights = new Float64Array(length * stride);
  for (let i = 0; i < length; i++) {
    const row = start + i;
    if (row < 0 || row >= taps.count.length) continue;
    first[i] = taps.first[row];
    count[i] = taps.count[row];
    weights.set(taps.weights.subarray(row * stride, (row + 1) * stride), i * stride);
  }
  return { inputLength, first, count, weights, stride };
}
