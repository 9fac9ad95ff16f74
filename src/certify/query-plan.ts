/**
 * What is fixed of a query before its estimation samples are drawn. Some of it is what is asked, some follows from the gallery, and the
 * rest is chosen (src/plan): {@link fixPlan} checks that the choices can cost radius only.
 */
import { inputError, requireCount, requirePositive } from '../stats/require.ts';
import type { GalleryView } from './gallery-view.ts';
import { isScan, type Scanned } from './scanned.ts';
import { countInBins, groupTerms, pairTerms, type Statistic, type Terms } from './statistic.ts';

/** What is asked of a query. */
export interface Question {
  /** Standard deviation of the noise, in [0,1] pixel units. */
  sigma: number;
  /** Recall@k; 1 with a rival. */
  k: number;
  /** Gallery item that is left out; null for none. */
  exclude: number | null;
  /** The one item that counts as a negative (exclusion, certificates §1); null for all that are no positives. */
  rival: number | null;
}

/** What is chosen for a query. */
export interface Choices {
  /** Class to certify; null where no item has it. */
  label: number | null;
  /** Items that count as positives: of the class to certify. One of them is to be among the k nearest. */
  positives: Int32Array;
  scanned: Scanned | null;
  statistics: Statistic[];
  /** The answer of votes and duels to certify. */
  vote: { label: number };
  /** ‖g‖ as it is expected, by which the stake of a ball at any time is chosen; default 0. */
  expectedNorm?: number;
}

/** A query's plan. */
export interface QueryPlan extends Question, Choices {
  /** Negatives that no statistic speaks of, of the very vector of each positive for example: nothing is certified about them. */
  uncovered: number;
  /** Labels with which that of votes and duels has a duel: all others that an item has which is not left out. */
  rivalLabels: number;
  /** The label of the rival, whose duel alone is certified; null without a rival. */
  rivalLabel: number | null;
}

/**
 * The plan of a query. Whatever was chosen, its certificates hold: positives are of the class that is certified, statistics compare a
 * positive with a negative, and negatives without a statistic are counted as uncovered. All that follows from the gallery, the pairs and the bins
 * (weights, offsets, bounds, allowances, levels) is computed here, and a scan is one of scanned.ts, whatever the choices say of it.
 * @throws CERTIFICATE_INPUT for choices that are none of these: a fault of the program that made them
 */
export function fixPlan(gallery: GalleryView, question: Question, choices: Choices): QueryPlan {
  const { exclude, rival, k, sigma } = question;
  requirePositive('sigma', sigma);
  requireCount('k', k, 1);
  // with a rival there is one negative: it is never the k-th nearest for k > 1, and nothing would be left to certify
  if (rival !== null && k !== 1) throw inputError('k = 1 with a rival', `k = ${k}`);
  for (const [name, item] of Object.entries({ exclude, rival }))
    if (item !== null && !(Number.isInteger(item) && item >= 0 && item < gallery.count))
      throw inputError(`${name}, an item among ${gallery.count}`, String(item));
  const { label, positives, scanned } = choices;
  if (scanned && !isScan(scanned)) throw inputError('a scan of scanNearest', 'another one');
  const isPositive = new Uint8Array(gallery.count);
  for (const item of positives) {
    if (item === exclude || gallery.labelIndex[item] !== label)
      throw inputError(
        `positives of the class ${label}`,
        `item ${item}, of class ${gallery.labelIndex[item]}`,
      );
    isPositive[item] = 1;
  }
  const isScanned = new Uint8Array(gallery.count).fill(scanned ? 0 : 1);
  for (const item of scanned?.items ?? []) {
    if (item === exclude) throw inputError('a scan without the item that is left out', `item ${item}`);
    isScanned[item] = 1;
  }
  const open = new Uint8Array(gallery.count); // negatives that nothing speaks of yet
  for (let item = 0; item < gallery.count; item++)
    if (isPositive[item] === 0 && item !== exclude && (rival === null || item === rival)) open[item] = 1;
  const statistics = choices.statistics.map((chosen): Statistic => {
    const isOutside = (item: number): boolean =>
      isScanned[item] === 0 && isPositive[item] === 0 && item !== exclude;
    const statistic = { ...chosen, ...countInBins(termsOf(gallery, chosen, scanned, isOutside), chosen) };
    const { members, anchors, outside, thresholds, bins } = statistic;
    const positiveNeeded = outside === null ? anchors : [...anchors, outside];
    for (const item of positiveNeeded)
      if (isPositive[item] !== 1) throw inputError('anchors that are positives', `item ${item}`);
    for (const item of members) {
      if (isPositive[item] === 1 || item === exclude)
        throw inputError('members that are negatives', `item ${item}`);
      open[item] = 0;
    }
    if ([positiveNeeded, members].some((items) => items.some((item) => isScanned[item] === 0)))
      throw inputError('anchors and members that are scanned', 'others');
    if (outside !== null)
      for (let item = 0; item < gallery.count; item++) if (isOutside(item)) open[item] = 0;
    if (thresholds.some((bin, i) => !(bin < bins - 1 && bin > (i === 0 ? -1 : thresholds[i - 1]))))
      throw inputError(`ascending thresholds below bin ${bins - 1}`, thresholds.join(', '));
    return statistic;
  });
  return {
    ...question,
    ...choices,
    statistics,
    uncovered: open.reduce((sum, value) => sum + value, 0),
    rivalLabels: labelsOf(gallery, exclude, choices.vote.label),
    rivalLabel: rival === null ? null : gallery.labelIndex[rival],
  };
}

