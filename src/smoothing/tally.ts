/** What one tile of noisy embeddings adds to a query's counters. Runs inside a worker. */
import {
  addCount,
  binOf,
  type Bins,
  type Counters,
  distance,
  farValue,
  voteAllowance,
} from '../certify/index.ts';
import type { CountingKernel } from './counting-kernel.ts';
import type { ScanSet, TaskQuery } from './protocol.ts';

/** Room in the kernel's memory for one query's statistics, biases and labels. */
export interface TallySpace {
  /** [items] f32: −‖v‖²/2, −Infinity for the excluded item. */
  bias: number;
  /** [items] i32 */
  labels: number;
  /** [2·items] i32, i32, f32, f32 for the groups' members. */
  index: number;
  anchor: number;
  weight: number;
  offset: number;
  /** [labels] i32 each: what labelsAbove needs. */
  seen: number;
  found: number;
}

/** A level less this, rounded to float32, is no more than the level, for levels below 2 in size. */
const ROUND_DOWN = 2 ** -24;

/** A statistic as it is counted: plain numbers, which stay in the nearest cache. */
interface Counted {
  /** Its place among the query's statistics. */
  histogram: number;
  bins: Bins;
}

interface Pair extends Counted {
  member: number;
  anchor: number;
  weight: number;
  offset: number;
}

/** Its members lie in the kernel's memory. */
interface Group extends Counted {
  /** Position of the first. */
  first: number;
  length: number;
  /** All items of the scan set, in order, lie there: those that are no members never decide. */
  all: boolean;
}

interface Far extends Counted {
  farDistance: number;
  anchorVector: Float32Array;
}

/** The label whose duels are counted, and its items. */
interface Own {
  label: number;
  /** Positions in the scan set, and what is added to their inner products. */
  items: Int32Array;
  bias: Float32Array;
}

/** Counts one query's tiles. */
export class Tally {
  readonly #kernel: CountingKernel;
  readonly #space: TallySpace;
  readonly #scan: ScanSet;
  readonly #query: TaskQuery;
  readonly #allowance: number;
  readonly #pairs: Pair[] = [];
  readonly #groups: Group[] = [];
  readonly #fars: Far[] = [];
  readonly #own: Own | null;
  /** Samples in which labels were marked as seen. */
  #stamp = 0;

  /** Loads the query's statistics into `space`. */
  constructor(kernel: CountingKernel, space: TallySpace, scan: ScanSet, query: TaskQuery, dimension: number) {
    this.#kernel = kernel;
    this.#space = space;
    this.#scan = scan;
    this.#query = query;
    this.#allowance = voteAllowance(dimension);
    const { memory } = kernel;
    const bias = memory.f32(space.bias, scan.count);
    bias.set(scan.bias);
    if (query.exclude !== null) bias[query.exclude] = -Infinity;
    memory.i32(space.labels, scan.count).set(scan.labels);
    memory.i32(space.seen, scan.labelCount).fill(0);
    this.#own = ownOf(scan, query);
    let at = 0;
    for (const [histogram, statistic] of query.statistics.entries()) {
      const { kind, members, anchors, weights, offsets, farDistance, anchorVector } = statistic;
      const bins = { origin: statistic.origin, width: statistic.width, bins: statistic.bins };
      if (kind === 'pair') {
        const [[member], [anchor], [weight], [offset]] = [members, anchors, weights, offsets];
        this.#pairs.push({ histogram, bins, member, anchor, weight, offset });
        continue;
      }
      if (kind === 'far') {
        this.#fars.push({ histogram, bins, farDistance, anchorVector: anchorVector! });
        continue;
      }
      const all = coversMost(members, scan.count);
      const length = all ? scan.count : members.length;
      this.#groups.push({ histogram, bins, first: at, length, all });
      const anchor = memory.i32(space.anchor + 4 * at, length);
      const weight = memory.f32(space.weight + 4 * at, length);
      const offset = memory.f32(space.offset + 4 * at, length);
      if (all) {
        anchor.fill(0);
        weight.fill(1);
        offset.fill(-Infinity);
        for (let m = 0; m < members.length; m++) {
          const item = members[m];
          anchor[item] = anchors[m];
          weight[item] = weights[m];
          offset[item] = offsets[m];
        }
      } else {
        memory.i32(space.index + 4 * at, length).set(members);
        anchor.set(anchors);
        weight.set(weights);
        offset.set(offsets);
      }
      at += length;
    }
  }

