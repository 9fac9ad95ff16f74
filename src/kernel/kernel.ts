/**
 * The WebAssembly SIMD kernel: noise, the statistics that run once per sample, and the pictures of training.
 *
 * A pointer is a byte offset into the kernel's memory, a multiple of 4 (of 8 for i64). Methods check that what they
 * are given lies inside the memory, not that it was allocated or that regions stay apart.
 */
import { RetrievalGuardError } from '../errors.ts';
import { checkSamples, type NoiseKey } from '../noise/stream.ts';
import { KERNEL_BASE64 } from './kernel.generated.ts';
import { type KernelExports, wasm } from './webassembly.ts';

/** A byte offset into the memory of a {@link Kernel}. */
export type Pointer = number;

/** What is wrong with a row of embeddings: a NaN or infinite value, or a norm below 1e-12. */
export type RowFault = 'none' | 'not-finite' | 'zero';

/** Which samples to draw. */
export interface SampleRange {
  key: NoiseKey;
  /** Index of the first sample, 0 to 2^48 − 1. */
  firstSample: number;
  /** Rows, ≥ 0. */
  count: number;
}

/** An image, see affineNoise of src/noise: base is channels × plane f32, scale is channels f32. */
export interface AffinePointers {
  base: Pointer;
  scale: Pointer;
  channels: number;
  plane: number;
}

/** A picture's shape. */
export interface PictureShape {
  height: number;
  width: number;
  channels: 1 | 3;
}

/** For one axis of {@link Kernel.resample}: which input samples each of `length` output samples sums. */
export interface AxisTaps {
  /** [length] i32: the first input sample. */
  first: Pointer;
  /** [length] i32: how many, at most `taps`. */
  count: Pointer;
  /** [length × taps] f32. */
  weights: Pointer;
  taps: number;
  length: number;
}

/** Where an output pixel takes its value: row and column of the input, each perColumn·x + perRow·y + origin. */
export interface InverseMap {
  /** perColumn, perRow, origin of the input's column. */
  readonly column: readonly [number, number, number];
  /** perColumn, perRow, origin of the input's row. */
  readonly row: readonly [number, number, number];
}

/** Bytes after the last row of a picture that {@link Kernel.resample} may read. */
export const RESAMPLE_SLACK = 16;

/** Fixed point of {@link Kernel.addRowsFixedPoint}: the integer 2^33 stands for 1. */
export const FIXED_POINT_ONE = 2 ** 33;

const PAGE = 65536;
const ALIGNMENT = 64;
const FAULTS: readonly RowFault[] = ['none', 'not-finite', 'zero'];

function bytes(): Uint8Array {
  return Uint8Array.from(atob(KERNEL_BASE64), (character) => character.charCodeAt(0));
}

function invalid(expected: string, got: string, fix?: string): RetrievalGuardError {
  return new RetrievalGuardError('OPTION_INVALID', { expected, got, fix });
}

/**
 * One instance of the module with its own memory (not shared). Not safe for use by two threads: one per worker.
 *
 * Growing the memory detaches every typed array on it. So allocate everything first, then take views;
 * {@link Kernel.allocate} is the only method that grows it.
 */
export class Kernel {
  readonly #exports: KernelExports;
  readonly #heapBase: number;
  #next: number;

  private constructor(module: object) {
    this.#exports = new wasm.Instance(module).exports as KernelExports;
    this.#heapBase = Math.ceil(this.#exports.heapBase() / ALIGNMENT) * ALIGNMENT;
    this.#next = this.#heapBase;
  }

  /** A kernel with fresh memory. */
  static async create(): Promise<Kernel> {
    return new Kernel(await wasm.compile(bytes()));
  }

  /** The same, compiled on the spot; browsers may refuse it on their main thread. */
  static createSync(): Kernel {
    return new Kernel(new wasm.Module(bytes()));
  }

  /** The memory's current buffer; another one after growth. */
  get buffer(): ArrayBuffer {
    return this.#exports.memory.buffer;
  }

