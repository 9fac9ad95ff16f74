/** Pictures in WebAssembly (assembly/): bytes to normalised channel planes, as they are or resized, and affine maps of planes. */
import type { KernelMemory, Pointer } from '../../../kernel/index.ts';

/** A picture's shape. */
export interface PictureShape {
  height: number;
  width: number;
  channels: 1 | 3;
}

/** For one axis of {@link PictureKernel.resample}: which input samples each of `length` output samples sums. */
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

/** Bytes after the last row of a picture that {@link PictureKernel.resample} may read. */
export const RESAMPLE_SLACK = 16;

/** What assembly/pictures.ts exports. */
interface PictureExports {
  planes(
    ...args: [
      ...source: [src: Pointer, height: number, width: number, channels: number],
      ...values: [table: Pointer, mirror: boolean, out: Pointer],
    ]
  ): void;
  resample(
    ...args: [
      ...source: [src: Pointer, stride: number, width: number, channels: number],
      ...rows: [first: Pointer, count: Pointer, weights: Pointer, taps: number, length: number],
      ...columns: [first: Pointer, count: Pointer, weights: Pointer, taps: number, length: number],
      ...values: [scale: Pointer, offset: Pointer, mirror: boolean, scratch: Pointer, out: Pointer],
    ]
  ): void;
  warp(
    ...args: [
      ...source: [src: Pointer, height: number, width: number, channels: number],
      ...InverseMap['column'],
      ...InverseMap['row'],
      ...values: [outside: Pointer, out: Pointer],
    ]
  ): void;
}

/** Works on pictures in a memory. */
export class PictureKernel {
  readonly #memory: KernelMemory;
  readonly #exports: PictureExports;

  constructor(memory: KernelMemory) {
    this.#memory = memory;
    this.#exports = memory.exports as PictureExports;
  }

  /**
   * Channel planes of a picture of interleaved bytes at `source`: byte v of channel c becomes table[c][v], f32. With
   * `mirror` left and right are exchanged. `table` is channels × 256 f32, `out` channels × height × width f32.
   *
   * @throws RetrievalGuardError OPTION_INVALID for regions outside the memory
   */
  planes(options: PictureShape & { source: Pointer; table: Pointer; mirror: boolean; out: Pointer }): void {
    const { source, height, width, channels, table, mirror, out } = options;
    this.#memory.checkRegion(source, 1, height, width, channels);
    this.#memory.checkRegion(table, 4, channels, 256);
    this.#memory.checkRegion(out, 4, channels, height, width);
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
    this.#memory.checkRegion(source, 1, stride * (height - 1) + width * channels + RESAMPLE_SLACK);
    for (const { first, count, weights, taps, length } of [rows, columns]) {
      this.#memory.checkRegion(first, 4, length);
      this.#memory.checkRegion(count, 4, length);
      this.#memory.checkRegion(weights, 4, length, taps);
    }
    this.#memory.checkRegion(scale, 4, 4);
    this.#memory.checkRegion(offset, 4, 4);
    this.#memory.checkRegion(scratch, 4, width * channels + RESAMPLE_SLACK);
    this.#memory.checkRegion(out, 4, channels, rows.length, columns.length);
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
    this.#memory.checkRegion(source, 4, channels, height, width);
    this.#memory.checkRegion(out, 4, channels, height, width);
    if (outside !== null) this.#memory.checkRegion(outside, 4, channels);
    this.#exports.warp(source, height, width, channels, ...map.column, ...map.row, outside ?? 0, out);
  }
}
