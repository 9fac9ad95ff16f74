/**
 * What to count in the estimation phase, chosen from the selection samples alone (certificates §7: never choose and
 * estimate on the same samples). Every choice here costs or gains radius; none can make a certificate wrong.
 */
import { binsAtAtoms, findAtoms } from './atoms.ts';
import { binLevels, placeBins } from './bins.ts';
import { chooseBounds, chooseRadii } from './choose-bounds.ts';
import { expectLaw } from './expected-law.ts';
import { type GalleryView, squaredDistances, vectorAt } from './gallery-view.ts';
import { bisectorMarginOf, distance } from './margin.ts';
import { SelectionScores } from './selection-scores.ts';
import { farValue, type Pair, pairTerms, roundingAllowance, type Statistic } from './statistic.ts';
import { clopperPearsonLower, clopperPearsonUpper, normalQuantile } from '../stats/index.ts';

/** How a query is to be certified. */
export interface PlanOptions {
  /** Estimation samples planned. */
  samples: number;
  /** Failure probability of each method's certificate. */
  alpha: number;
  /** What bounds that hold for one number of samples may spend of it at the last look, if there are several; default alpha. */
  lastAlpha?: number;
  /** In [0,1] pixel units. */
  sigma: number;
  /** Recall@k; default 1. */
  k?: number;
  /** Gallery item to leave out (the query itself); default none. */
  exclude?: number;
  /** The class to certify; default: the class of the item nearest to the mean of the selection samples. */
  label?: number;
  /** Certify that this one item stays the nearest, instead of any of its class. */
  identity?: boolean;
  /** Exclusion: certify only that this item does not become the nearest; implies `identity` (certificates §6). */
  rival?: number;
  /** Negatives with a statistic of their own; default 16. */
  criticals?: number;
  /** Bins of each histogram; default 256. */
  bins?: number;
  /** Scan only the K items nearest to the selection mean for each sample, and bound the rest; default all. */
  candidates?: number;
  /** A radius of special interest: always among the radii that cdf tests. */
  targetRadius?: number;
}

/** What the estimation phase counts for one query. */
export interface QueryPlan {
  /** Class to certify; −1 when the gallery (less the excluded item) has no item. */
  label: number;
  /** Items that count as positives. */
  positives: Int32Array;
  statistics: Statistic[];
  /** Negatives stored with the very vector of every positive: ties, which certify nothing. */
  ties: number;
  /** The vote system's answer among the selection samples, and the rule its certificate will use. */
  vote: { label: number; rule: 'majority' | 'runner-up' };
  /** Items scanned for each sample, and the distance beyond which all others lie from `point`; null when all are scanned. */
  candidates: { items: Int32Array; point: Float32Array; farDistance: number } | null;
  exclude: number;
  /** The one item that counts as a negative, or −1 for all. */
  rival: number;
  options: Required<
    Omit<PlanOptions, 'exclude' | 'label' | 'candidates' | 'targetRadius' | 'rival' | 'lastAlpha'>
  >;
}

/** The selection phase of a query. */
export interface SelectionSamples {
  /** [count × dimension] normalised noisy embeddings. */
  embeddings: Float32Array;
  count: number;
  /** [labels] votes of the selection samples. */
  votes: Int32Array;
}

const ANCHORS = 8;
/** Negatives of least margin among which the critical ones are looked for, at least. */
const SHORTLIST = 64;
const GROUP_SHOWN = 48;

