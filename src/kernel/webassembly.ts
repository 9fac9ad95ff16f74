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
