/** What one tile of noisy embeddings adds to a query's counters. Runs inside a worker. */
import {
  addCount,
  binOf,
  type Bins,
  bisectorValue,
  type Counters,
  dot,
  outsideFloor,
  outsideReach,
  tieAllowance,
  voteAllowance,
} from '../certify/index.ts';
import type { CountingKernel } from './counting-kernel.ts';
import { squaredDistanceTo } from './outside.ts';
import type { ScanSet, TaskQuery } from './protocol.ts';
import type { SharedGallery } from './shared-gallery.ts';

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
  /** [items] i32: where itemsAbove writes. */
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
  /** Gallery index of the anchor of the items outside the scan; null where the group does not speak of them. */
  outside: number | null;
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
  readonly #dimension: number;
  readonly #gallery: SharedGallery | null;
  /** Squared distances in float64 so little apart are a tie. */
  readonly #tie: number;
  /** Scores in float32 further apart than this are of items of which one is nearer, and no tie. */
  readonly #sure: number;
  readonly #pairs: Pair[] = [];
  readonly #groups: Group[] = [];
  readonly #own: Own | null;
  readonly #positives: ReadonlySet<number>;

  /**
   * Loads the query's statistics into `space`.
   * @param gallery - for a query with items outside its scan
   */
  constructor(
    kernel: CountingKernel,
    space: TallySpace,
    scan: ScanSet,
    query: TaskQuery,
    dimension: number,
    gallery: SharedGallery | null = null,
  ) {
    this.#kernel = kernel;
    this.#space = space;
    this.#scan = scan;
    this.#dimension = dimension;
    this.#gallery = gallery;
    this.#positives = new Set(query.outside?.positives);
    this.#tie = tieAllowance(dimension);
    this.#sure = voteAllowance(dimension) + 2 * this.#tie;
    const { memory } = kernel;
    const bias = memory.f32(space.bias, scan.count);
    bias.set(scan.bias);
    if (query.exclude !== null) bias[query.exclude] = -Infinity;
    memory.i32(space.labels, scan.count).set(scan.labels);
    this.#own = ownOf(scan, query);
    let at = 0;
    for (const [histogram, statistic] of query.statistics.entries()) {
      const { kind, members, anchors, weights, offsets, outside } = statistic;
      const bins = { origin: statistic.origin, width: statistic.width, bins: statistic.bins };
      if (kind === 'pair') {
        const [[member], [anchor], [weight], [offset]] = [members, anchors, weights, offsets];
        this.#pairs.push({ histogram, bins, member, anchor, weight, offset });
        continue;
      }
      const all = coversMost(members, scan.count);
      const length = all ? scan.count : members.length;
      this.#groups.push({ histogram, bins, first: at, length, all, outside });
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
   * For each embedding the least score ⟨h,b⟩ − ‖b‖²/2 with which an item outside the scan may change what is counted: one that is as near as the nearest
   * item of the label whose duels are counted (as the nearest of all, where there is none), or within reach of a group that speaks of it.
   * @param embeddings [rows × dimension] normalised  @param scores pointer of [rows × items] inner products
   */
  levels(embeddings: Float32Array, scores: number, rows: number): Float64Array {
    const { count } = this.#scan;
    const table = this.#kernel.memory.f32(scores, rows * count);
    return Float64Array.from({ length: rows }, (_, row) => {
      const at = row * count;
      const pointer = scores + 4 * at;
      const best = this.#own
        ? this.#bestOwn(table, at)
        : this.#kernel.maxBiased(pointer, this.#space.bias, count);
      let level = best - this.#sure;
      const h = embeddings.subarray(row * this.#dimension, (row + 1) * this.#dimension);
      for (const group of this.#groups) {
        if (group.outside === null) continue;
        const toAnchor = Math.sqrt(squaredDistanceTo(this.#gallery!, group.outside, h));
        const reach = outsideReach(outsideFloor(this.#groupValue(group, pointer)), toAnchor);
        // ‖h−b‖² = ‖h‖² + ‖b‖² − 2⟨h,b⟩
        level = Math.min(level, (dot(h, h) - reach * reach) / 2 - ROUNDING);
      }
      return level;
    });
  }

  /**
   * Counts the first `rows` embeddings of a tile.
   * @param embeddings [rows × dimension] normalised  @param scores pointer of [rows × items] inner products
   * @param found for each row all items outside the scan whose score reaches its level (others may be among them); none where nothing lies outside
   */
  count(
    counters: Counters,
    embeddings: Float32Array,
    scores: number,
    rows: number,
    found: readonly (readonly number[])[] = [],
  ): void {
    const { histograms } = counters;
    const items = this.#scan.count;
    const table = this.#kernel.memory.f32(scores, rows * items);
    const [pairs, groups] = [this.#pairs, this.#groups];
    // plain loops: an iterator is an object for each row of each statistic, and its collection halts all threads.
    // Row by row: a row of the table stays in the nearest cache for all statistics
    for (let row = 0; row < rows; row++) {
      const h = embeddings.subarray(row * this.#dimension, (row + 1) * this.#dimension);
      const at = row * items;
      const pointer = scores + 4 * at;
      const beyond = row < found.length ? found[row] : NONE;
      const squares = beyond.length > 0 ? this.#squaresTo(beyond, h) : NO_SQUARES;
      for (let i = 0; i < pairs.length; i++) {
        const { histogram, bins, member, anchor, weight, offset } = pairs[i];
        const value = weight * (table[at + member] - table[at + anchor] + offset);
        histograms[histogram][binOf(bins, value)]++;
      }
      for (let i = 0; i < groups.length; i++) {
        const { histogram, bins, outside } = groups[i];
        let value = this.#groupValue(groups[i], pointer);
        if (outside !== null) value = this.#outsideValue(outside, value, h, beyond, squares);
        histograms[histogram][binOf(bins, value)]++;
      }
      const lost = this.#lost(table, at, h, beyond, squares);
      if (lost === null) counters.lostToAll++;
      for (const label of lost ?? []) addCount(counters.losses, label);
      const label = this.#own && lost?.size === 0 ? this.#own.label : this.#vote(pointer, h, beyond, squares);
      if (label === undefined) counters.untold++;
      else addCount(counters.votes, label);
    }
    counters.samples += rows;
  }

  /** ‖h−b‖² of items outside the scan. */
  #squaresTo(items: readonly number[], h: Float32Array): Float64Array {
    return Float64Array.from(items, (item) => squaredDistanceTo(this.#gallery!, item, h));
  }

  /** ‖h−b‖² of an item of the scan, by its position there: the same sum. */
  #squareTo(position: number, h: Float32Array): number {
    const { columns, count } = this.#scan;
    let sum = 0;
    for (let d = 0; d < h.length; d++) {
      const difference = h[d] - columns[d * count + position];
      sum += difference * difference;
    }
    return sum;
  }

  /** The value of a group that speaks of the items outside the scan too (groupTerms), given that of its members. */
  #outsideValue(
    anchor: number,
    value: number,
    h: Float32Array,
    items: readonly number[],
    squares: Float64Array,
  ): number {
    let greatest = outsideFloor(value);
    if (items.length === 0) return greatest;
    const toAnchor = squaredDistanceTo(this.#gallery!, anchor, h);
    const { vectors } = this.#gallery!;
    const a = vectors.subarray(anchor * this.#dimension, (anchor + 1) * this.#dimension);
    for (let i = 0; i < items.length; i++) {
      if (this.#positives.has(items[i])) continue;
      const apart = squaredDistanceTo(this.#gallery!, items[i], a);
      greatest = Math.max(greatest, bisectorValue(toAnchor, squares[i], apart));
    }
    return greatest;
  }

  #groupValue({ first, length, all }: Group, scores: number): number {
    const { index, anchor, weight, offset } = this.#space;
    const skip = 4 * first;
    return all
      ? this.#kernel.maxWeightedAll(scores, anchor + skip, weight + skip, offset + skip, length)
      : this.#kernel.maxWeighted(scores, index + skip, anchor + skip, weight + skip, offset + skip, length);
  }

  /** The score of the nearest item of the label whose duels are counted, in the scan; −Infinity for none. */
  #bestOwn(table: Float32Array, at: number): number {
    const { items, bias } = this.#own!;
    let best = -Infinity;
    for (let i = 0; i < items.length; i++) {
      const score = Math.fround(table[at + items[i]] + bias[i]);
      if (score > best) best = score;
    }
    return best;
  }

  /**
   * The labels to which the duels are lost: of which an item is as near as the nearest of its own, in float64, or nearer. Scores in float32 only spare the sums
   * where they are {@link Tally.#sure}. Null: to all, for it has no item; empty too where no duels are counted.
   */
  #lost(
    table: Float32Array,
    at: number,
    h: Float32Array,
    beyond: readonly number[],
    squares: Float64Array,
  ): ReadonlySet<number> | null {
    if (this.#own === null) return NO_LABELS;
    const { label, items, bias: ownBias } = this.#own;
    const { bias, labels } = this.#space;
    const { count } = this.#scan;
    const pointer = table.byteOffset + 4 * at;
    const best = this.#bestOwn(table, at);
    const level = Math.max(best - this.#sure - ROUND_DOWN, LEAST);
    if (
      beyond.length === 0 &&
      best > -Infinity &&
      this.#kernel.labelAbove(pointer, bias, labels, count, level) === label
    )
      return NO_LABELS;

    let nearest = Infinity;
    for (let i = 0; i < items.length; i++)
      if (table[at + items[i]] + ownBias[i] >= level)
        nearest = Math.min(nearest, this.#squareTo(items[i], h));
    for (let i = 0; i < beyond.length; i++)
      if (this.#gallery!.labels[beyond[i]] === label) nearest = Math.min(nearest, squares[i]);
    if (nearest === Infinity) return null;
    const lost = new Set<number>();
    const { found } = this.#space;
    const near = this.#kernel.itemsAbove(pointer, bias, count, level, found);
    const positions = this.#kernel.memory.i32(found, near);
    for (let i = 0; i < near; i++) {
      const position = positions[i];
      const other = this.#scan.labels[position];
      if (other === label || lost.has(other)) continue;
      const surely =
        best > -Infinity && beyond.length === 0 && this.#scoreOf(table, at, position) > best + this.#sure;
      if (surely || this.#squareTo(position, h) <= nearest + this.#tie) lost.add(other);
    }
    for (let i = 0; i < beyond.length; i++) {
      const other = this.#gallery!.labels[beyond[i]];
      if (other !== label && squares[i] <= nearest + this.#tie) lost.add(other);
    }
    return lost;
  }

  #scoreOf(table: Float32Array, at: number, position: number): number {
    return Math.fround(table[at + position] + this.#scan.bias[position]);
  }

  /** Class of the nearest item, in float64; undefined for a tie of two. */
  #vote(
    pointer: number,
    h: Float32Array,
    beyond: readonly number[],
    squares: Float64Array,
  ): number | undefined {
    const { bias, labels, found } = this.#space;
    const { count } = this.#scan;
    const best = this.#kernel.maxBiased(pointer, bias, count);
    const level = best - this.#sure - ROUND_DOWN;
    if (beyond.length === 0 && best > -Infinity) {
      const label = this.#kernel.labelAbove(pointer, bias, labels, count, level);
      if (label !== undefined) return label;
    }
    const near = best > -Infinity ? this.#kernel.itemsAbove(pointer, bias, count, level, found) : 0;
    const positions = this.#kernel.memory.i32(found, near);
    let nearest = Infinity;
    const candidates: { label: number; square: number }[] = [];
    for (let i = 0; i < near; i++)
      candidates.push({ label: this.#scan.labels[positions[i]], square: this.#squareTo(positions[i], h) });
    for (let i = 0; i < beyond.length; i++)
      candidates.push({ label: this.#gallery!.labels[beyond[i]], square: squares[i] });
    for (const { square } of candidates) nearest = Math.min(nearest, square);
    const nearby = new Set(
      candidates.filter(({ square }) => square <= nearest + this.#tie).map(({ label }) => label),
    );
    return nearby.size === 1 ? [...nearby][0] : undefined;
  }
}

/** Below all scores but those of what is left out. */
const LEAST = -1e29;
const NONE: readonly number[] = [];
const NO_SQUARES = new Float64Array();
const NO_LABELS: ReadonlySet<number> = new Set();

/** More than the rounding, in float64, of a level of scores. */
const ROUNDING = 1e-9;

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