  /**
   * Counts the first `rows` embeddings of a tile.
   * @param embeddings [rows × dimension] normalised  @param scores pointer of [rows × items] inner products
   */
  count(counters: Counters, embeddings: Float32Array, dimension: number, scores: number, rows: number): void {
    const { beyond } = this.#query;
    const { histograms } = counters;
    const table = this.#kernel.memory.f32(scores, rows * this.#scan.count);
    const [pairs, groups, fars] = [this.#pairs, this.#groups, this.#fars];
    // plain loops: an iterator is an object for each row of each statistic, and its collection halts all threads.
    // Row by row: a row of the table stays in the nearest cache for all statistics
    for (let row = 0; row < rows; row++) {
      // the embeddings themselves are looked at only where items are left out of the scan set
      const vector = beyond ? embeddings.subarray(row * dimension, (row + 1) * dimension) : undefined;
      const toPoint = vector ? distance(vector, beyond!.point) : 0;
      const at = row * this.#scan.count;
      const pointer = scores + 4 * at;
      for (let i = 0; i < pairs.length; i++) {
        const { histogram, bins, member, anchor, weight, offset } = pairs[i];
        const value = weight * (table[at + member] - table[at + anchor] + offset);
        histograms[histogram][binOf(bins, value)]++;
      }
      for (let i = 0; i < groups.length; i++) {
        const { histogram, bins } = groups[i];
        histograms[histogram][binOf(bins, this.#groupValue(groups[i], pointer))]++;
      }
      for (let i = 0; i < fars.length; i++) {
        const { histogram, bins, farDistance, anchorVector } = fars[i];
        const value = farValue(farDistance, toPoint, distance(vector!, anchorVector));
        histograms[histogram][binOf(bins, value)]++;
      }
      const label = this.#winner(counters, table, at, toPoint) ?? this.#vote(pointer, toPoint);
      if (label === undefined) counters.untold++;
      else addCount(counters.votes, label);
    }
    counters.samples += rows;
  }

  #groupValue({ first, length, all }: Group, scores: number): number {
    const { index, anchor, weight, offset } = this.#space;
    const skip = 4 * first;
    return all
      ? this.#kernel.maxWeightedAll(scores, anchor + skip, weight + skip, offset + skip, length)
      : this.#kernel.maxWeighted(scores, index + skip, anchor + skip, weight + skip, offset + skip, length);
  }

  /** The label whose duels are counted, where it wins them all; else counts the duels that it loses. */
  #winner(counters: Counters, table: Float32Array, at: number, toPoint: number): number | undefined {
    const own = this.#own;
    if (own === null) return undefined;
    const { label, items } = own;
    let best = -Infinity;
    for (let i = 0; i < items.length; i++) {
      const score = Math.fround(table[at + items[i]] + own.bias[i]);
      if (score > best) best = score;
    }
    if (best === -Infinity || this.#mayLieBeyond(best, toPoint)) {
      counters.lostToAll++;
      return undefined;
    }
    const { bias, labels, seen, found } = this.#space;
    const { count, labelCount } = this.#scan;
    const scores = table.byteOffset + 4 * at;
    // an item within the allowance of the best one may be as near: a tie, and lost
    const level = best - this.#allowance - ROUND_DOWN;
    if (this.#kernel.labelAbove(scores, bias, labels, count, level) === label) return label;
    const place = { seen, stamp: ++this.#stamp, out: found, labelCount };
    const lost = this.#kernel.labelsAbove(scores, bias, labels, count, level, label, place);
    const winners = this.#kernel.memory.i32(found, lost);
    for (let i = 0; i < lost; i++) addCount(counters.losses, winners[i]);
    return undefined;
  }

  /** Whether an item outside the scan set may be as near as the one with this score. */
  #mayLieBeyond(score: number, toPoint: number): boolean {
    const { beyond } = this.#query;
    if (!beyond) return false;
    const nearest = Math.sqrt(Math.max(0, 1 - 2 * score + 2 * this.#allowance)) + 1e-5;
    return nearest >= beyond.farDistance - toPoint;
  }

  /** Class of the nearest item; undefined when rounding or an item outside the scan set could decide otherwise. */
  #vote(scores: number, toPoint: number): number | undefined {
    const { bias, labels } = this.#space;
    const { count } = this.#scan;
    const best = this.#kernel.maxBiased(scores, bias, count);
    if (best === -Infinity || this.#mayLieBeyond(best, toPoint)) return undefined;
    return this.#kernel.labelAbove(scores, bias, labels, count, best - this.#allowance - ROUND_DOWN);
  }
}

function ownOf({ labels, bias }: ScanSet, { duel, exclude }: TaskQuery): Own | null {
  if (duel === undefined) return null;
  const found: number[] = [];
  for (let item = 0; item < labels.length; item++)
    if (labels[item] === duel && item !== exclude) found.push(item);
  const items = Int32Array.from(found);
  return { label: duel, items, bias: Float32Array.from(items, (item) => bias[item]) };
}

/** Whether a group holds at least half of `count` items, none twice: going through all of them is then faster than gathering. */
function coversMost(members: Int32Array, count: number): boolean {
  if (2 * members.length < count) return false;
  const seen = new Uint8Array(count);
  for (let m = 0; m < members.length; m++) if (seen[members[m]]++ > 0) return false;
  return true;
}
