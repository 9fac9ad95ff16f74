/**
 * From the pixels of a file to those of the model without rounding between: x = A f, and what a radius in x is worth in f.
 *
 * f are the pixels of a file as decodeFile gives them, x those that the model sees, both in [0,1]. Colours, resize and crop are linear:
 * A = A_v ⊗ A_h ⊗ C, vertical axis, horizontal axis and channels, so ‖A‖₂ = ‖A_v‖₂ ‖A_h‖₂ ‖C‖₂. C is the identity, has norm √3 where a grey
 * file is repeated into three channels and that of the weights where colours become grey. Rows of a crop beyond the picture are zero. At last
 * x is clipped to [0,1] as Pillow does after each pass, which brings no two pictures further apart.
 *
 * What is computed differs from A f by at most e ({@link FileMap.error}) in ℓ2 norm, for every f in the box: with u = 2^-53 and
 * γ_n = nu/(1−nu), sums of T_h and T_v products, 3 for colours, of weights with row sums of sizes up to L_h and L_v err by
 * (γ_3 + γ_{T_h} + γ_{T_v}) L_h L_v up to second order; then x is rounded to whole numbers of 2^-16 grey level, by at most 2^-17/255. Over D
 * values that is √D times the sum. The float32 of such a number lies nearer to it than to any other, so whoever reads x gets the
 * same number back.
 *
 * So a radius R around the computed x is max(0, R − 2e)/‖A‖₂ around f (`fileRadius`): e for f, e for what an attacker makes of it.
 */
import { RetrievalGuardError } from '../errors.ts';
import { axisNorm } from './axis-norm.ts';
import type { ByteImage, ImageSize } from './byte-image.ts';
import { requireOrdinary, resizedSize } from './geometry.ts';
import type { Preprocessing } from './preprocessing.ts';
import { cropTaps, filterTaps, type Taps } from './taps.ts';

/** ITU-R 601-2 luma, the weights of Pillow's `convert('L')`; they add up to 1. */
const LUMA = [19595 / 65536, 38470 / 65536, 7471 / 65536];

/** Units of a grey level that x is rounded to. */
const UNITS = 2 ** 16;

/** Units of rounding in float64. */
const ROUNDING = 2 ** -53;

/** Axes whose norms are kept: pictures of a data set share their sizes. */
const KEPT_NORMS = 256;

/** What is known of the file of a picture: pixels in [0,1], ℓ2 norms. */
export interface FilePixels {
  width: number;
  height: number;
  /** 1: the file is grey; 3: it has colours. */
  channels: 1 | 3;
  /** An upper bound of ‖A‖₂: a change of the file of length d changes the model's picture by at most `norm` · d. */
  norm: number;
  /** e: how far the model's picture is from A f at most. */
  error: number;
  /** ‖f − mean(f)‖₂ over all its values. */
  contrast: number;
  /** The same of the model's picture. */
  inputContrast: number;
}

/** An axis and the norm of its matrix. */
interface Axis {
  taps: Taps;
  norm: number;
}

const norms = new Map<string, number>();

/** The map of files of one size and one number of channels. */
export class FileMap {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** See {@link FilePixels}. */
  readonly norm: number;
  /** See {@link FilePixels}. */
  readonly error: number;
  readonly #horizontal: Taps;
  readonly #vertical: Taps;
  readonly #out: 1 | 3;

  /**
   * @throws RetrievalGuardError IMAGE_UNREADABLE for a strip too long to resize, PREPROCESSING_INVALID if the preprocessing leaves a picture of
   * another size than the model takes
   */
  constructor(file: ImageSize & { channels: 1 | 3 }, preprocessing: Preprocessing) {
    const { channels, resample, resize, centerCrop } = preprocessing;
    const size = resize ? resizedSize(file, resize) : file;
    requireOrdinary(file, size);
    const final = centerCrop ?? size;
    requireModelSize(final, preprocessing);
    const horizontal = axis(file.width, size.width, final.width, resample);
    const vertical = axis(file.height, size.height, final.height, resample);
    this.width = file.width;
    this.height = file.height;
    this.channels = file.channels;
    this.#out = channels;
    this.#horizontal = horizontal.taps;
    this.#vertical = vertical.taps;
    this.norm = horizontal.norm * vertical.norm * coloursNorm(file.channels, channels) * (1 + 1e-9);
    const terms = 3 + mostTerms(horizontal.taps) + mostTerms(vertical.taps);
    const sizes = largestSum(horizontal.taps) * largestSum(vertical.taps);
    const perValue = 1.001 * terms * ROUNDING * sizes + 1 / (2 * UNITS * 255);
    this.error = Math.sqrt(channels * final.height * final.width) * perValue * (1 + 1e-9);
  }

