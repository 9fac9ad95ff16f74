/**
 * What to count in the estimation phase, chosen from the selection samples alone (certificates §1: never choose and
 * estimate on the same samples). Every choice here costs or gains radius; none can make a certificate wrong.
 */
import {
  type AlphaBudget,
  bisectorMarginOf,
  type Choices,
  countInBins,
  distance,
  farTerms,
  farValue,
  fixPlan,
  type GalleryView,
  mostFrequent,
  norm,
  type Pair,
  pairTerms,
  type QueryPlan,
  type Question,
  scanNearest,
  type Scanned,
  squaredDistances,
  type Terms,
  vectorAt,
} from '../certify/index.ts';
import { binsAtAtoms, findAtoms } from './atoms.ts';
import { chooseRadii, chooseStrategy, type Draft } from './choose-bounds.ts';
import { betOnRadii } from './design-bets.ts';
import { expectLaw } from './expected-law.ts';
import { placeBins } from './place-bins.ts';
import { type SelectionSamples, SelectionScores } from './selection-scores.ts';

/** How a query is to be certified. */
export interface PlanOptions {
  /** Estimation samples planned, at most, and what a method's certificate may spend: at that number, or at any time. */
  budget: AlphaBudget;
  /** In [0,1] pixel units. */
  sigma: number;
  /** Recall@k; default 1. */
  k?: number;
  /** Gallery item to leave out (the query itself); default none. */
  exclude?: number | null;
  /**
   * The label to certify, null for one that no item has; default: that of the item nearest to the mean of the selection samples, and for
   * votes and duels the one with most votes among them.
   */
  label?: number | null;
  /**
   * Exclusion: certify only that this item does not become the nearest: the nearest item against it, and the duel with its label
   * (certificates §1, §9).
   */
  rival?: number | null;
  /** Negatives with a statistic of their own; default 16. */
  criticals?: number;
  /** Bins of each histogram; default 256. */
  bins?: number;
  /** Scan only the K items nearest to the selection mean for each sample, and bound the rest; default all. */
  candidates?: number;
  /** Plan duels and votes alone: nothing is counted for the methods of the smoothed embedding, which then certify nothing. Default false. */
  votesOnly?: boolean;
  /** Radii of special interest, > 0: always among those that cdf bets on. */
  targetRadii?: readonly number[];
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
  const { budget, sigma, k = 1, criticals = 16, exclude = null, rival = null } = options;
  const { embeddings, count } = selection;
  const { dimension } = gallery;
  const question: Question = { sigma, k, exclude, rival };
  const vote = { label: options.label ?? mostFrequent(selection.votes) };
  const K = rival !== null ? undefined : options.candidates;

  if (options.votesOnly && rival === null && K === undefined) {
    // a label is all that is chosen, and no distance is asked for
    const label = options.label === undefined ? vote.label : options.label;
    const positives = Int32Array.from(gallery.labelIndex.keys()).filter(
      (item) => gallery.labelIndex[item] === label && item !== exclude,
    );
    return fixPlan(gallery, question, { label, positives, scanned: null, statistics: [], vote });
  }

  // the mean ĝ₀ and the items in order of their distance from it
  const mean = new Float64Array(dimension);
  for (let i = 0; i < embeddings.length; i++) mean[i % dimension] += embeddings[i] / count;
  const squared = squaredDistances(gallery, mean, exclude);
  const order = argsort(squared, exclude);
  const nearest = order.length > 0 ? gallery.labelIndex[order[0]] : null;
  const label = rival !== null || options.label === undefined ? nearest : options.label;
  const isPositive =
    rival !== null
      ? (item: number) => item === order[0]
      : (item: number) => gallery.labelIndex[item] === label;
  const positives = order.filter(isPositive);

