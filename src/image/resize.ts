import { RetrievalGuardError } from '../errors.ts';
import type { ByteImage, ImageSize } from './byte-image.ts';
import { KERNELS, type Kernel, type ResampleFilter } from './filters.ts';

/**
 * Why our own resampling: models are trained on pictures that Pillow resized, and the kernels, the antialiasing and
 * the rounding of libvips (which sharp uses) differ from Pillow's by several grey levels, enough to move accuracy by
 * a point. So this is the separable convolution of `PIL.Image.resize` with its arithmetic: coefficients in fixed
 * point, a horizontal pass, rounded and clipped to 8 bits, then a vertical pass, rounded and clipped again.
 */
const PRECISION_BITS = 32 - 8 - 2;
const HALF = 1 << (PRECISION_BITS - 1);

/** The window of input samples that each output sample sums, and their fixed-point weights. */
interface Taps {
  /** Index of the first input sample, per output sample. */
  readonly first: Int32Array;
  /** How many input samples, per output sample. */
  readonly count: Int32Array;
  /** `stride` weights per output sample, in units of 2^-22. */
  readonly weights: Int32Array;
  readonly stride: number;
}

function computeTaps(inputLength: number, outputLength: number, kernel: Kernel): Taps {
  const scale = inputLength / outputLength;
  const stretch = Math.max(1, scale); // antialiasing: widen the kernel when shrinking, never narrow it
  const support = kernel.support * stretch;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(outputLength);
  const count = new Int32Array(outputLength);
  const weights = new Int32Array(outputLength * stride);
  const window = new Float64Array(stride);
  for (let i = 0; i < outputLength; i++) {
    const centre = (i + 0.5) * scale;
    const from = Math.max(0, Math.trunc(centre - support + 0.5));
    const taps = Math.min(inputLength, Math.trunc(centre + support + 0.5)) - from;
    let sum = 0;
    for (let t = 0; t < taps; t++) {
      window[t] = kernel.weight((t + from - centre + 0.5) * (1 / stretch));
      sum += window[t];
    }
    for (let t = 0; t < taps; t++) {
      const fixed = (sum === 0 ? window[t] : window[t] / sum) * (1 << PRECISION_BITS);
      weights[i * stride + t] = Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
    }
    first[i] = from;
    count[i] = taps;
  }
  return { first, count, weights, stride };
}

/** Fixed point, with the half already added, to a byte: rounds down and clips. */
function toByte(fixed: number): number {
  const value = fixed >> PRECISION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function resampleRows(image: ByteImage, width: number, kernel: Kernel): ByteImage {
  const { data, height, channels } = image;
  const { first, count, weights, stride } = computeTaps(image.width, width, kernel);
  const out = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    const row = y * image.width * channels;
    for (let x = 0; x < width; x++) {
      const w = x * stride;
      const target = (y * width + x) * channels;
      let source = row + first[x] * channels;
      if (channels === 1) {
        let sum = HALF;
        for (let t = 0; t < count[x]; t++) sum += data[source + t] * weights[w + t];
        out[target] = toByte(sum);
      } else {
        let red = HALF;
        let green = HALF;
        let blue = HALF;
        for (let t = 0; t < count[x]; t++, source += 3) {
          const weight = weights[w + t];
          red += data[source] * weight;
          green += data[source + 1] * weight;
          blue += data[source + 2] * weight;
        }
        out[target] = toByte(red);
        out[target + 1] = toByte(green);
        out[target + 2] = toByte(blue);
      }
    }
  }
  return { data: out, height, width, channels };
}

function resampleColumns(image: ByteImage, height: number, kernel: Kernel): ByteImage {
  const { data, width, channels } = image;
  const { first, count, weights, stride } = computeTaps(image.height, height, kernel);
  const rowLength = width * channels;
  const out = new Uint8Array(height * rowLength);
  const sums = new Int32Array(rowLength); // a whole row at once, so that memory is read in order
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let t = 0; t < count[y]; t++) {
      const weight = weights[y * stride + t];
      const source = (first[y] + t) * rowLength;
      for (let i = 0; i < rowLength; i++) sums[i] += data[source + i] * weight;
    }
    for (let i = 0; i < rowLength; i++) out[y * rowLength + i] = toByte(sums[i]);
  }
  return { data: out, height, width, channels };
}

/** Index of the input sample under the centre of each output sample; the position is summed up as Pillow does. */
function nearestIndices(inputLength: number, outputLength: number): Int32Array {
  const step = inputLength / outputLength;
  const indices = new Int32Array(outputLength);
  let position = step * 0.5;
  for (let i = 0; i < outputLength; i++, position += step) {
    indices[i] = Math.min(inputLength - 1, Math.trunc(position));
  }
  return indices;
}

function pickNearest(image: ByteImage, { height, width }: ImageSize): ByteImage {
  const { data, channels } = image;
  const rows = nearestIndices(image.height, height);
  const columns = nearestIndices(image.width, width);
  const out = new Uint8Array(height * width * channels);
  let target = 0;
  for (const row of rows) {
    for (const column of columns) {
      const source = (row * image.width + column) * channels;
      for (let c = 0; c < channels; c++) out[target++] = data[source + c];
    }
  }
  return { data: out, height, width, channels };
}

/**
 * Resizes to `size`, sample for sample as `PIL.Image.resize((width, height), filter)` with no `reducing_gap`.
 * Returns the same object when the size is right already.
 * Throws OPTION_INVALID for a size that is not two positive integers.
 */
export function resize(image: ByteImage, size: ImageSize, filter: ResampleFilter): ByteImage {
  const { height, width } = size;
  if (!Number.isInteger(height) || !Number.isInteger(width) || height < 1 || width < 1) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'a height and a width of at least 1 pixel to resize to',
      got: `${height}×${width}`,
    });
  }
  if (height === image.height && width === image.width) return image;
  if (filter === 'nearest') return pickNearest(image, size);
  const kernel = KERNELS[filter];
  const wide = width === image.width ? image : resampleRows(image, width, kernel);
  return height === image.height ? wide : resampleColumns(wide, height, kernel);
}