/** Plans the estimation phase of one query. */
export function planQuery(
  gallery: GalleryView,
  selection: SelectionSamples,
  options: PlanOptions,
): QueryPlan {
  const { k = 1, criticals = 16, bins = 256, exclude = -1, rival = -1 } = options;
  const identity = options.identity ?? rival >= 0;
  const settings = { ...options, k, criticals, bins, identity };
  const bounds = { ...options, k, alpha: options.alpha, lastAlpha: options.lastAlpha ?? options.alpha };
  const { embeddings, count } = selection;
  const { dimension } = gallery;

  // the mean ĝ₀ and the items in order of their distance from it
  const mean = new Float64Array(dimension);
  for (let i = 0; i < embeddings.length; i++) mean[i % dimension] += embeddings[i] / count;
  const squared = squaredDistances(gallery, mean, exclude);
  const order = argsort(squared, exclude);
  const label = options.label ?? (order.length > 0 ? gallery.labelIndex[order[0]] : -1);
  const isPositive = identity
    ? (item: number) => item === order[0]
    : (item: number) => gallery.labelIndex[item] === label;
  const positives = order.filter(isPositive);

  const K = rival >= 0 ? undefined : options.candidates;
  const cut = K !== undefined && K < order.length ? K : order.length;
  let candidates: QueryPlan['candidates'] = null;
  if (cut < order.length) {
    const point = Float32Array.from(mean);
    // distances are re-measured from the rounded point that the samples will use
    const scanned = order.slice(0, cut);
    const inside = new Set(scanned);
    const fromPoint = squaredDistances(gallery, point, exclude);
    let farDistance = Infinity;
    for (const item of order) if (!inside.has(item)) farDistance = Math.min(farDistance, fromPoint[item]);
    candidates = { items: scanned, point, farDistance: Math.sqrt(farDistance) * (1 - 1e-12) };
  }

  const statistics: Statistic[] = [];
  let ties = 0;
  const near = candidates ? candidates.items : order;
  const anchors = (
    candidates ? positives.filter((item) => candidates.items.includes(item)) : positives
  ).slice(0, ANCHORS);
  if (anchors.length > 0) {
    const negatives = rival >= 0 ? Int32Array.of(rival) : near.filter((item) => !isPositive(item));
    const all = choosePairs(gallery, squared, anchors, negatives);
    const pairs = all.filter(({ margin }) => margin > -Infinity);
    ties = all.length - pairs.length;
    const scores = new SelectionScores(gallery, selection);
    const scored = shortlist(gallery, scores, pairs.slice(0, Math.max(SHORTLIST, criticals)), anchors);
    const finish = (
      statistic: Omit<
        Statistic,
        | 'expected'
        | 'origin'
        | 'width'
        | 'bins'
        | 'expectedRadius'
        | 'radii'
        | 'rate'
        | 'low'
        | 'slack'
        | 'thresholds'
        | 'tailBound'
        | 'meanBound'
      >,
      values: Float64Array,
      low: number,
      high: number,
      largestWeight: number,
    ): void => {
      const allowance = roundingAllowance(dimension, largestWeight);
      const atoms = findAtoms(values, 4 * allowance);
      const placed = atoms ? binsAtAtoms(atoms, high, allowance, bins) : placeBins(values, high, bins);
      const levels = binLevels(placed, high, allowance);
      const counted = {
        ...statistic,
        ...placed,
        expected: expectLaw(values, atoms, placed, levels, options.samples),
        low,
        slack: 2 * allowance,
      };
      statistics.push({
        ...counted,
        ...chooseBounds(counted, values, atoms, bounds),
        radii: [],
        rate: 0,
      });
    };
    for (const { pair, values } of scored.slice(0, criticals)) {
      const { largestWeight, low, high, ...terms } = pairTerms(gallery, [pair]);
      finish(
        {
          kind: 'pair',
          members: Int32Array.of(pair.negative),
          anchors: Int32Array.of(pair.positive),
          ...terms,
          farDistance: 0,
          count: 1,
        },
        values,
        low,
        high,
        largestWeight,
      );
    }
    const own = new Set(scored.slice(0, criticals).map(({ pair }) => pair.negative));
    const rest = pairs.filter(({ negative }) => !own.has(negative));
    if (rest.length > 0) {
      const { largestWeight, low, high, ...terms } = pairTerms(gallery, rest);
      const statistic = {
        kind: 'group' as const,
        members: Int32Array.from(rest, (p) => p.negative),
        anchors: Int32Array.from(rest, (p) => p.positive),
        ...terms,
        farDistance: 0,
        count: rest.length,
      };
      finish(statistic, groupValues(scores, statistic), low, high, largestWeight);
    }
    if (candidates) {
      const anchor = anchors[0];
      const { point, farDistance } = candidates;
      const a = vectorAt(gallery, anchor);
      const values = Float64Array.from({ length: count }, (_, i) => {
        const h = embeddings.subarray(i * dimension, (i + 1) * dimension);
        return farValue(farDistance, distance(h, point), distance(h, a));
      });
      finish(
        {
          kind: 'far',
          members: new Int32Array(),
          anchors: Int32Array.of(anchor),
          weights: new Float32Array(),
          offsets: new Float32Array(),
          farDistance,
          count: gallery.count,
        },
        values,
        -farDistance / 2,
        2,
        1,
      );
    }
    chooseRadii(statistics, bounds);
    const { targetRadius } = options;
    if (targetRadius !== undefined) {
      for (const statistic of statistics) {
        statistic.radii = [...new Set([...statistic.radii, targetRadius])].sort((x, y) => x - y);
      }
    }
  }
  return {
    label,
    positives: Int32Array.from(positives),
    statistics,
    ties,
    vote: planVote(selection, options),
    candidates,
    exclude,
    rival,
    options: settings as QueryPlan['options'],
  };
}