  const scanned =
    K !== undefined && K < order.length
      ? scanNearest(gallery, order.slice(0, K), Float32Array.from(mean), exclude)
      : null;
  const near = scanned ? scanned.items : order;
  const anchors = near.filter(isPositive).slice(0, ANCHORS);
  const expectedNorm = norm(mean);
  const choices: Choices = { expectedNorm, label, positives, scanned, statistics: [], vote };
  if (anchors.length > 0 && !options.votesOnly) {
    const negatives = rival !== null ? Int32Array.of(rival) : near.filter((item) => !isPositive(item));
    const drafts = chooseStatistics(gallery, selection, {
      squared,
      anchors,
      negatives,
      scanned,
      criticals,
    }).map(({ terms, values }) => draftOf(terms, values, { ...options, k }));
    const { radii, rate } = chooseRadii(drafts, { budget, k, sigma });
    choices.statistics = drafts.map(({ expected, counted, strategy }, j) => ({
      ...counted,
      ...strategy,
      bets: betOnRadii(expected, ascending([...radii[j], ...(options.targetRadii ?? [])]), rate),
    }));
  }
  return fixPlan(gallery, question, choices);
}

const ascending = (values: readonly number[]): number[] => [...new Set(values)].sort((x, y) => x - y);

/** A statistic with its values over the selection samples. */
interface Seen {
  terms: Terms;
  values: Float64Array;
}

/** The critical negatives, each on its own, one group of the others, and the far group. */
function chooseStatistics(
  gallery: GalleryView,
  selection: SelectionSamples,
  around: {
    squared: Float64Array;
    anchors: Int32Array;
    negatives: Int32Array;
    scanned: Scanned | null;
    criticals: number;
  },
): Seen[] {
  const { squared, anchors, negatives, scanned, criticals } = around;
  const { dimension } = gallery;
  const pairs = choosePairs(gallery, squared, anchors, negatives);
  const scores = new SelectionScores(gallery, selection);
  const own = shortlist(gallery, scores, pairs.slice(0, Math.max(SHORTLIST, criticals)), anchors).slice(
    0,
    criticals,
  );
  const found: Seen[] = own.map(({ pair, values }) => ({
    terms: pairTerms(gallery, 'pair', [pair]),
    values,
  }));
  const ofTheirOwn = new Set(own.map(({ pair }) => pair.negative));
  const rest = pairs.filter(({ negative }) => !ofTheirOwn.has(negative));
  if (rest.length > 0) {
    const terms = pairTerms(gallery, 'group', rest);
    found.push({ terms, values: groupValues(scores, terms) });
  }
  if (scanned) {
    const { point, farDistance } = scanned;
    const a = vectorAt(gallery, anchors[0]);
    const values = Float64Array.from({ length: selection.count }, (_, i) => {
      const h = selection.embeddings.subarray(i * dimension, (i + 1) * dimension);
      return farValue(farDistance, distance(h, point), distance(h, a));
    });
    found.push({ terms: farTerms(gallery, anchors[0], farDistance), values });
  }
  return found;
}

function draftOf(
  terms: Terms,
  values: Float64Array,
  { budget, sigma, k, bins = 256 }: PlanOptions & { k: number },
): Draft {
  const { allowance, high } = terms;
  const atoms = findAtoms(values, 4 * allowance);
  const counted = countInBins(
    terms,
    atoms ? binsAtAtoms(atoms, high, allowance, bins) : placeBins(values, high, bins),
  );
  const expected = expectLaw(values, atoms, counted, budget.samples);
  return { counted, expected, strategy: chooseStrategy(counted, values, atoms, { budget, k, sigma }) };
}

/** All items by distance, less the excluded one. */
function argsort(squared: Float64Array, exclude: number | null): Int32Array {
  const order = new Int32Array(squared.length).map((_, i) => i);
  order.sort((i, j) => squared[i] - squared[j] || i - j);
  return exclude === null ? order : order.filter((item) => item !== exclude);
}

/**
 * For each negative the positive with the largest bisector margin at ĝ₀: each needs to be beaten by some positive only. Negatives of the very
 * vector of each positive have none.
 */
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
    if (best.margin > -Infinity) chosen.push(best);
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
      const { weights, offsets } = pairTerms(gallery, 'pair', [{ positive, negative }]);
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
function groupValues(scores: SelectionScores, { members, anchors, weights, offsets }: Terms): Float64Array {
  const values = new Float64Array(scores.count).fill(-Infinity);
  for (let m = 0; m < Math.min(GROUP_SHOWN, members.length); m++) {
    const a = scores.of(anchors[m]);
    const b = scores.of(members[m]);
    const [weight, offset] = [weights[m], offsets[m]];
    for (let i = 0; i < values.length; i++) values[i] = Math.max(values[i], weight * (b[i] - a[i] + offset));
  }
  return values;
}
