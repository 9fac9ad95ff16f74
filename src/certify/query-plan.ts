/**
 * What is fixed of a query before its estimation samples are drawn. Some of it is what is asked, some follows from the gallery, and the
 * rest is chosen (src/plan): {@link fixPlan} checks that the choices can cost radius only.
 */
import { inputError, requireCount, requirePositive } from '../stats/require.ts';
import { type GalleryView, squaredDistances } from './gallery-view.ts';
import type { Statistic } from './statistic.ts';

/** What is asked of a query. */
export interface Question {
  /** Standard deviation of the noise, in [0,1] pixel units. */
  sigma: number;
  /** Recall@k; 1 with a rival. */
  k: number;
  /** Gallery item that is left out; null for none. */
  exclude: number | null;
  /** The one item that counts as a negative (exclusion, certificates §6); null for all that are no positives. */
  rival: number | null;
}

/** The items that each noisy embedding is compared with, where these are not all: made by {@link scanNearest}. */
export interface Scanned {
  items: Int32Array;
  /** A point q, float32 as the samples use it, and the distance beyond which all other items lie from it. */
  point: Float32Array;
  farDistance: number;
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
}

/** A query's plan. */
export interface QueryPlan extends Question, Choices {
  /** Negatives that no statistic speaks of, of the very vector of each positive for example: nothing is certified about them. */
  uncovered: number;
}

/** The scan of `items` alone: every other item is at least farDistance from `point`. */
export function scanNearest(
  gallery: GalleryView,
  items: Int32Array,
  point: Float32Array,
  exclude: number | null,
): Scanned {
  const outside = new Uint8Array(gallery.count).fill(1);
  for (const item of items) outside[item] = 0;
  if (exclude !== null) outside[exclude] = 0;
  let farDistance = Infinity;
  for (const [item, squared] of squaredDistances(gallery, point, exclude).entries())
    if (outside[item] === 1) farDistance = Math.min(farDistance, squared);
  return { items, point, farDistance: Math.sqrt(farDistance) * (1 - 1e-12) };
}

/**
 * The plan of a query. Whatever was chosen, its certificates hold: positives are of the class that is certified, statistics compare a
 * positive with a negative, and negatives without a statistic are counted as uncovered. Terms and scans come from this folder.
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
  const { label, positives, scanned, statistics } = choices;
  const isPositive = new Uint8Array(gallery.count);
  for (const item of positives) {
    if (item === exclude || gallery.labelIndex[item] !== label)
      throw inputError(
        `positives of the class ${label}`,
        `item ${item}, of class ${gallery.labelIndex[item]}`,
      );
    isPositive[item] = 1;
  }
  const open = new Uint8Array(gallery.count); // negatives that nothing speaks of yet
  for (let item = 0; item < gallery.count; item++)
    if (isPositive[item] === 0 && item !== exclude && (rival === null || item === rival)) open[item] = 1;
  for (const { kind, members, anchors, farDistance, thresholds, bins } of statistics) {
    for (const item of anchors)
      if (isPositive[item] !== 1) throw inputError('anchors that are positives', `item ${item}`);
    for (const item of members) {
      if (isPositive[item] === 1 || item === exclude)
        throw inputError('members that are negatives', `item ${item}`);
      open[item] = 0;
    }
    if (thresholds.some((bin, i) => !(bin < bins - 1 && bin > (i === 0 ? -1 : thresholds[i - 1]))))
      throw inputError(`ascending thresholds below bin ${bins - 1}`, thresholds.join(', '));
    if (kind !== 'far') continue;
    if (scanned?.farDistance !== farDistance)
      throw inputError('the distance of the scan', `${farDistance} in a statistic`);
    const inside = new Set(scanned.items);
    for (let item = 0; item < gallery.count; item++) if (!inside.has(item)) open[item] = 0;
  }
  return { ...question, ...choices, uncovered: open.reduce((sum, value) => sum + value, 0) };
}