/** All items by distance, less the excluded one. */
function argsort(squared: Float64Array, exclude: number): Int32Array {
  const order = new Int32Array(squared.length).map((_, i) => i);
  order.sort((i, j) => squared[i] - squared[j] || i - j);
  return exclude < 0 ? order : order.filter((item) => item !== exclude);
}

/** For each negative the positive with the largest bisector margin at ĝ₀: each needs to be beaten by some positive only. */
function choosePairs(
  gallery: GalleryView,
  squared: Float64Array,
  anchors: Int32Array,
  negatives: Int32Array,
): (Pair & { margin: number })[] {
  const chosen: (Pair & { margin: number })[] = [];
  for (const negative of negatives) {
    const b = vectorAt(gallery, negative);
    let best = { positive: anchors[0], negative, margin: -Infinity };
    for (const positive of anchors) {
      const margin = bisectorMarginOf(
        Math.sqrt(squared[positive]),
        Math.sqrt(squared[negative]),
        distance(vectorAt(gallery, positive), b),
      );
      if (margin > best.margin) best = { positive, negative, margin };
    }
    chosen.push(best);
  }
  return chosen.sort((x, y) => x.margin - y.margin);
}

/**
 * Negatives with the positive that beats them most surely: largest −mean/deviation of the statistic over the selection
 * samples; most critical first.
 */
function shortlist(
  gallery: GalleryView,
  scores: SelectionScores,
  pairs: readonly Pair[],
  anchors: Int32Array,
): { pair: Pair; values: Float64Array; score: number }[] {
  const found: { pair: Pair; values: Float64Array; score: number }[] = [];
  for (const { negative } of pairs) {
    let best: { pair: Pair; weight: number; offset: number; score: number } | null = null;
    for (const positive of anchors) {
      const { weights, offsets } = pairTerms(gallery, [{ positive, negative }]);
      const [weight, offset] = [weights[0], offsets[0]];
      if (!Number.isFinite(weight)) continue; // the same vector in both classes: no bisector
      const { mean, deviation } = scores.difference(negative, positive);
      const score = (-weight * (mean + offset)) / Math.max(1e-9, weight * deviation);
      if (best === null || score > best.score) best = { pair: { positive, negative }, weight, offset, score };
    }
    if (best === null) continue;
    const { pair, weight, offset, score } = best;
    found.push({ pair, values: scores.values(pair, weight, offset), score });
  }
  return found.sort((x, y) => x.score - y.score);
}

/** Values of a group statistic over the selection samples, from its members of least margin (a guess of the law only). */
function groupValues(
  scores: SelectionScores,
  { members, anchors, weights, offsets }: Pick<Statistic, 'members' | 'anchors' | 'weights' | 'offsets'>,
): Float64Array {
  const values = new Float64Array(scores.count).fill(-Infinity);
  for (let m = 0; m < Math.min(GROUP_SHOWN, members.length); m++) {
    const a = scores.of(anchors[m]);
    const b = scores.of(members[m]);
    const [weight, offset] = [weights[m], offsets[m]];
    for (let i = 0; i < values.length; i++) values[i] = Math.max(values[i], weight * (b[i] - a[i] + offset));
  }
  return values;
}

/** The vote's answer and the rule that promises the larger radius. */
function planVote(
  { votes, count }: SelectionSamples,
  { samples, alpha, sigma }: PlanOptions,
): QueryPlan['vote'] {
  let label = 0;
  for (let i = 1; i < votes.length; i++) if (votes[i] > votes[label]) label = i;
  let second = 0;
  for (let i = 0; i < votes.length; i++) if (i !== label) second = Math.max(second, votes[i]);
  const scale = samples / Math.max(1, count);
  const hits = Math.min(samples, Math.floor((votes[label] ?? 0) * scale));
  const majority = clopperPearsonLower(hits, samples, alpha);
  const lower = clopperPearsonLower(hits, samples, alpha / 2);
  const upper = Math.min(
    1 - lower,
    clopperPearsonUpper(Math.min(samples, Math.ceil(second * scale)), samples, alpha / 2),
  );
  const byMajority = majority > 0.5 ? sigma * normalQuantile(majority) : 0;
  const byRunnerUp = lower > upper ? (sigma * (normalQuantile(lower) - normalQuantile(upper))) / 2 : 0;
  return { label, rule: byRunnerUp > byMajority ? 'runner-up' : 'majority' };
}