  /**
   * x: what the model sees of a file, CHW in [0,1], each pixel the float32 next to a whole number of 2^-16 grey level.
   *
   * @param file height × width × channels grey levels from 0 to 255, whole or not
   * @throws RetrievalGuardError OPTION_INVALID for another number of values
   */
  apply(file: ArrayLike<number>): Float32Array {
    this.#requireLength(file.length, this.height * this.width * this.channels);
    const [horizontal, vertical] = [this.#horizontal, this.#vertical];
    const area = vertical.count.length * horizontal.count.length;
    const out = new Float32Array(this.#out * area);
    for (const [p, weights] of this.#planes().entries()) {
      const plane = columns(rows(this.#plane(file, weights), horizontal, this.height), vertical);
      for (let i = 0; i < area; i++) {
        const level = Math.min(255, Math.max(0, plane[i]));
        out[p * area + i] = Math.round(level * UNITS) / (255 * UNITS);
      }
    }
    // a grey file in three channels
    for (let p = 1; this.channels === 1 && p < this.#out; p++) out.copyWithin(p * area, 0, area);
    return out;
  }

  /**
   * Aᵀ g: the gradient in the file's pixels of a function with gradient g in the model's; clipping is left out.
   *
   * @param gradient CHW, as many values as the model takes
   * @returns height × width × channels values
   * @throws RetrievalGuardError OPTION_INVALID for another number of values
   */
  pullBack(gradient: ArrayLike<number>): Float64Array {
    const [horizontal, vertical] = [this.#horizontal, this.#vertical];
    const area = vertical.count.length * horizontal.count.length;
    this.#requireLength(gradient.length, this.#out * area);
    const { channels } = this;
    const out = new Float64Array(this.height * this.width * channels);
    for (let p = 0; p < this.#out; p++) {
      const plane = Float64Array.from({ length: area }, (_, i) => gradient[p * area + i]);
      const back = spreadRows(spreadColumns(plane, vertical), horizontal, this.height);
      const weights = channels === 1 ? [1] : this.#planes()[p];
      for (let i = 0; i < back.length; i++)
        for (let c = 0; c < channels; c++) out[i * channels + c] += weights[c] * back[i];
    }
    return out;
  }

  /** For each plane that is resized the weights of the file's channels in it. */
  #planes(): number[][] {
    if (this.channels === 1) return [[1]];
    if (this.#out === 1) return [LUMA];
    return [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];
  }

  #plane(file: ArrayLike<number>, weights: readonly number[]): Float64Array {
    const { channels } = this;
    const plane = new Float64Array(this.height * this.width);
    for (const [c, weight] of weights.entries())
      if (weight !== 0) for (let i = 0; i < plane.length; i++) plane[i] += weight * file[i * channels + c];
    return plane;
  }

  #requireLength(got: number, expected: number): void {
    if (got !== expected)
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: `${expected} values`,
        got: String(got),
      });
  }
}

/**
 * ‖v − mean(v)‖₂ over all values, in pixels of [0,1]: a change of this length in ℓ2 norm is enough to make a picture uniform.
 *
 * @param white the value of white among `values`
 */
export function contrastOf(values: ArrayLike<number>, white: number): number {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < values.length; i++) sum += values[i];
  const mean = sum / values.length;
  for (let i = 0; i < values.length; i++) squares += (values[i] - mean) ** 2;
  return Math.sqrt(squares) / white;
}

/** What is known of a file, its map and what that makes of it. */
export function filePixels(file: ByteImage, { norm, error }: FileMap, pixels: Float32Array): FilePixels {
  const { width, height, channels, data } = file;
  const contrasts = { contrast: contrastOf(data, 255), inputContrast: contrastOf(pixels, 1) };
  return { width, height, channels, norm, error, ...contrasts };
}

/** @throws RetrievalGuardError PREPROCESSING_INVALID */
function requireModelSize(got: ImageSize, { height, width }: Preprocessing): void {
  if (got.height === height && got.width === width) return;
  throw new RetrievalGuardError('PREPROCESSING_INVALID', {
    expected: `pictures of ${height}×${width} (height × width) after preprocessing`,
    got: `${got.height}×${got.width}`,
    fix: 'Resize to that size, or add a center crop.',
  });
}

function axis(input: number, resized: number, final: number, filter: Preprocessing['resample']): Axis {
  const taps = filterTaps(input, resized, filter);
  const cropped = final === resized ? taps : cropTaps(taps, Math.floor((resized - final) / 2), final);
  const name = `${input} ${resized} ${final} ${filter}`;
  const norm = norms.get(name) ?? axisNorm(cropped);
  for (const oldest of norms.keys()) {
    if (norms.size < KEPT_NORMS) break;
    norms.delete(oldest);
  }
  norms.set(name, norm);
  return { taps: cropped, norm };
}

function coloursNorm(file: 1 | 3, model: 1 | 3): number {
  if (file === model) return 1;
  return model === 3 ? Math.sqrt(3) : Math.hypot(...LUMA);
}

const mostTerms = ({ count }: Taps): number => count.reduce((most, terms) => Math.max(most, terms), 0);

/** The largest Σ|weight| of a row. */
function largestSum({ count, weights, stride }: Taps): number {
  let most = 0;
  for (const [i, terms] of count.entries()) {
    let sum = 0;
    for (let t = 0; t < terms; t++) sum += Math.abs(weights[i * stride + t]);
    most = Math.max(most, sum);
  }
  return most;
}

/** Each row of a plane of `height` rows through the horizontal axis. */
function rows(
  plane: Float64Array,
  { inputLength, first, count, weights, stride }: Taps,
  height: number,
): RowsOf {
  const width = count.length;
  const out = new Float64Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = y * inputLength + first[x];
      let sum = 0;
      for (let t = 0; t < count[x]; t++) sum += weights[x * stride + t] * plane[from + t];
      out[y * width + x] = sum;
    }
  }
  return { plane: out, width };
}

