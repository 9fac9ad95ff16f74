/**
 * The memory that the WebAssembly SIMD module and TypeScript share.
 *
 * The sources of the module stand beside what they make fast, in src/noise, src/smoothing and src/training/data/augment, each
 * below a class that checks arguments: NoiseKernel, ExactNoiseKernel, CountingKernel and PictureKernel, any of which may work on
 * one memory. They are one module, not four that import a memory, so that the compiler keeps their tables and scratch apart, and there
 * is one thing to build and load.
 *
 * A pointer is a byte offset into the memory, a multiple of the size of a value. The classes check that what they are given lies
 * inside the memory, not that it was allocated or that regions stay apart.
 */
import { RetrievalGuardError } from '../errors.ts';
import { KERNEL_BASE64 } from './kernel.generated.ts';

/** A byte offset into a {@link KernelMemory}. */
export type Pointer = number;

/** The little of the WebAssembly JavaScript API that is needed here, typed without the DOM library. */
interface WebAssemblyApi {
  compile(bytes: Uint8Array): Promise<object>;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

/** A linear memory. */
interface LinearMemory {
  /** Replaced by a longer one when the memory grows; the old one is then detached. */
  readonly buffer: ArrayBuffer;
  /** Adds pages of 64 KiB; throws RangeError when the host refuses. */
  grow(pages: number): number;
}

/** In Node and in browsers. */
const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: WebAssemblyApi };
const PAGE = 65536;
const ALIGNMENT = 64;

const bytes = (): Uint8Array => Uint8Array.from(atob(KERNEL_BASE64), (character) => character.charCodeAt(0));

/**
 * One instance of the module with its own memory (not shared). Not safe for use by two threads: one per worker.
 *
 * Growing the memory detaches every typed array on it. So allocate everything first, then take views;
 * {@link KernelMemory.allocate} is the only method that grows it.
 */
export class KernelMemory {
  /** What the module exports, pointers and counts unsigned 32-bit: each class above knows the type of its part. */
  readonly exports: unknown;
  readonly #memory: LinearMemory;
  readonly #heapBase: number;
  #next: number;

  private constructor(module: object) {
    const { exports } = new wasm.Instance(module);
    const { memory, heapBase } = exports as { memory: LinearMemory; heapBase: () => number };
    this.exports = exports;
    this.#memory = memory;
    this.#heapBase = Math.ceil(heapBase() / ALIGNMENT) * ALIGNMENT;
    this.#next = this.#heapBase;
  }

  /** Fresh memory. */
  static async create(): Promise<KernelMemory> {
    return new KernelMemory(await wasm.compile(bytes()));
  }

  /** The same, compiled on the spot; browsers may refuse it on their main thread. */
  static createSync(): KernelMemory {
    return new KernelMemory(new wasm.Module(bytes()));
  }

  /** The current buffer; another one after growth. */
  get buffer(): ArrayBuffer {
    return this.#memory.buffer;
  }

  /**
   * Reserves `size` bytes, aligned to 64, contents undefined. Never freed except by {@link KernelMemory.reset}.
   * May grow the memory, which detaches all views taken before.
   *
   * @throws RetrievalGuardError OPTION_INVALID for a size that is no integer ≥ 0, or beyond what the host grants (4 GiB at most)
   */
  allocate(size: number): Pointer {
    if (!Number.isSafeInteger(size) || size < 0)
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: 'a size >= 0 in bytes',
        got: `size = ${size}`,
      });
    const pointer = this.#next;
    const end = pointer + Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    const missing = end - this.buffer.byteLength;
    if (missing > 0) {
      try {
        this.#memory.grow(Math.ceil(missing / PAGE));
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
    this.checkRegion(pointer, 4, length);
    return new Float32Array(this.buffer, pointer, length);
  }

  /** `length` bytes at `pointer`, a view until the memory grows. */
  u8(pointer: Pointer, length: number): Uint8Array<ArrayBuffer> {
    this.checkRegion(pointer, 1, length);
    return new Uint8Array(this.buffer, pointer, length);
  }

  /** `length` i16 at `pointer`, a view until the memory grows. */
  i16(pointer: Pointer, length: number): Int16Array<ArrayBuffer> {
    this.checkRegion(pointer, 2, length);
    return new Int16Array(this.buffer, pointer, length);
  }

  /** `length` i32 at `pointer`, a view until the memory grows. */
  i32(pointer: Pointer, length: number): Int32Array<ArrayBuffer> {
    this.checkRegion(pointer, 4, length);
    return new Int32Array(this.buffer, pointer, length);
  }

  /** `length` i64 at `pointer` (a multiple of 8), a view until the memory grows. */
  i64(pointer: Pointer, length: number): BigInt64Array<ArrayBuffer> {
    this.checkRegion(pointer, 8, length);
    return new BigInt64Array(this.buffer, pointer, length);
  }

  /**
   * Checks a region of values of `size` bytes; the number of values is the product of the counts.
   *
   * @throws RetrievalGuardError OPTION_INVALID for a region outside the memory, or not aligned to `size`
   */
  checkRegion(pointer: Pointer, size: number, count: number, times = 1, timesToo = 1): void {
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
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: `an aligned region from byte ${this.#heapBase} to ${this.buffer.byteLength} of the kernel's memory`,
        got: `pointer = ${pointer}, ${count} x ${times} x ${timesToo} values of ${size} bytes`,
        fix: 'Pass pointers that allocate() returned.',
      });
  }
}

/** An integer ≥ 0. */
const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
