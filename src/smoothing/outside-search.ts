import { distance, dot } from '../certify/index.ts';
import type { CountingKernel } from './counting-kernel.ts';
import type { Outside } from './outside.ts';
import { TILE } from './protocol.ts';
import { ScoreProduct } from './scores.ts';
import { BLOCK, type Head, headErrors, NOWHERE } from './shared-gallery.ts';

/** Far more than the rounding of distances and squares of vectors of length about 1 in float64. */
const ROUNDING = 1e-9;

/** Room in the kernel's memory for a search; of one tile at a time. */
export interface SearchSpace {
  /** [TILE × rank + 1] f32 */
  rows: Float32Array;
  /** [rank + 1 × BLOCK] f32 */
  columns: Float32Array;
  /** [TILE × BLOCK] f32 */
  scores: Float32Array;
  /** [BLOCK] f32 and i32 */
  bias: Float32Array;
  found: Int32Array;
}

/**
 * Finds, for each embedding h of a tile, every item outside the scan whose score ⟨h,b⟩ − ‖b‖²/2 may reach a level: by the upper bound
 * ⟨y_h,y_b⟩ + ‖ρ_h‖‖ρ_b‖ − ‖b‖²/2 from few coordinates (see HeadErrors for its proof), one product of matrices a block of items. A
 * block is passed over where none of its items can reach a level: with e = ‖h−ĝ₀‖ and D the least ‖ĝ₀−b‖ in it, ‖h−b‖ ≥ D−e (triangle inequality), so a score,
 * (‖h‖² − ‖h−b‖²)/2, is at most (‖h‖² − (D−e)²)/2 where D > e. It may list items that do not reach it, and leaves none out.
 */
export class OutsideSearch {
  readonly #kernel: CountingKernel;
  readonly #product: ScoreProduct;
  readonly #head: Head;
  readonly #dimension: number;

  private constructor(kernel: CountingKernel, product: ScoreProduct, head: Head, dimension: number) {
    this.#kernel = kernel;
    this.#product = product;
    this.#head = head;
    this.#dimension = dimension;
  }

  static async create(kernel: CountingKernel, head: Head, dimension: number): Promise<OutsideSearch> {
    return new OutsideSearch(kernel, await ScoreProduct.create(head.rank + 2), head, dimension);
  }

  /** Coordinates of a row: those of the head, the one along the direction, and the length of what is left. */
  static widthOf = ({ rank }: Head): number => rank + 2;

  /**
   * @param embeddings [rows × dimension]  @param levels [rows]; Infinity where nothing is sought
   * @param error how far a bound may be computed too low; default {@link headErrors}
   * @returns for each row the items that may reach its level, ascending
   */
  async find(
    { rows: matrix, columns, scores, bias, found }: SearchSpace,
    outside: Outside,
    embeddings: Float32Array,
    levels: Float64Array,
    error = headErrors(this.#dimension, outside.rank, outside.loss).score,
  ): Promise<number[][]> {
    const lists = Array.from(levels, (): number[] => []);
    const reached = this.#reachable(outside, embeddings, levels);
    if (levels.every((level) => level === Infinity)) return lists;
    const { rank, coordinates } = this.#head;
    const width = rank + 2;
    matrix.fill(0);
    for (let row = 0; row < levels.length; row++)
      this.#place(
        embeddings.subarray(row * this.#dimension, (row + 1) * this.#dimension),
        outside.direction,
        matrix.subarray(row * width, (row + 1) * width),
      );
    for (let first = 0; first < outside.bias.length; first += BLOCK) {
      const isReached = reached[first / BLOCK];
      if (!isReached.includes(true)) continue;
      columns.set(coordinates.subarray(rank * first, rank * (first + BLOCK)));
      columns.set(outside.along.subarray(first, first + BLOCK), rank * BLOCK);
      columns.set(outside.tails.subarray(first, first + BLOCK), (rank + 1) * BLOCK);
      bias.set(outside.bias.subarray(first, first + BLOCK));
      await this.#product.run(matrix, scores, columns);
      for (let row = 0; row < levels.length; row++) {
        // everything but what is nowhere reaches −∞
        const level = Math.max(levels[row] - error - 2 ** -23, NOWHERE / 10);
        if (level === Infinity || !isReached[row]) continue;
        const count = this.#kernel.itemsAbove(
          scores.byteOffset + 4 * BLOCK * row,
          bias.byteOffset,
          BLOCK,
          level,
          found.byteOffset,
        );
        for (let i = 0; i < count; i++) lists[row].push(first + found[i]);
      }
    }
    return lists;
  }

  /** For each block whether any of its items may reach the level of each row. */
  #reachable({ mean, nearest }: Outside, embeddings: Float32Array, levels: Float64Array): boolean[][] {
    const dimension = this.#dimension;
    const rows = Array.from(levels, (level, row) => {
      const h = embeddings.subarray(row * dimension, (row + 1) * dimension);
      return { level, square: dot(h, h), apart: distance(h, mean) };
    });
    return Array.from(nearest, (least) =>
      rows.map(({ level, square, apart }) => {
        const gap = least - apart;
        return !(gap > 0) || (square - gap * gap) / 2 + ROUNDING >= level;
      }),
    );
  }

  /** Writes y_h and at least ‖ρ_h‖, ρ_h = h − Q⁺ᵀy_h computed in float64 from the y_h that is written. */
  #place(h: Float32Array, direction: Float32Array, row: Float32Array): void {
    const { basis, rank } = this.#head;
    const dimension = this.#dimension;
    const left = Float64Array.from(h);
    for (let j = 0; j <= rank; j++) {
      const vector = j < rank ? basis.subarray(j * dimension, (j + 1) * dimension) : direction;
      let product = 0;
      for (let d = 0; d < dimension; d++) product += h[d] * vector[d];
      row[j] = product;
      const y = row[j];
      for (let d = 0; d < dimension; d++) left[d] -= y * vector[d];
    }
    let square = 0;
    for (let d = 0; d < dimension; d++) square += left[d] * left[d];
    row[rank + 1] = Math.sqrt(square) * (1 + 2 ** -22) + 1e-12;
  }

  release(): Promise<void> {
    return this.#product.release();
  }
}

/** Floats of a {@link SearchSpace}. */
export const searchFloats = (width: number) => ({
  rows: TILE * width,
  columns: width * BLOCK,
  scores: TILE * BLOCK,
  bias: BLOCK,
  found: BLOCK,
});
