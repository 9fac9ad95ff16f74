/**
 * Where one picture at a time becomes a row of a batch, in a WebAssembly memory: bytes to normalised
 * channel planes (as they are, or a rectangle of them resized), then a map if wanted, then noise.
 *
 * Planes are normalised first, (x − mean)/std, and everything after is linear in them; a picture that is neither
 * resized nor mapped has the very bits that certify gives the encoder.
 */
import { RetrievalGuardError } from '../../../errors.ts';
import type { ByteImage, Preprocessing } from '../../../image/index.ts';
import { KernelMemory, type Pointer } from '../../../kernel/index.ts';
import { affineNoise, type NoiseKey } from '../../../noise/index.ts';
import { NoiseKernel } from '../../../noise/noise-kernel.ts';
import { bilinearTaps } from './bilinear-taps.ts';
import {
  type AxisTaps,
  type InverseMap,
  PictureKernel,
  type PictureShape,
  RESAMPLE_SLACK,
} from './picture-kernel.ts';
import type { Rectangle } from './random-resized-crop.ts';

/** Options of {@link Canvas}. */
export interface CanvasOptions {
  readonly preprocessing: Preprocessing;
  /** Standard deviation of the noise in [0,1] pixel units, finite and ≥ 0. */
  readonly sigma: number;
  /** What lies outside a mapped picture: the nearest pixel inside (the default), or a value in [0,1]. */
  readonly border?: 'edge' | number;
}

/** One picture at the size that the model takes; one canvas a thread. */
export class Canvas {
  readonly #memory = KernelMemory.createSync();
  readonly #pictures = new PictureKernel(this.#memory);
  readonly #noise = new NoiseKernel(this.#memory);
  readonly #shape: PictureShape;
  /** Values of the picture: channels · height · width. */
  readonly #size: number;
  readonly #sigma: number;
  /** [channels × 256] normalised value of each byte. */
  readonly #table: Pointer;
  /** [4] each: normalised value = byte · slope + offset. */
  readonly #slope: Pointer;
  readonly #offset: Pointer;
  /** [channels] σ / std. */
  readonly #noiseScale: Pointer;
  /** [channels] normalised value of the border; null for the edge. */
  readonly #outside: Pointer | null;
  /** The picture, and where the next stage puts it. */
  #planes: Pointer;
  #next: Pointer;
  /** Room for what depends on the size of the source. */
  #room: Pointer = 0;
  #roomSize = 0;

  /** @throws RetrievalGuardError OPTION_INVALID unless sigma is finite and ≥ 0 */
  constructor({ preprocessing, sigma, border = 'edge' }: CanvasOptions) {
    const { channels, height, width, mean, std } = preprocessing;
    this.#shape = { channels, height, width };
    this.#size = channels * height * width;
    this.#sigma = sigma;
    const bytes = Float32Array.from({ length: channels * 256 }, (_, i) => (i % 256) / 255);
    const { base, scale } = affineNoise(bytes, sigma, preprocessing);
    this.#table = this.#store(base);
    this.#slope = this.#store(four(std.map((s) => 1 / (255 * s))));
    this.#offset = this.#store(four(std.map((s, c) => -mean[c] / s)));
    this.#noiseScale = this.#store(scale);
    this.#outside =
      border === 'edge' ? null : this.#store(Float32Array.from(std, (s, c) => (border - mean[c]) / s));
    this.#planes = this.#memory.allocate(4 * this.#size);
    this.#next = this.#memory.allocate(4 * this.#size);
  }

  /** Puts a picture of the model's size on the canvas; `mirror` exchanges left and right. */
  fill({ data, height, width }: ByteImage, mirror = false): void {
    if (height !== this.#shape.height || width !== this.#shape.width || data.length !== this.#size) {
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: `a picture of ${this.#shape.height}×${this.#shape.width} (height × width) and ${this.#shape.channels} channels`,
        got: `${height}×${width}, ${data.length} bytes`,
      });
    }
    const source = this.#reserve(this.#size);
    this.#memory.u8(source, this.#size).set(data);
    this.#pictures.planes({ source, ...this.#shape, table: this.#table, mirror, out: this.#planes });
  }

  /** Puts a rectangle of a picture on the canvas, resized bilinearly with antialiasing; `mirror` as in {@link Canvas.fill}. */
  fillResized({ data, width, channels }: ByteImage, from: Rectangle, mirror = false): void {
    const stride = width * channels;
    const rows = bilinearTaps(from.height, this.#shape.height);
    const columns = bilinearTaps(from.width, this.#shape.width);
    const pixels = data.subarray(from.top * stride, (from.top + from.height) * stride);
    const scratchLength = from.width * channels + RESAMPLE_SLACK;
    const parts = [rows.first, rows.count, rows.weights, columns.first, columns.count, columns.weights];
    const tapBytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
    const scratch = this.#reserve(4 * scratchLength + tapBytes + pixels.length + RESAMPLE_SLACK);
    let at = scratch + 4 * scratchLength;
    const put = (part: Int32Array | Float32Array): Pointer => {
      const pointer = at;
      if (part instanceof Int32Array) this.#memory.i32(pointer, part.length).set(part);
      else this.#memory.f32(pointer, part.length).set(part);
      at += part.byteLength;
      return pointer;
    };
    const axis = ({ first, count, weights, stride: taps }: typeof rows): AxisTaps => ({
      first: put(first),
      count: put(count),
      weights: put(weights),
      taps,
      length: first.length,
    });
    const taps = { rows: axis(rows), columns: axis(columns) };
    this.#memory.u8(at, pixels.length).set(pixels);
    this.#pictures.resample({
      source: at + from.left * channels,
      stride,
      height: from.height,
      width: from.width,
      channels,
      ...taps,
      scale: this.#slope,
      offset: this.#offset,
      mirror,
      scratch,
      out: this.#planes,
    });
  }

  /** Maps what is on the canvas. */
  warp(map: InverseMap): void {
    const [source, out] = [this.#planes, this.#next];
    this.#pictures.warp({ source, ...this.#shape, map, outside: this.#outside, out });
    this.#planes = out;
    this.#next = source;
  }

  /**
   * The canvas with sample `index` of the noise of `key` added, (x + σz − mean)/std, as the encoder gets noisy pictures
   * everywhere in this package; without noise at sigma 0. Never clipped: a certificate needs the noise to be Gaussian.
   * [channels, height, width], a view until the next call of any method.
   */
  noisy(key: NoiseKey, index: number): Float32Array {
    if (this.#sigma === 0) return this.#memory.f32(this.#planes, this.#size);
    const { channels, height, width } = this.#shape;
    this.#noise.perturb({
      key,
      firstSample: index,
      count: 1,
      channels,
      plane: height * width,
      base: this.#planes,
      scale: this.#noiseScale,
      out: this.#next,
    });
    return this.#memory.f32(this.#next, this.#size);
  }

  #store(values: Float32Array): Pointer {
    const pointer = this.#memory.allocate(values.byteLength);
    this.#memory.f32(pointer, values.length).set(values);
    return pointer;
  }

  /** At least `bytes` of room. What was given before is lost; rooms that became too small add up to less than the last. */
  #reserve(bytes: number): Pointer {
    if (bytes > this.#roomSize) {
      this.#roomSize = Math.max(bytes, 2 * this.#roomSize);
      this.#room = this.#memory.allocate(this.#roomSize);
    }
    return this.#room;
  }
}

/** One value a channel, in the four lanes of a vector. */
function four(values: readonly number[]): Float32Array {
  return Float32Array.from({ length: 4 }, (_, lane) => values[lane] ?? 0);
}
