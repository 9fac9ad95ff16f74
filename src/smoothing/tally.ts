/** What one tile of noisy embeddings adds to a query's counters. Runs inside a worker. */
import { binOf, type Counters, distance, farValue, voteAllowance } from '../certify/index.ts';
import type { Kernel } from '../kernel/index.ts';
import type { ScannedStatistic, ScanSet, TaskQuery } from './protocol.ts';

/** Room in the kernel's memory for one query's statistics, biases and labels. */
export interface TallySpace {
  /** [items] f32: −‖v‖²/2, −Infinity for the excluded item. */
  bias: number;
  /** [items] i32 */
  labels: number;
  /** [items] i32, i32, f32, f32 for the group's members. */
  index: number;
  anchor: number;
  weight: number;
  offset: number;
}

/** A level less this, rounded to float32, is no more than the level, for levels below 2 in size. */
const ROUND_DOWN = 2 ** -24;

/** Counts one query's tiles. */
export class Tally {
  readonly #kernel: Kernel;
  readonly #space: TallySpace;
  readonly #scan: ScanSet;
  readonly #query: TaskQuery;
  readonly #allowance: number;
  /** Position in the members' arrays of each statistic's first. */
  readonly #first: number[] = [];

  /** Loads the query's statistics into `space`. */
  constructor(kernel: Kernel, space: TallySpace, scan: ScanSet, query: TaskQuery, dimension: number) {
    this.#kernel = kernel;
    this.#space = space;
    this.#scan = scan;
    this.#query = query;
    this.#allowance = voteAllowance(dimension);
    const bias = kernel.f32(space.bias, scan.count);
    bias.set(scan.bias);
    if (query.exclude >= 0) bias[query.exclude] = -Infinity;
    kernel.i32(space.labels, scan.count).set(scan.labels);
    let at = 0;
    for (const { kind, members, anchors, weights, offsets } of query.statistics) {
      this.#first.push(at);
      if (kind !== 'group') continue;
      const { length } = members;
      kernel.i32(space.index + 4 * at, length).set(members);
      kernel.i32(space.anchor + 4 * at, length).set(anchors);
      kernel.f32(space.weight + 4 * at, length).set(weights);
      kernel.f32(space.offset + 4 * at, length).set(offsets);
      at += length;
    }
  }

  /**
   * Counts the first `rows` embeddings of a tile.
   * @param embeddings [rows × dimension] normalised  @param scores pointer of [rows × items] inner products
   */
  count(counters: Counters, embeddings: Float32Array, dimension: number, scores: number, rows: number): void {
    const { statistics, beyond } = this.#query;
    const table = this.#kernel.f32(scores, rows * this.#scan.count);
    // the embeddings themselves are looked at only where items are left out of the scan set
    const vectors = Array.from({ length: beyond ? rows : 0 }, (_, row) =>
      embeddings.subarray(row * dimension, (row + 1) * dimension),
    );
    const toPoint = vectors.map((vector) => distance(vector, beyond!.point));
    for (let j = 0; j < statistics.length; j++) {
      const statistic = statistics[j];
      const histogram = counters.histograms[j];
      if (statistic.kind === 'pair') {
        this.#countPair(statistic, histogram, table, rows);
      } else if (statistic.kind === 'group') {
        this.#countGroup(statistic, histogram, this.#first[j], scores, rows);
      } else {
        for (let row = 0; row < rows; row++) {
          const toAnchor = distance(vectors[row], statistic.anchorVector!);
          histogram[binOf(statistic, farValue(statistic.farDistance, toPoint[row], toAnchor))]++;
        }
      }
    }
    for (let row = 0; row < rows; row++) {
      const label = this.#vote(scores + 4 * row * this.#scan.count, beyond ? toPoint[row] : 0);
      if (label >= 0) counters.votes[label]++;
      else counters.untold++;
    }
    counters.samples += rows;
  }

  #countPair(statistic: ScannedStatistic, histogram: Uint32Array, table: Float32Array, rows: number): void {
    const [member] = statistic.members;
    const [anchor] = statistic.anchors;
    const [weight] = statistic.weights;
    const [offset] = statistic.offsets;
    const items = this.#scan.count;
    for (let at = 0; at < rows * items; at += items)
      histogram[binOf(statistic, weight * (table[at + member] - table[at + anchor] + offset))]++;
  }

  #countGroup(
    statistic: ScannedStatistic,
    histogram: Uint32Array,
    first: number,
    scores: number,
    rows: number,
  ): void {
    const { index, anchor, weight, offset } = this.#space;
    const { length } = statistic.members;
    const skip = 4 * first;
    for (let row = 0; row < rows; row++) {
      const value = this.#kernel.maxWeighted(
        scores + 4 * row * this.#scan.count,
        index + skip,
        anchor + skip,
        weight + skip,
        offset + skip,
        length,
      );
      histogram[binOf(statistic, value)]++;
    }
  }

  /** Class of the nearest item, or −1 when rounding or an item outside the scan set could decide otherwise. */
  #vote(scores: number, toPoint: number): number {
    const { bias, labels } = this.#space;
    const { count } = this.#scan;
    const best = this.#kernel.maxBiased(scores, bias, count);
    if (best === -Infinity) return -1;
    const { beyond } = this.#query;
    if (beyond) {
      const nearest = Math.sqrt(Math.max(0, 1 - 2 * best + 2 * this.#allowance)) + 1e-5;
      if (nearest >= beyond.farDistance - toPoint) return -1;
    }
    return this.#kernel.labelAbove(scores, bias, labels, count, best - this.#allowance - ROUND_DOWN);
  }
}
