/** The little of the WebAssembly JavaScript API that the kernel needs, typed without the DOM library. */

/** A linear memory. */
export interface WasmMemory {
  /** Replaced by a longer one when the memory grows; the old one is then detached. */
  readonly buffer: ArrayBuffer;
  /** Adds pages of 64 KiB; throws RangeError when the host refuses. */
  grow(pages: number): number;
}

/** The constructors and functions in use. */
interface WasmApi {
  compile(bytes: Uint8Array): Promise<object>;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

/** `globalThis.WebAssembly`, in Node and in browsers. */
export const wasm = (globalThis as unknown as { WebAssembly: WasmApi }).WebAssembly;

/** What src/kernel/assembly/index.ts exports; pointers and counts are unsigned 32-bit. */
export interface KernelExports {
  readonly memory: WasmMemory;
  heapBase(): number;
  gaussian(
    ...args: [
      ...key: [seedLow: number, seedHigh: number, queryLow: number, queryHigh: number, phase: number],
      ...first: [low: number, high: number],
      count: number,
      dimension: number,
      out: number,
    ]
  ): void;
  perturb(
    ...args: [
      ...key: [seedLow: number, seedHigh: number, queryLow: number, queryHigh: number, phase: number],
      ...first: [low: number, high: number],
      count: number,
      channels: number,
      plane: number,
      base: number,
      scale: number,
      out: number,
    ]
  ): void;
  combine(
    base: number,
    scale: number,
    channels: number,
    plane: number,
    noise: number,
    count: number,
    out: number,
  ): void;
  planes(
    src: number,
    height: number,
    width: number,
    channels: number,
    table: number,
    mirror: boolean,
    out: number,
  ): void;
  resample(
    ...args: [
      ...source: [src: number, stride: number, width: number, channels: number],
      ...rows: [first: number, count: number, weights: number, taps: number, length: number],
      ...columns: [first: number, count: number, weights: number, taps: number, length: number],
      ...values: [scale: number, offset: number],
      mirror: boolean,
      scratch: number,
      out: number,
    ]
  ): void;
  warp(
    ...args: [
      ...source: [src: number, height: number, width: number, channels: number],
      ...column: [perColumn: number, perRow: number, origin: number],
      ...row: [perColumn: number, perRow: number, origin: number],
      outside: number,
      out: number,
    ]
  ): void;
  normalizeRows(src: number, rows: number, width: number, dst: number): number;
  rowFault(src: number, width: number): number;
  addRowsFixedPoint(src: number, rows: number, width: number, acc: number): number;
  labelAbove(scores: number, bias: number, labels: number, count: number, level: number): number;
  maxBiased(scores: number, bias: number, count: number): number;
  maxWeighted(
    scores: number,
    index: number,
    anchor: number,
    weight: number,
    offset: number,
    count: number,
  ): number;
  maxWeightedAll(scores: number, anchor: number, weight: number, offset: number, count: number): number;
}
