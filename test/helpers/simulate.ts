/**
 * Certifies problems whose truth is known, without an encoder: the noisy embedding is a function of one number, the
 * coordinate of the noisy image along a fixed direction, t + N(0, sigma²). A perturbation of the image moves t by at
 * most its norm, and one along the direction moves it by just that: the true radius of an answer is the least |move| of
 * t that changes it. Counts as the definitions say, in float64, sharing no code with the sampling engine but `binOf`.
 */
import {
  addCount,
  binOf,
  type Counters,
  emptyCounters,
  FIXED_POINT,
  type GalleryView,
  type LabelCounts,
  type QueryPlan,
} from '../../src/certify/index.ts';
import type { SelectionSamples } from '../../src/plan/index.ts';
import type { Random } from './random.ts';

/** A retrieval problem along one direction. */
export interface LineProblem {
  /** Gallery vectors and their labels. */
  items: { vector: number[]; label: number }[];
  /** h, of unit norm, as a function of t. */
  embed: (t: number) => number[];
  /** Where h is not smooth, for quadrature; ascending. */
  breaks: number[];
  /** Where the query stands. */
  start: number;
  sigma: number;
}

/** The gallery as certificates see it. */
export function galleryOf({ items }: LineProblem): GalleryView {
  return {
    vectors: Float32Array.from(items.flatMap(({ vector }) => vector)),
    dimension: items[0].vector.length,
    count: items.length,
    labelIndex: Int32Array.from(items, ({ label }) => label),
  };
}

const labelCount = ({ items }: LineProblem): number => Math.max(...items.map(({ label }) => label)) + 1;

function nearestLabel(items: LineProblem['items'], h: readonly number[], exclude: number | null): number {
  let best = -1;
  let least = Infinity;
  for (const [i, { vector }] of items.entries()) {
    if (i === exclude) continue;
    let square = 0;
    for (let j = 0; j < h.length; j++) square += (h[j] - vector[j]) * (h[j] - vector[j]);
    if (square < least) {
      least = square;
      best = i;
    }
  }
  return items[best].label;
}

/** `count` noisy embeddings. */
export function drawEmbeddings(problem: LineProblem, random: Random, count: number): number[][] {
  return Array.from({ length: count }, () => problem.embed(problem.start + problem.sigma * random.normal()));
}

/** A selection phase. */
export function selectionOf(
  problem: LineProblem,
  drawn: readonly number[][],
  exclude: number | null = null,
): SelectionSamples {
  const votes: LabelCounts = new Map();
  for (const h of drawn) addCount(votes, nearestLabel(problem.items, h, exclude));
  return { embeddings: Float32Array.from(drawn.flat()), count: drawn.length, votes };
}

/** An estimation phase, counted as the plan asks. @param outside false: votes and duels among the scanned items alone, a fault */
export function countSamples(
  problem: LineProblem,
  plan: QueryPlan,
  drawn: readonly number[][],
  outside = true,
): Counters {
  const { items } = problem;
  const dimension = items[0].vector.length;
  const seen = outside || !plan.scanned ? items : Array.from(plan.scanned.items, (item) => items[item]);
  const exclude = seen === items ? plan.exclude : null;
  const counters = emptyCounters(
    dimension,
    plan.statistics.map(({ bins }) => bins),
  );
  const inner = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, value, i) => sum + value * y[i], 0);
  const apart = (x: readonly number[], y: ArrayLike<number>): number =>
    Math.hypot(...x.map((value, i) => value - y[i]));
  // an h of few values comes as few arrays: each is looked at once
  const times = new Map<readonly number[], number>();
  for (const h of drawn) times.set(h, (times.get(h) ?? 0) + 1);
  for (const [h, count] of times) {
    counters.samples += count;
    for (let i = 0; i < dimension; i++)
      counters.sum[i] += BigInt(count) * BigInt(Math.round(h[i] * FIXED_POINT));
    for (const [j, s] of plan.statistics.entries()) {
      let value = -Infinity;
      for (const [m, b] of s.members.entries()) {
        const margin = inner(h, items[b].vector) - inner(h, items[s.anchors[m]].vector) + s.offsets[m];
        value = Math.max(value, s.weights[m] * margin);
      }
      if (s.outside !== null) {
        const a = items[s.outside].vector;
        for (const [b, { vector }] of items.entries()) {
          if (b === plan.exclude || plan.positives.includes(b) || plan.scanned!.items.includes(b)) continue;
          value = Math.max(value, (apart(h, a) ** 2 - apart(h, vector) ** 2) / (2 * apart(a, vector)));
        }
      }
      counters.histograms[j][binOf(s, value)] += count;
    }
    countDuels(seen, { ...plan, exclude }, h, count, counters);
    addCount(counters.votes, nearestLabel(seen, h, exclude), count);
  }
  return counters;
}

