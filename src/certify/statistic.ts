import { bisectorOffset, distance, dot, SCALAR_ROUNDING } from './margin.ts';
import { type GalleryView, MOST_NORM, squaredNorms, vectorAt } from './gallery-view.ts';
import { requireAtLeastZero, requireCount, requireNumber, requirePositive } from '../stats/require.ts';
import { type Bins, binLevels } from './bins.ts';
import type { Bettor } from './radius-bets.ts';
import { leastDistance, type Scanned } from './scanned.ts';

/**
 * What decides a part of the answer, made by {@link pairTerms} or {@link groupTerms}: a scalar statistic T of a noisy embedding h of
 * which, while E[T] < 0, every negative that it speaks of is beaten by its anchor (a positive).
 *
 * T(h) = max_m w_m·(⟨h,b_m⟩ − ⟨h,a_m⟩ + o_m), w = 1/‖b−a‖, o = (‖a‖²−‖b‖²)/2 (certificates §4, §7), which is max_m (⟨h,u_m⟩ − c_m). E[T] ≥ max_m E[…],
 * so E[T] < 0 decides all of them. A group may speak of all items outside a scan too ({@link outsideReach}).
 */
export interface Terms {
  kind: 'pair' | 'group';
  /** Gallery indices of the negatives. */
  members: Int32Array;
  /** Gallery index of the positive that has to beat each member. */
  anchors: Int32Array;
  /** w_m and o_m, float32 as the sampling kernel uses them. */
  weights: Float32Array;
  offsets: Float32Array;
  /** Gallery index of the positive that has to beat every item outside the scan, where the statistic speaks of those; else null. */
  outside: number | null;
  /** Every negative outside the scan is at least so far from its point; 0 without those. */
  farDistance: number;
  /** How many negatives the statistic stands for. */
  count: number;
  /** A-priori least and largest value of T, and how far it may be computed too low. */
  low: number;
  high: number;
  allowance: number;
}

/** A statistic with the bins that its values are counted in. A value v falls into bin clamp(⌊(v − origin)/width⌋, 0, bins − 1). */
export interface Counted extends Terms, Bins {
  /** [bins] the upper ends of the bins, with the allowance for rounding; the last bounds T. */
  levels: Float64Array;
  /** A sample counted in bin j > 0 has a T of at least levels[j−1] − slack: rounding may have raised it, and the levels are raised. */
  slack: number;
}

/** How the bounds of a statistic are made: free choices, which cost or gain radius and cannot make a certificate wrong. */
export interface Strategy {
  /** Bins at whose upper ends the tail may be bounded by counting, ascending. */
  thresholds: number[];
  /** What `cdf` takes: bets on radii, or Clopper–Pearson bounds of the tail at the thresholds. */
  tailBound: 'betting' | 'counting';
  bets: Bettor;
  /**
   * The bound of E[T] that `bisector` takes: the ball ‖ĝ−g‖ ≤ ε (all but pairs), a bet with a stake for so many samples and so much
   * alpha (mean-bound.ts), or the thresholds.
   */
  meanBound:
    | { kind: 'ball' }
    | {
        kind: 'betting';
        /** How much is put at risk in each bet, from 0 to 1 of what the test allows. */
        stake: (samples: number, alpha: number) => number;
      }
    | { kind: 'counting' };
  /** The statistics are bounded in the order of these; in the unit of sigma. */
  expectedRadius: number;
}

/** A statistic, and how it is bounded. */
export interface Statistic extends Counted, Strategy {}

/** Puts a statistic's values into bins. @throws CERTIFICATE_INPUT for bins that are not finite, or fewer than 2 */
export function countInBins(terms: Terms, { origin, width, bins }: Bins): Counted {
  const levels = binLevels({ origin, width, bins }, terms.high, terms.allowance);
  return { ...terms, origin, width, bins, levels, slack: 2 * terms.allowance };
}

/** A negative with the positive that has to beat it. */
export interface Pair {
  positive: number;
  negative: number;
}

/** The statistic of some pairs; of one for the kind 'pair'. */
export function pairTerms(gallery: GalleryView, kind: 'pair' | 'group', pairs: readonly Pair[]): Terms {
  const weights = new Float32Array(pairs.length);
  const offsets = new Float32Array(pairs.length);
  let low = Infinity;
  let high = -Infinity;
  let largestWeight = 0;
  for (const [m, { positive, negative }] of pairs.entries()) {
    const a = vectorAt(gallery, positive);
    const b = vectorAt(gallery, negative);
    const apart = distance(a, b);
    const offset = bisectorOffset(a, b); // c_ab
    weights[m] = 1 / apart;
    offsets[m] = -offset * apart;
    largestWeight = Math.max(largestWeight, 1 / apart);
    low = Math.min(low, -1 - offset);
    high = Math.max(high, 1 - offset);
  }
  return {
    kind,
    members: Int32Array.from(pairs, ({ negative }) => negative),
    anchors: Int32Array.from(pairs, ({ positive }) => positive),
    weights,
    offsets,
    outside: null,
    farDistance: 0,
    count: pairs.length,
    low,
    high,
    allowance: roundingAllowance(gallery.dimension, largestWeight),
  };
}

/**
 * The statistic of some pairs and of all negatives outside a scan, each of these against `anchor`. Its value for h is the {@link outsideFloor} of its pairs'
 * value, or the greatest {@link bisectorValue} of a negative outside within {@link outsideReach} of h, whichever is greater: at least T, and no more
 * than T wherever T is at least −½.
 *
 * A-priori: every negative outside is at least ℓ = D − ‖a−q‖ from the anchor a, D the distance of all of them from the point q. So
 * T_b = ⟨h,u⟩ − c_ab ≤ 1 + max(0, ‖a‖²−‖b‖²)/2ℓ, and by certificates §4 T_b ≤ ‖h−a‖ ≤ 1 + ‖a‖.
 * @param isOutside whether an item is a negative outside the scan
 * @returns null where a negative outside may be as near to the anchor as 10⁻⁴: no bisector is certain then
 */