  /**
   * Reserves `size` bytes, aligned to 64, contents undefined. Never freed except by {@link Kernel.reset}.
   * May grow the memory, which detaches all views taken before.
   *
   * @throws RetrievalGuardError OPTION_INVALID for a size that is no integer ≥ 0, or beyond what the host grants (4 GiB at most)
   */
  allocate(size: number): Pointer {
    if (!Number.isSafeInteger(size) || size < 0) throw invalid('a size >= 0 in bytes', `size = ${size}`);
    const pointer = this.#next;
    const end = pointer + Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    const missing = end - this.buffer.byteLength;
    if (missing > 0) {
      try {
        this.#exports.memory.grow(Math.ceil(missing / PAGE));
      } catch (cause) {
        throw new RetrievalGuardError('OPTION_INVALID', {
          expected: 'a size that the memory can grow by',
          got: `size = ${size} beyond ${pointer} bytes in use`,
          fix: 'Use smaller batches.',
          cause,
        });
      }
    }
    this.#next = end;
    return pointer;
  }

  /** Forgets all allocations; the memory keeps its size and views stay attached. */
  reset(): void {
    this.#next = this.#heapBase;
  }

  /** `length` f32 at `pointer`, a view until the memory grows. */
  f32(pointer: Pointer, length: number): Float32Array<ArrayBuffer> {
    this.#inside(pointer, 4, length);
    return new Float32Array(this.buffer, pointer, length);
  }

  /** `length` bytes at `pointer`, a view until the memory grows. */
  u8(pointer: Pointer, length: number): Uint8Array<ArrayBuffer> {
    this.#inside(pointer, 1, length);
    return new Uint8Array(this.buffer, pointer, length);
  }

  /** `length` i32 at `pointer`, a view until the memory grows. */
  i32(pointer: Pointer, length: number): Int32Array<ArrayBuffer> {
    this.#inside(pointer, 4, length);
    return new Int32Array(this.buffer, pointer, length);
  }

  /** `length` i64 at `pointer` (a multiple of 8), a view until the memory grows. */
  i64(pointer: Pointer, length: number): BigInt64Array<ArrayBuffer> {
    this.#inside(pointer, 8, length);
    return new BigInt64Array(this.buffer, pointer, length);
  }

  /**
   * Standard normal noise: `count` rows of `dimension` f32 to `out`, the bits of gaussianSample.
   *
   * @throws RetrievalGuardError OPTION_INVALID for bad samples or regions outside the memory
   */
  gaussian({
    key,
    firstSample,
    count,
    dimension,
    out,
  }: SampleRange & { dimension: number; out: Pointer }): void {
    checkSamples(firstSample, count);
    if (dimension < 1) throw invalid('dimension >= 1', `dimension = ${dimension}`);
    this.#inside(out, 4, count, dimension);
    const { seedLow, seedHigh, queryLow, queryHigh, phase } = key;
    const [low, high] = [firstSample % 2 ** 32, Math.floor(firstSample / 2 ** 32)];
    this.#exports.gaussian(seedLow, seedHigh, queryLow, queryHigh, phase, low, high, count, dimension, out);
  }