/** Distances so little apart are equal: a tie, which is lost. */
const TIE = 1e-9;

/** The duels of the plan's label for one embedding: lost to each label of which an item is at least as near. */
function countDuels(
  items: LineProblem['items'],
  { vote, exclude }: QueryPlan,
  h: readonly number[],
  count: number,
  counters: Counters,
): void {
  const apart = (point: ArrayLike<number>): number => Math.hypot(...h.map((value, i) => value - point[i]));
  const nearest = new Map<number, number>();
  for (const [item, { label, vector }] of items.entries()) {
    if (item === exclude) continue;
    nearest.set(label, Math.min(apart(vector), nearest.get(label) ?? Infinity));
  }
  const own = nearest.get(vote.label) ?? Infinity;
  if (own === Infinity) {
    counters.lostToAll += count;
    return;
  }
  for (const [label, distance] of nearest)
    if (label !== vote.label && distance <= own + TIE) addCount(counters.losses, label, count);
}

/** Nodes and weights for means over N(0,1) of functions of start + sigma·z that are smooth between breaks. */
function* pieces(
  from: number,
  to: number,
  breaks: readonly number[],
  step: number,
): Generator<[number, number]> {
  const ends = [from, ...breaks.filter((b) => b > from && b < to), to];
  for (let i = 0; i + 1 < ends.length; i++) {
    const count = Math.max(1, Math.ceil((ends[i + 1] - ends[i]) / step));
    const width = (ends[i + 1] - ends[i]) / count;
    for (let j = 0; j < count; j++) {
      const middle = ends[i] + (j + 0.5) * width;
      // two-point Gauss–Legendre on each step
      for (const side of [-1, 1]) yield [middle + (side * width) / (2 * Math.sqrt(3)), width / 2];
    }
  }
}

/** The truth about a problem: its two answers as functions of how far t has moved. */
export class LineTruth {
  readonly #problem: LineProblem;
  readonly #exclude: number | null;
  readonly #nodes: { t: number; weight: number; h: number[]; vote: number; near: number[] }[] = [];

