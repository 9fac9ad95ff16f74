/** What runs once per sample, in WebAssembly (assembly/): rows of embeddings, and the scores of a row. */
import type { KernelMemory, Pointer } from '../kernel/index.ts';

/** What assembly/rows.ts and assembly/scores.ts export: each method below, with −1 for undefined. */
type CountingExports = {
  readonly [Name in Exclude<keyof CountingKernel, 'memory'>]: (
    ...args: Parameters<CountingKernel[Name]>
  ) => number;
};

const unlessNegative = (found: number): number | undefined => (found < 0 ? undefined : found);

/** Works on rows and scores in a memory. */
export class CountingKernel {
  readonly memory: KernelMemory;
  readonly #exports: CountingExports;

  constructor(memory: KernelMemory) {
    this.memory = memory;
    this.#exports = memory.exports as CountingExports;
  }

  /**
   * Divides each of `rows` rows of `width` f32 by its Euclidean norm, to `dst` (may be `src`).
   * The norm is summed in f64 in a fixed order: four partial sums (element i in sum i mod 4), then (0 + 2) + (1 + 3);
   * each value is multiplied by 1/norm in f64 and rounded once. A row's bits do not depend on the other rows.
   *
   * @returns the index of the first row with a NaN or infinite value, or a norm below 1e-12, if any; rows before it are written
   * @throws RetrievalGuardError OPTION_INVALID for regions outside the memory
   */
  normalizeRows(src: Pointer, rows: number, width: number, dst: Pointer): number | undefined {
    this.memory.checkRegion(src, 4, rows, width);
    this.memory.checkRegion(dst, 4, rows, width);
    return unlessNegative(this.#exports.normalizeRows(src, rows, width, dst));
  }

  /**
   * acc[j] += round(2^33·src[row][j]) over `rows` rows of `width` f32, ties to even; `acc` is `width` i64, in units of 1/FIXED_POINT.
   * Integers add up in any order to the same bits. A column overflows at a sum of 2^30, that is after 10^9 ones.
   *
   * @returns the first row with a value that is NaN or outside [−1024, 1024], if any; then nothing was added
   * @throws RetrievalGuardError OPTION_INVALID for regions outside the memory
   */
  addRowsFixedPoint(src: Pointer, rows: number, width: number, acc: Pointer): number | undefined {
    this.memory.checkRegion(src, 4, rows, width);
    this.memory.checkRegion(acc, 8, width);
    return unlessNegative(this.#exports.addRowsFixedPoint(src, rows, width, acc));
  }

  /**
   * max over i of scores[i] + bias[i], `count` f32 each, in f32; −Infinity for count 0. A bias of −Infinity leaves an
   * item out. Sums that are NaN are passed over; −0 is returned as 0.
   *
   * @throws RetrievalGuardError OPTION_INVALID for regions outside the memory
   */
  maxBiased(scores: Pointer, bias: Pointer, count: number): number {
    this.memory.checkRegion(scores, 4, count);
    this.memory.checkRegion(bias, 4, count);
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
    for (const pointer of [index, anchor, weight, offset]) this.memory.checkRegion(pointer, 4, count);
    return this.#exports.maxWeighted(scores, index, anchor, weight, offset, count);
  }

  /**
   * {@link maxWeighted} where index[m] = m, without its gathering: `count` f32 scores. An offset of −Infinity leaves an
   * item out.
   *
   * @throws RetrievalGuardError OPTION_INVALID for regions outside the memory
   */
  maxWeightedAll(scores: Pointer, anchor: Pointer, weight: Pointer, offset: Pointer, count: number): number {
    for (const pointer of [scores, anchor, weight, offset]) this.memory.checkRegion(pointer, 4, count);
    return this.#exports.maxWeightedAll(scores, anchor, weight, offset, count);
  }

  /**
   * The label of all items with scores[i] + bias[i] ≥ level (f32); undefined when no item is there, or two with different
   * labels. `labels` are `count` i32 ≥ 0, `level` is rounded to f32.
   *
   * @throws RetrievalGuardError OPTION_INVALID for regions outside the memory
   */
  labelAbove(
    scores: Pointer,
    bias: Pointer,
    labels: Pointer,
    count: number,
    level: number,
  ): number | undefined {
    for (const pointer of [scores, bias, labels]) this.memory.checkRegion(pointer, 4, count);
    return unlessNegative(this.#exports.labelAbove(scores, bias, labels, count, level));
  }

  /**
   * Lists the places i with scores[i] + bias[i] ≥ level (f32), ascending.
   *
   * @param out - [count] i32, of which as many are written as there are
   * @returns how many
   * @throws RetrievalGuardError OPTION_INVALID for regions outside the memory
   */
  itemsAbove(scores: Pointer, bias: Pointer, count: number, level: number, out: Pointer): number {
    for (const pointer of [scores, bias, out]) this.memory.checkRegion(pointer, 4, count);
    return this.#exports.itemsAbove(scores, bias, count, level, out);
  }
}