/** How many labels other than `own` an item has that is not left out. */
function labelsOf({ labelIndex, count }: GalleryView, exclude: number | null, own: number): number {
  const seen = new Uint8Array(labelIndex.reduce((most, label) => Math.max(most, label), own) + 1);
  for (let item = 0; item < count; item++) if (item !== exclude) seen[labelIndex[item]] = 1;
  seen[own] = 0;
  return seen.reduce((sum, value) => sum + value, 0);
}

/** The terms of the pairs that were chosen, and of what lies outside the scan. */
function termsOf(
  gallery: GalleryView,
  chosen: Statistic,
  scanned: Scanned | null,
  isOutside: (item: number) => boolean,
): Terms {
  const { kind, members, anchors, outside } = chosen;
  if (members.length !== anchors.length || (kind === 'pair' && (members.length !== 1 || outside !== null)))
    throw inputError(
      'an anchor for each member, and one member in a pair',
      `${anchors.length} and ${members.length}`,
    );
  const pairs = Array.from(members, (negative, m) => ({ positive: anchors[m], negative }));
  if (outside === null) return pairTerms(gallery, kind, pairs);
  const terms = scanned && groupTerms(gallery, pairs, outside, scanned, isOutside);
  if (terms === null) throw inputError('a scan whose outside is far from the anchor', 'none');
  return terms;
}

/**
 * Refuses a plan that was made after counting unless it counts what `counted` counts: counters of the one are then, number by number, those of
 * the other.
 *
 * Why such a plan may be certified: a certificate holds for choices that do not look at the estimation samples, at whatever time they are computed. The
 * samples depend on sigma and the query; a sample's bin on the terms of a statistic and its bins; its vote on the gallery, the item left out and what is
 * scanned. Nothing else reaches the counters.
 * @throws CERTIFICATE_INPUT
 */
export function requireSameCounts(counted: QueryPlan, plan: QueryPlan): void {
  const same =
    plan.sigma === counted.sigma &&
    plan.exclude === counted.exclude &&
    // the duels are those of one label
    plan.vote.label === counted.vote.label &&
    scansTheSame(plan.scanned, counted.scanned) &&
    plan.statistics.length === counted.statistics.length &&
    plan.statistics.every((statistic, j) => countsTheSame(statistic, counted.statistics[j]));
  if (same) return;
  throw inputError(
    'a plan that counts what was counted',
    'one with another noise, label of votes, scan, statistic or bin',
    'Change only budget, k and targetRadii.',
  );
}

/** Whether every sample would be compared with the same items. */
const scansTheSame = (a: Scanned | null, b: Scanned | null): boolean =>
  a === null || b === null ? a === b : alike(a.items, b.items);

/** Whether every sample would be counted in the same bin. */
function countsTheSame(a: Statistic, b: Statistic): boolean {
  return (
    (['kind', 'origin', 'width', 'bins', 'outside'] as const).every((field) => a[field] === b[field]) &&
    (['members', 'anchors', 'weights', 'offsets'] as const).every((field) => alike(a[field], b[field]))
  );
}

function alike(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