  constructor(problem: LineProblem, exclude: number | null = null) {
    this.#problem = problem;
    this.#exclude = exclude;
    const { start, sigma, items, embed } = problem;
    const breaks = [...problem.breaks, ...this.#voteBreaks()].sort((x, y) => x - y);
    for (const [t, weight] of pieces(start - 16 * sigma, start + 16 * sigma, breaks, 0.04 * sigma)) {
      const h = embed(t);
      this.#nodes.push({ t, weight, h, vote: nearestLabel(items, h, exclude), near: this.#near(h) });
    }
  }

  /** For each label the squared distance of its nearest item. */
  #near(h: readonly number[]): number[] {
    const near = Array.from({ length: labelCount(this.#problem) }, () => Infinity);
    for (const [i, { label, vector }] of this.#problem.items.entries())
      if (i !== this.#exclude)
        near[label] = Math.min(
          near[label],
          vector.reduce((sum, value, j) => sum + (value - h[j]) * (value - h[j]), 0),
        );
    return near;
  }

  /** Where the order of the labels by their nearest items to h(t) changes, to 1e-12. */
  #voteBreaks(): number[] {
    const { start, sigma, embed } = this.#problem;
    const at = (t: number): number[] => this.#near(embed(t));
    const alike = (x: readonly number[], y: readonly number[]): boolean =>
      x.every((a, i) => x.every((b, j) => a < b === y[i] < y[j]));
    const found: number[] = [];
    const step = 0.01 * sigma;
    for (let t = start - 16 * sigma; t < start + 16 * sigma; t += step) {
      let [low, high] = [t, t + step];
      if (alike(at(low), at(high))) continue;
      while (high - low > 1e-12) {
        const middle = (low + high) / 2;
        if (alike(at(middle), at(low))) low = middle;
        else high = middle;
      }
      found.push((low + high) / 2);
    }
    return found;
  }

  /** The smoothed embedding g, the share of each label's votes, and that of the samples which `label` loses to each, once t has moved. */
  at(move: number, label = 0): { g: number[]; shares: number[]; lost: number[] } {
    const { start, sigma, items } = this.#problem;
    const g = items[0].vector.map(() => 0);
    const shares = Array.from({ length: labelCount(this.#problem) }, () => 0);
    const lost = shares.map(() => 0);
    for (const { t, weight, h, vote, near } of this.#nodes) {
      const z = (t - start - move) / sigma;
      if (Math.abs(z) > 8.5) continue;
      const mass = (weight * Math.exp((-z * z) / 2)) / (sigma * Math.sqrt(2 * Math.PI));
      for (let i = 0; i < g.length; i++) g[i] += mass * h[i];
      shares[vote] += mass;
      for (const [other, distance] of near.entries())
        if (other !== label && distance <= near[label] + TIE) lost[other] += mass;
    }
    return { g, shares, lost };
  }

  /** The least |move| at which none of the k items nearest to g is a positive, of those that count; 0 when none is at the start. */
  embeddingRadius(
    isPositive: (item: number) => boolean,
    k = 1,
    counts: (item: number) => boolean = () => true,
  ): number {
    return this.#least((move) => {
      const { g } = this.at(move);
      const far = this.#problem.items.map(({ vector }) =>
        vector.reduce((sum, x, i) => sum + (x - g[i]) * (x - g[i]), 0),
      );
      let positive = Infinity;
      for (const [i, square] of far.entries())
        if (i !== this.#exclude && isPositive(i)) positive = Math.min(positive, square);
      const nearer = far.filter(
        (square, i) => i !== this.#exclude && !isPositive(i) && counts(i) && square <= positive,
      );
      return nearer.length < k && positive < Infinity;
    });
  }

  /** The least |move| at which the label is no longer the most frequent vote. */
  voteRadius(label: number): number {
    return this.#least((move) => {
      const { shares } = this.at(move);
      return shares.every((share, other) => other === label || share < shares[label]);
    });
  }

  /** The least |move| at which the label no longer wins every duel, or the one with `rival`. */
  duelRadius(label: number, rival: number | null = null): number {
    return this.#least((move) => {
      const { lost } = this.at(move, label);
      return (rival === null ? lost : [lost[rival]]).every((share) => share < 0.5);
    });
  }

  #least(holds: (move: number) => boolean): number {
    const { sigma } = this.#problem;
    if (!holds(0)) return 0;
    let least = Infinity;
    for (const side of [-1, 1]) {
      for (let i = 1; i <= 150; i++) {
        if (holds(side * i * 0.05 * sigma)) continue;
        let low = (i - 1) * 0.05 * sigma;
        let high = i * 0.05 * sigma;
        while (high - low > 1e-10 * sigma) {
          const middle = (low + high) / 2;
          if (holds(side * middle)) low = middle;
          else high = middle;
        }
        least = Math.min(least, high);
        break;
      }
    }
    return least;
  }
}