export function groupTerms(
  gallery: GalleryView,
  pairs: readonly Pair[],
  anchor: number,
  { point, squared }: Scanned,
  isOutside: (item: number) => boolean,
): Terms | null {
  const terms = pairTerms(gallery, 'group', pairs);
  const a = vectorAt(gallery, anchor);
  const farDistance = leastDistance(squared, (item) => !isOutside(item));
  const apart = farDistance - distance(a, point);
  if (!(apart > LEAST_APART)) return null;
  const norms = squaredNorms(gallery);
  let shortest = Infinity;
  let outside = 0;
  for (let item = 0; item < norms.length; item++) {
    if (!isOutside(item)) continue;
    shortest = Math.min(shortest, norms[item]);
    outside++;
  }
  if (outside === 0) return terms;
  const own = dot(a, a);
  const high = Math.min(
    1 + Math.sqrt(own),
    1 + (Math.max(0, own - shortest) + SCALAR_ROUNDING) / (2 * apart),
  );
  return {
    ...terms,
    outside: anchor,
    farDistance,
    count: pairs.length + outside,
    low: Math.min(terms.low, OUTSIDE_FLOOR),
    high: Math.max(terms.high, high),
    // bisectorValue in float64: an error of at most (k+8)·2⁻⁵¹·(‖h−a‖² + ‖h−b‖²)/ℓ (margin.ts), far below 10⁻⁷
    allowance: Math.max(terms.allowance, roundingAllowance(gallery.dimension, 0) + 1e-7),
  };
}

/** Items outside a scan are nowhere as near to an anchor as this. */
const LEAST_APART = 1e-4;

/** The least value that is told of a statistic with items outside the scan. */
const OUTSIDE_FLOOR = -0.5;

/** What a statistic with items outside the scan is at least, given the greatest value of its pairs for the same h (−Infinity for none). */
export const outsideFloor = (greatest: number): number => Math.max(greatest, OUTSIDE_FLOOR);

/**
 * An item b outside the scan that lies at least so far from h has a term T_b of at most `floor`: it need not be looked at.
 * Proof. If ‖h−b‖ ≥ ‖h−a‖ then −T_b = (‖h−b‖−‖h−a‖)(‖h−b‖+‖h−a‖)/(2‖a−b‖) ≥ (‖h−b‖−‖h−a‖)/2 by the triangle inequality (certificates §4). With
 * ‖h−b‖ ≥ ‖h−a‖ + 2·max(0, −floor) that is at least max(0, −floor) ≥ −floor. ∎
 *
 * @param toAnchor ‖h−a‖
 */
export function outsideReach(floor: number, toAnchor: number): number {
  requireAtLeastZero('toAnchor', toAnchor);
  requireNumber('floor', floor);
  return toAnchor + 2 * Math.max(0, -floor);
}

/** T_b(h) = (‖h−a‖² − ‖h−b‖²)/(2‖a−b‖) from the three squared distances. @throws CERTIFICATE_INPUT for equal items, which have no bisector */
export function bisectorValue(toAnchor: number, toItem: number, apart: number): number {
  requireAtLeastZero('toAnchor', toAnchor);
  requireAtLeastZero('toItem', toItem);
  requirePositive('apart', apart);
  return (toAnchor - toItem) / (2 * Math.sqrt(apart));
}

const UNIT_ROUNDOFF = 2 ** -24;

/** Rounding of the inner product of an embedding and a stored vector in float32, in any order of summation. */
const productRounding = (dimension: number): number =>
  (MOST_NORM * dimension * UNIT_ROUNDOFF) / (1 - dimension * UNIT_ROUNDOFF);

/**
 * How far a statistic computed in float32 can lie below its exact value: two inner products of `dimension` terms of
 * vectors of norm ≤ 1 and {@link MOST_NORM} in any order of summation (error ≤ γ_k·‖h‖‖v‖, γ_k = k·u/(1−k·u); Higham 2002, §3.1), the
 * rounding of the offset, the two additions and the product by the weight (relative), and 1e-6 for ‖h‖ ≤ 1 + 1e-6.
 */
export function roundingAllowance(dimension: number, largestWeight: number): number {
  requireCount('dimension', dimension, 1);
  requireAtLeastZero('largestWeight', largestWeight);
  return largestWeight * (2 * productRounding(dimension) + 16 * UNIT_ROUNDOFF) + 1e-6;
}

/**
 * How far apart two values ⟨h,v⟩ − ‖v‖²/2 computed in float32 can be when the exact ones are equal: rounding of two inner
 * products (see {@link roundingAllowance}), of the two half squares and of the sums.
 */
export function voteAllowance(dimension: number): number {
  requireCount('dimension', dimension, 1);
  return 2 * (productRounding(dimension) + 4 * UNIT_ROUNDOFF);
}

/**
 * How far apart two squared distances of vectors of norm at most 1.0001, summed in float64 from differences, can be when the exact ones are
 * equal: each is at most 4.001, with a relative error of at most (k+4)·2⁻⁵³ (two roundings a term and k − 1 additions).
 */
export function tieAllowance(dimension: number): number {
  requireCount('dimension', dimension, 1);
  return (dimension + 4) * 2 ** -49;
}
