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
  fixPlan,
  type GalleryView,
  groupTerms,
  mostFrequent,
  nearestOf,
  norm,
  outsideFloor,
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
import { meanOf, type SelectionSamples, SelectionScores } from './selection-scores.ts';

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
  /**
   * Compare every sample with so many items, those nearest to the selection mean, and look for others only where they may matter; default: with
   * all. Changes the cost, hardly the radius.
   */
  candidates?: number;
  /** [items] squared distances from {@link meanOf} the selection samples, summed in float64 from differences; default: computed. */
  squared?: Float64Array;
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
  const question: Question = { sigma, k, exclude, rival };
  const vote = { label: options.label ?? mostFrequent(selection.votes) };

  if (options.votesOnly && rival === null && options.candidates === undefined) {
    // a label is all that is chosen, and no distance is asked for
    const label = options.label === undefined ? vote.label : options.label;
    const positives = itemsOf(gallery, label, exclude);
    return fixPlan(gallery, question, { label, positives, scanned: null, statistics: [], vote });
  }

  // the mean ĝ₀ and the items in order of their distance from it
  const mean = meanOf(selection);
  const squared = options.squared ?? squaredDistances(gallery, mean, exclude);
  const isLeftOut = (item: number): boolean => item === exclude;
  const [first = null] = nearestOf(squared, 1, isLeftOut);
  const nearest = first === null ? null : gallery.labelIndex[first];
  const label = rival !== null || options.label === undefined ? nearest : options.label;
  const isPositive =
    rival !== null ? (item: number) => item === first : (item: number) => gallery.labelIndex[item] === label;
  const most = options.candidates ?? gallery.count;
  // whatever fills the scan, a large class or others than that which was asked for: the nearest negatives and the nearest of the class belong to it too
  const needed = (): number[] => [
    ...nearestOf(squared, Math.ceil(most / 4), (item) => isLeftOut(item) || isPositive(item)),
    ...nearestOf(squared, ANCHORS, (item) => isLeftOut(item) || gallery.labelIndex[item] !== vote.label),
    ...(rival === null ? [] : [rival]),
  ];
  const scanned =
    most < gallery.count
      ? scanNearest(gallery, mean, {
          most,
          exclude,
          also: needed(),
          squared,
        })
      : null;
  const near = scanned?.items ?? Int32Array.from(nearestOf(squared, gallery.count, isLeftOut));
  const anchors = near.filter(isPositive).slice(0, ANCHORS);
  const choices: Choices = {
    expectedNorm: norm(mean),
    label,
    positives:
      rival === null ? itemsOf(gallery, label, exclude) : Int32Array.of(...(first === null ? [] : [first])),
    scanned,
    statistics: [],
    vote,
  };
  const isOutside = ({ items }: Scanned): ((item: number) => boolean) => {
    const taken = new Uint8Array(gallery.count);
    for (const item of items) taken[item] = 1;
    return (item) => taken[item] === 0 && !isPositive(item) && !isLeftOut(item);
  };
  if (anchors.length > 0 && !options.votesOnly) {
    const negatives = rival !== null ? Int32Array.of(rival) : near.filter((item) => !isPositive(item));
    const drafts = chooseStatistics(gallery, selection, {
      squared,
      anchors,
      negatives,
      // with a rival nothing else has to be beaten
      outside: rival === null && scanned ? { scanned, has: isOutside(scanned) } : null,
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

/** The critical negatives, each on its own, and one group of all others. */
function chooseStatistics(
  gallery: GalleryView,
  selection: SelectionSamples,
  around: {
    squared: Float64Array;
    anchors: Int32Array;
    negatives: Int32Array;
    /** The scan, where what lies outside it has to be beaten too. */
    outside: { scanned: Scanned; has: (item: number) => boolean } | null;
    criticals: number;
  },
): Seen[] {
  const { squared, anchors, negatives, outside, criticals } = around;
  const pairs = choosePairs(gallery, squared, anchors, negatives);
  const scores = new SelectionScores(gallery, selection);
  // the values of the group's members are all that is known beforehand of those outside: half of the pairs are kept for it
  const ownCount = outside ? Math.min(criticals, pairs.length >> 1) : criticals;
  const own = shortlist(gallery, scores, pairs.slice(0, Math.max(SHORTLIST, criticals)), anchors).slice(
    0,
    ownCount,
  );
  const found: Seen[] = own.map(({ pair, values }) => ({
    terms: pairTerms(gallery, 'pair', [pair]),
    values,
  }));
  const ofTheirOwn = new Set(own.map(({ pair }) => pair.negative));
  const rest = pairs.filter(({ negative }) => !ofTheirOwn.has(negative));
  if (rest.length > 0 || outside) {
    const terms =
      (outside && groupTerms(gallery, rest, anchors[0], outside.scanned, outside.has)) ??
      pairTerms(gallery, 'group', rest);
    if (terms.count > 0) found.push({ terms, values: groupValues(scores, terms) });
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

/** Values of a group statistic over the selection samples, from its members of least margin (a guess of the law only; nearly all of it). */
function groupValues(
  scores: SelectionScores,
  { members, anchors, weights, offsets, outside }: Terms,
): Float64Array {
  const values = new Float64Array(scores.count).fill(outside === null ? -Infinity : outsideFloor(-Infinity));
  for (let m = 0; m < Math.min(GROUP_SHOWN, members.length); m++) {
    const a = scores.of(anchors[m]);
    const b = scores.of(members[m]);
    const [weight, offset] = [weights[m], offsets[m]];
    for (let i = 0; i < values.length; i++) values[i] = Math.max(values[i], weight * (b[i] - a[i] + offset));
  }
  return values;
}

/** The items of a class. */
function itemsOf(
  { labelIndex, count }: GalleryView,
  label: number | null,
  exclude: number | null,
): Int32Array {
  const found: number[] = [];
  for (let item = 0; item < count; item++)
    if (labelIndex[item] === label && item !== exclude) found.push(item);
  return Int32Array.from(found);
}