  /**
   * Noisy copies of an image: `count` rows of base + scale[c]·z to `out`, the bits of perturbReference.
   * Nothing is written outside the rows.
   *
   * @throws RetrievalGuardError OPTION_INVALID for bad samples or regions outside the memory
   */
  perturb(options: SampleRange & AffinePointers & { out: Pointer }): void {
    const { key, firstSample, count, channels, plane, base, scale, out } = options;
    checkSamples(firstSample, count);
    this.#affine(options);
    this.#inside(out, 4, count, channels, plane);
    const { seedLow, seedHigh, queryLow, queryHigh, phase } = key;
    const [low, high] = [firstSample % 2 ** 32, Math.floor(firstSample / 2 ** 32)];
    this.#exports.perturb(
      seedLow,
      seedHigh,
      queryLow,
      queryHigh,
      phase,
      low,
      high,
      count,
      channels,
      plane,
      base,
      scale,
      out,
    );
  }

  /**
   * The same from `count` rows of z at `noise`, drawn before by {@link Kernel.gaussian}: the same bits.
   * `out` may be `noise`.
   *
   * @throws RetrievalGuardError OPTION_INVALID for regions outside the memory
   */
  combine(options: AffinePointers & { noise: Pointer; count: number; out: Pointer }): void {
    const { base, scale, channels, plane, noise, count, out } = options;
    this.#affine(options);
    this.#inside(noise, 4, count, channels, plane);
    this.#inside(out, 4, count, channels, plane);
    this.#exports.combine(base, scale, channels, plane, noise, count, out);
  }

  /**
   * Channel planes of a picture of interleaved bytes at `source`: byte v of channel c becomes table[c][v], f32. With
   * `mirror` left and right are exchanged. `table` is channels × 256 f32, `out` channels × height × width f32.
   *
   * @throws RetrievalGuardError OPTION_INVALID for regions outside the memory
   */
  planes(options: PictureShape & { source: Pointer; table: Pointer; mirror: boolean; out: Pointer }): void {
    const { source, height, width, channels, table, mirror, out } = options;
    this.#inside(source, 1, height, width, channels);
    this.#inside(table, 4, channels, 256);
    this.#inside(out, 4, channels, height, width);
    this.#exports.planes(source, height, width, channels, table, mirror, out);
  }

  /**
   * Resizes `height` rows of `width` pixels of interleaved bytes, `stride` bytes from row to row, to channel planes: each
   * sum v over the taps becomes v·scale[c] + offset[c], in f32. `scale` and `offset` are 4 f32 (the last one, or three,
   * not used); `scratch` has room for width · channels + 16 f32; `out` is channels × rows.length × columns.length f32.
   * What the taps hold is not checked: they must stay inside the rows and columns.
   *
   * @throws RetrievalGuardError OPTION_INVALID for regions outside the memory ({@link RESAMPLE_SLACK} bytes after the last row count too)
   */
  resample(
    options: PictureShape & {
      source: Pointer;
      stride: number;
      rows: AxisTaps;
      columns: AxisTaps;
      scale: Pointer;
      offset: Pointer;
      mirror: boolean;
      scratch: Pointer;
      out: Pointer;
    },
  ): void {
    const { source, stride, height, width, channels, rows, columns, scale, offset, mirror, scratch, out } =
      options;
    this.#inside(source, 1, stride * (height - 1) + width * channels + RESAMPLE_SLACK);
    for (const { first, count, weights, taps, length } of [rows, columns]) {
      this.#inside(first, 4, length);
      this.#inside(count, 4, length);
      this.#inside(weights, 4, length, taps);
    }
    this.#inside(scale, 4, 4);
    this.#inside(offset, 4, 4);
    this.#inside(scratch, 4, width * channels + RESAMPLE_SLACK);
    this.#inside(out, 4, channels, rows.length, columns.length);
    const axis = ({ first, count, weights, taps, length }: AxisTaps) =>
      [first, count, weights, taps, length] as const;
    this.#exports.resample(
      source,
      stride,
      width,
      channels,
      ...axis(rows),
      ...axis(columns),
      scale,
      offset,
      mirror,
      scratch,
      out,
    );
  }

  /**
   * Maps channel planes, bilinearly between the four nearest pixels: see {@link InverseMap}. Pixels outside the picture are
   * outside[c], `channels` f32, or the nearest pixel inside where `outside` is null. `out` must not overlap `source`.
   *
   * @throws RetrievalGuardError OPTION_INVALID for regions outside the memory
   */
  warp(
    options: PictureShape & { source: Pointer; map: InverseMap; outside: Pointer | null; out: Pointer },
  ): void {
    const { source, height, width, channels, map, outside, out } = options;
    this.#inside(source, 4, channels, height, width);
    this.#inside(out, 4, channels, height, width);
    if (outside !== null) this.#inside(outside, 4, channels);
    this.#exports.warp(source, height, width, channels, ...map.column, ...map.row, outside ?? 0, out);
  }

  /**
   * Divides each of `rows` rows of `width` f32 by its Euclidean norm, to `dst` (may be `src`).
   * The norm is summed in f64 in a fixed order: four partial sums (element i in sum i mod 4), then (0 + 2) + (1 + 3);
   * each value is multiplied by 1/norm in f64 and rounded once. A row's bits do not depend on the other rows.
   *
   * @returns −1, or the index of the first row that {@link Kernel.rowFault} finds fault with; rows before it are written
   * @throws RetrievalGuardError OPTION_INVALID for regions outside the memory
   */
  normalizeRows(src: Pointer, rows: number, width: number, dst: Pointer): number {
    this.#inside(src, 4, rows, width);
    this.#inside(dst, 4, rows, width);
    return this.#exports.normalizeRows(src, rows, width, dst);
  }

  /**
   * What is wrong with one row of `width` f32, if anything.
   *
   * @throws RetrievalGuardError OPTION_INVALID for a region outside the memory
   */
  rowFault(src: Pointer, width: number): RowFault {
    this.#inside(src, 4, width);
    return FAULTS[this.#exports.rowFault(src, width)];
  }

  /**
   * acc[j] += round(2^33·src[row][j]) over `rows` rows of `width` f32, ties to even; `acc` is `width` i64.
   * Integers add up in any order to the same bits. A column overflows at a sum of 2^23, that is after 8 million ones.
   *
   * @returns −1, or the first row with a value that is NaN or outside [−1024, 1024]; then nothing was added
   * @throws RetrievalGuardError OPTION_INVALID for regions outside the memory
   */
  addRowsFixedPoint(src: Pointer, rows: number, width: number, acc: Pointer): number {
    this.#inside(src, 4, rows, width);
    this.#inside(acc, 8, width);
    return this.#exports.addRowsFixedPoint(src, rows, width, acc);
  }

  /**
   * max over i of scores[i] + bias[i], `count` f32 each, in f32; −Infinity for count 0. A bias of −Infinity leaves an
   * item out. Sums that are NaN are passed over; −0 is returned as 0.
   *
   * @throws RetrievalGuardError OPTION_INVALID for regions outside the memory
   */
  maxBiased(scores: Pointer, bias: Pointer, count: number): number {
    this.#inside(scores, 4, count);
    this.#inside(bias, 4, count);
    return this.#exports.maxBiased(scores, bias, count);
  }

  /**
   * max over m of weight[m]·(scores[index[m]] − scores[anchor[m]] + offset[m]), in f32, left to right; −Infinity for
   * count 0. `index` and `anchor` are `count` i32 into scores, not checked here; weight and offset are `count` f32.
   * NaN is passed over; −0 is returned as 0.
   *
   * @throws RetrievalGuardError OPTION_INVALID for regions outside the memory
   */
  maxWeighted(
    scores: Pointer,
    index: Pointer,
    anchor: Pointer,
    weight: Pointer,
    offset: Pointer,
    count: number,
  ): number {
    for (const pointer of [index, anchor, weight, offset]) this.#inside(pointer, 4, count);
    return this.#exports.maxWeighted(scores, index, anchor, weight, offset, count);
  }

  /**
   * {@link maxWeighted} where index[m] = m, without its gathering: `count` f32 scores. An offset of −Infinity leaves an
   * item out.
   *
   * @throws RetrievalGuardError OPTION_INVALID for regions outside the memory
   */
  maxWeightedAll(scores: Pointer, anchor: Pointer, weight: Pointer, offset: Pointer, count: number): number {
    for (const pointer of [scores, anchor, weight, offset]) this.#inside(pointer, 4, count);
    return this.#exports.maxWeightedAll(scores, anchor, weight, offset, count);
  }

  /**
   * The label of all items with scores[i] + bias[i] ≥ level (f32); −1 when no item is there, or two with different
   * labels. `labels` are `count` i32 ≥ 0, `level` is rounded to f32.
   *
   * @throws RetrievalGuardError OPTION_INVALID for regions outside the memory
   */
  labelAbove(scores: Pointer, bias: Pointer, labels: Pointer, count: number, level: number): number {
    for (const pointer of [scores, bias, labels]) this.#inside(pointer, 4, count);
    return this.#exports.labelAbove(scores, bias, labels, count, level);
  }

  #affine({ base, scale, channels, plane }: AffinePointers): void {
    if (!(channels >= 1 && plane >= 1))
      throw invalid('channels >= 1 and plane >= 1', `channels = ${channels}, plane = ${plane}`);
    this.#inside(base, 4, channels, plane);
    this.#inside(scale, 4, channels);
  }

  /** Checks a region of values of `size` bytes; the number of values is the product of the counts. */
  #inside(pointer: Pointer, size: number, count: number, times = 1, timesToo = 1): void {
    // called for every sample: no allocations
    const length = count * times * timesToo;
    const whole =
      isCount(pointer) &&
      isCount(count) &&
      isCount(times) &&
      isCount(timesToo) &&
      Number.isSafeInteger(length);
    const end = pointer + length * size;
    if (!whole || pointer < this.#heapBase || pointer % size !== 0 || end > this.buffer.byteLength)
      throw invalid(
        `an aligned region from byte ${this.#heapBase} to ${this.buffer.byteLength} of the kernel's memory`,
        `pointer = ${pointer}, ${count} x ${times} x ${timesToo} values of ${size} bytes`,
        'Pass pointers that allocate() returned.',
      );
  }
}

/** An integer ≥ 0. */
const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