/** A plane and how long its rows are. */
interface RowsOf {
  plane: Float64Array;
  width: number;
}

/** Each column of a plane through the vertical axis; a row at once, so that memory is read in order. */
function columns({ plane, width }: RowsOf, { first, count, weights, stride }: Taps): Float64Array {
  const height = count.length;
  const out = new Float64Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let t = 0; t < count[y]; t++) {
      const weight = weights[y * stride + t];
      const from = (first[y] + t) * width;
      for (let x = 0; x < width; x++) out[y * width + x] += weight * plane[from + x];
    }
  }
  return out;
}

/** The transpose of {@link columns}. */
function spreadColumns(plane: Float64Array, { inputLength, first, count, weights, stride }: Taps): RowsOf {
  const width = plane.length / count.length;
  const out = new Float64Array(inputLength * width);
  for (const [y, terms] of count.entries()) {
    for (let t = 0; t < terms; t++) {
      const weight = weights[y * stride + t];
      const to = (first[y] + t) * width;
      for (let x = 0; x < width; x++) out[to + x] += weight * plane[y * width + x];
    }
  }
  return { plane: out, width };
}

/** The transpose of {@link rows}. */
function spreadRows(
  { plane, width }: RowsOf,
  { inputLength, first, count, weights, stride }: Taps,
  height: number,
): Float64Array {
  const out = new Float64Array(height * inputLength);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const to = y * inputLength + first[x];
      for (let t = 0; t < count[x]; t++) out[to + t] += weights[x * stride + t] * plane[y * width + x];
    }
  }
  return out;
}
