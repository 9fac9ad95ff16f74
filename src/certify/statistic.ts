import { bisectorOffset, distance, norm } from './margin.ts';
import { type GalleryView, MOST_NORM, vectorAt } from './gallery-view.ts';
import { requireAtLeastZero, requireCount } from '../stats/require.ts';
import { type Bins, binLevels } from './bins.ts';
import type { Bettor } from './radius-bets.ts';

/**
 * What decides a part of the answer, made by {@link pairTerms} or {@link farTerms}: a scalar statistic T of a noisy embedding h of
 * which, while E[T] < 0, every member (a negative) is beaten by its anchor (a positive).
 *
 * - pair and group (certificates §4, §7): T(h) = max_m w_m·(⟨h,b_m⟩ − ⟨h,a_m⟩ + o_m), w = 1/‖b−a‖, o = (‖a‖²−‖b‖²)/2,
 *   which is max_m (⟨h,u_m⟩ − c_m). E[T] ≥ max_m E[…], so E[T] < 0 decides all of them.
 * - far (certificates §7, without scanning the gallery): every item that is not among the K nearest of a point q is at
 *   least D_K from it; see {@link farValue}.
 */
export interface Terms {
  kind: 'pair' | 'group' | 'far';
  /** Gallery indices of the negatives; empty for 'far'. */
  members: Int32Array;
  /** Gallery index of the positive that has to beat each member; one entry for 'far'. */
  anchors: Int32Array;
  /** w_m and o_m, float32 as the sampling kernel uses them. */
  weights: Float32Array;
  offsets: Float32Array;
  /** For 'far': D_K. */
  farDistance: number;
  /** How many negatives the statistic stands for. */
  count: number;
  /** A-priori least and largest value of T, and how far float32 may compute it too low. */
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
    farDistance: 0,
    count: pairs.length,
    low,
    high,
    allowance: roundingAllowance(gallery.dimension, largestWeight),
  };
}

/** The statistic of all items beyond `farDistance` of a point: at most ‖h−a‖ ≤ 1 + ‖a‖ ({@link farValue}). */
export function farTerms(gallery: GalleryView, anchor: number, farDistance: number): Terms {
  requireAtLeastZero('farDistance', farDistance);
  return {
    kind: 'far',
    members: new Int32Array(),
    anchors: Int32Array.of(anchor),
    weights: new Float32Array(),
    offsets: new Float32Array(),
    farDistance,
    count: gallery.count,
    low: -farDistance / 2,
    high: 1 + norm(vectorAt(gallery, anchor)),
    allowance: roundingAllowance(gallery.dimension, 1),
  };
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
 * Value of the 'far' statistic for one noisy embedding h: an upper bound of max_b (⟨h,u_ab⟩ − c_ab) over all items b
 * with ‖q−b‖ ≥ D_K. With e = D_K − ‖h−q‖ ≤ ‖h−b‖: −(e − ‖h−a‖)/2 if e ≥ ‖h−a‖, else ‖h−a‖ (certificates §7).
 * Proof. If ‖h−b‖ ≥ ‖h−a‖ then m_ab(h) = (‖h−b‖−‖h−a‖)(‖h−b‖+‖h−a‖)/(2‖a−b‖) ≥ (‖h−b‖−‖h−a‖)/2 by the triangle
 * inequality. In any case m_ab(h) ≥ m_ab(a) − ‖h−a‖ ≥ −‖h−a‖, since m_ab is an affine function of slope 1. ∎
 *
 * @param toPoint ‖h−q‖  @param toAnchor ‖h−a‖
 */
export function farValue(farDistance: number, toPoint: number, toAnchor: number): number {
  requireAtLeastZero('farDistance', farDistance);
  requireAtLeastZero('toPoint', toPoint);
  requireAtLeastZero('toAnchor', toAnchor);
  const e = farDistance - toPoint;
  return e >= toAnchor ? -(e - toAnchor) / 2 : toAnchor;
}

/**
 * How far apart two values ⟨h,v⟩ − ‖v‖²/2 computed in float32 can be when the exact ones are equal: rounding of two inner
 * products (see {@link roundingAllowance}), of the two half squares and of the sums.
 */
export function voteAllowance(dimension: number): number {
  requireCount('dimension', dimension, 1);
  return 2 * (productRounding(dimension) + 4 * UNIT_ROUNDOFF);
}
