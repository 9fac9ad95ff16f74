import { RetrievalGuardError } from '../errors.ts';
import type { ByteImage, ImageSize } from './byte-image.ts';
import type { ResampleFilter } from './filters.ts';
import { filterTaps, nearestIndices, type Taps } from './taps.ts';

/**
 * Why our own resampling: models are trained on pictures that Pillow resized, and the kernels, the antialiasing and
 * the rounding of libvips (which sharp uses) differ from Pillow's by several grey levels, enough to move accuracy by
 * a point. So this is the separable convolution of `PIL.Image.resize` with its arithmetic: coefficients in fixed
 * point, a horizontal pass, rounded and clipped to 8 bits, then a vertical pass, rounded and clipped again.
 */
const PRECISION_BITS = 32 - 8 - 2;
const HALF = 1 << (PRECISION_BITS - 1);

/** Weights in units of 2^-22, rounded as Pillow rounds them. */
const fixedWeights = ({ weights }: Taps): Int32Array =>
  Int32Array.from(weights, (weight) => {
    const fixed = weight * (1 << PRECISION_BITS);
    return Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
  });

/** Fixed point, with the half already added, to a byte: rounds down and clips. */
function toByte(fixed: number): number {
  const value = fixed >> PRECISION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function resampleRows(image: ByteImage, width: number, filter: ResampleFilter): ByteImage {
  const { data, height, channels } = image;
  const taps = filterTaps(image.width, width, filter);
  const { first, count, stride } = taps;
  const weights = fixedWeights(taps);
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

function resampleColumns(image: ByteImage, height: number, filter: ResampleFilter): ByteImage {
  const { data, width, channels } = image;
  const taps = filterTaps(image.height, height, filter);
  const { first, count, stride } = taps;
  const weights = fixedWeights(taps);
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
  const wide = width === image.width ? image : resampleRows(image, width, filter);
  return height === image.height ? wide : resampleColumns(wide, height, filter);
}
