/** What one tile of noisy embeddings adds to a query's counters. Runs inside a worker. */
import { binOf, type Counters, distance, farValue, voteAllowance } from '../certify/index.ts';
import type { Kernel } from '../kernel/index.ts';
import type { ScannedStatistic, ScanSet, TaskQuery } from './protocol.ts';

/** A statistic whose weights and indices lie in the kernel's memory. */
interface LoadedGroup {
  statistic: ScannedStatistic;
  index: number;
  anchor: number;
  weight: number;
  offset: number;
}

/** Room in the kernel's memory for one query's statistics and biases. */
export interface TallySpace {
  /** [items] f32: −‖v‖²/2, −Infinity for the excluded item. */
  bias: number;
  /** [items] i32, i32, f32, f32 for the groups' members, in one stretch for all groups. */
  index: number;
  anchor: number;
  weight: number;
  offset: number;
}

/** Counts one query's tiles. */
export class Tally {
  readonly #kernel: Kernel;
  readonly #scan: ScanSet;
  readonly #query: TaskQuery;
  readonly #bias: Float32Array;
  readonly #biasPointer: number;
  readonly #groups: LoadedGroup[] = [];
  readonly #allowance: number;

  /** Loads the query's statistics into `space`. */
  constructor(kernel: Kernel, space: TallySpace, scan: ScanSet, query: TaskQuery, dimension: number) {
    this.#kernel = kernel;
    this.#scan = scan;
    this.#query = query;
    this.#biasPointer = space.bias;
    this.#bias = kernel.f32(space.bias, scan.count);
    this.#bias.set(scan.bias);
    if (query.exclude >= 0) this.#bias[query.exclude] = -Infinity;
    this.#allowance = voteAllowance(dimension);
    let at = 0;
    for (const statistic of query.statistics) {
      if (statistic.kind !== 'group') continue;
      const size = statistic.members.length;
      const group = {
        statistic,
        index: space.index + 4 * at,
        anchor: space.anchor + 4 * at,
        weight: space.weight + 4 * at,
        offset: space.offset + 4 * at,
      };
      kernel.i32(group.index, size).set(statistic.members);
      kernel.i32(group.anchor, size).set(statistic.anchors);
      kernel.f32(group.weight, size).set(statistic.weights);
      kernel.f32(group.offset, size).set(statistic.offsets);
      this.#groups.push(group);
      at += size;
    }
  }

  /**
   * Counts the first `rows` embeddings of a tile.
   * @param embeddings [rows × dimension] normalised  @param scores pointer of [rows × items] inner products
   */
  count(counters: Counters, embeddings: Float32Array, dimension: number, scores: number, rows: number): void {
    const items = this.#scan.count;
    const table = this.#kernel.f32(scores, rows * items);
    for (let row = 0; row < rows; row++) {
      const score = table.subarray(row * items, (row + 1) * items);
      const pointer = scores + 4 * row * items;
      const embedding = embeddings.subarray(row * dimension, (row + 1) * dimension);
      let group = 0;
      for (const [j, statistic] of this.#query.statistics.entries()) {
        let value: number;
        if (statistic.kind === 'pair') {
          value =
            statistic.weights[0] *
            (score[statistic.members[0]] - score[statistic.anchors[0]] + statistic.offsets[0]);
        } else if (statistic.kind === 'group') {
          const g = this.#groups[group++];
          value = this.#kernel.maxWeighted(
            pointer,
            g.index,
            g.anchor,
            g.weight,
            g.offset,
            statistic.members.length,
          );
        } else {
          const toPoint = distance(embedding, this.#query.beyond!.point);
          value = farValue(statistic.farDistance, toPoint, distance(embedding, statistic.anchorVector!));
        }
        counters.histograms[j][binOf(statistic, value)]++;
      }
      const label = this.#vote(score, pointer, embedding);
      if (label >= 0) counters.votes[label]++;
      else counters.untold++;
    }
    counters.samples += rows;
  }

  /** Class of the nearest item, or −1 when rounding or an item outside the scan set could decide otherwise. */
  #vote(score: Float32Array, pointer: number, embedding: Float32Array): number {
    const { labels, count } = this.#scan;
    const best = this.#kernel.maxBiased(pointer, this.#biasPointer, count);
    const { beyond } = this.#query;
    if (beyond) {
      const nearest = Math.sqrt(Math.max(0, 1 - 2 * best)) + 1e-5;
      if (nearest >= beyond.farDistance - distance(embedding, beyond.point)) return -1;
    }
    const level = best - this.#allowance;
    const bias = this.#bias;
    let label = -1;
    for (let i = 0; i < count; i++) {
      if (score[i] + bias[i] >= level) {
        if (label >= 0 && label !== labels[i]) return -1;
        label = labels[i];
      }
    }
    return label;
  }
}
