import { bisectorOffset, distance } from './margin.ts';
import { type GalleryView, vectorAt } from './gallery-view.ts';
import type { ExpectedLaw } from './exceedance-test.ts';
import type { SeenLaw } from './mean-bound.ts';

/**
 * A scalar statistic T of a noisy embedding h whose smoothed mean decides a part of the answer: while E[T] < 0, every
 * member (a negative) is beaten by its anchor (a positive).
 *
 * - pair and group (certificates §3, §4): T(h) = max_m w_m·(⟨h,b_m⟩ − ⟨h,a_m⟩ + o_m), w = 1/‖b−a‖, o = (‖a‖²−‖b‖²)/2,
 *   which is max_m (⟨h,u_m⟩ − c_m). E[T] ≥ max_m E[…], so E[T] < 0 decides all of them.
 * - far (certificates §4, without scanning the gallery): every item that is not among the K nearest of a point q is at
 *   least D_K from it; see {@link farValue}.
 */
export interface Statistic {
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
  /** A value v falls into bin clamp(⌊(v − origin)/width⌋, 0, bins − 1). */
  origin: number;
  width: number;
  bins: number;
  /** The upper ends of the bins, with the allowance for rounding; and the law that the selection samples suggest. */
  expected: ExpectedLaw;
  /** A-priori least value of T. */
  low: number;
  /** A sample counted in bin j > 0 has a T of at least levels[j−1] − slack: rounding may have raised it, and the levels are raised. */
  slack: number;
  /** For a law of few values: the bins at whose upper ends its tail may be bounded, ascending; else empty. */
  thresholds: number[];
  /** What `cdf` takes: a test of each radius, or Clopper–Pearson bounds of the tail at the thresholds. */
  tailBound: 'tests' | 'thresholds';
  /** The bound of E[T] that `bisector` takes. */
  meanBound: MeanBound;
  /** Radius that the selection samples suggest, and the radii to test; [0,1] pixel units. */
  expectedRadius: number;
  radii: number[];
  /** Nats a sample that each of these tests is to tell, see exceedance-test.ts; 0 for log-optimal bets. */
  rate: number;
}

/**
 * Bound of a statistic's mean for `bisector`: from the ball ‖ĝ−g‖ ≤ ε (all but pairs); by a bet (mean-bound.ts) whose stake suits
 * the law seen in the selection samples; or from the thresholds of a law of few values.
 */
export type MeanBound = { kind: 'ball' } | { kind: 'bet'; seen: SeenLaw } | { kind: 'thresholds' };

/** A negative with the positive that has to beat it. */
export interface Pair {
  positive: number;
  negative: number;
}

/** Weights, offsets and a-priori range of the pairs of a statistic. */
export function pairTerms(gallery: GalleryView, pairs: readonly Pair[]) {
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
  return { weights, offsets, low, high, largestWeight };
}

const UNIT_ROUNDOFF = 2 ** -24;

/**
 * How far a statistic computed in float32 can lie below its exact value: two inner products of `dimension` terms of
 * vectors of norm ≤ 1 in any order of summation (error ≤ γ_k·‖h‖‖v‖, γ_k = k·u/(1−k·u); Higham 2002, §3.1), the
 * rounding of the offset, the two additions and the product by the weight (relative), and 1e-6 for ‖h‖ ≤ 1 + 1e-6.
 */
export function roundingAllowance(dimension: number, largestWeight: number): number {
  const gamma = (dimension * UNIT_ROUNDOFF) / (1 - dimension * UNIT_ROUNDOFF);
  return largestWeight * (2 * gamma + 16 * UNIT_ROUNDOFF) + 1e-6;
}

/**
 * Value of the 'far' statistic for one noisy embedding h: an upper bound of max_b (⟨h,u_ab⟩ − c_ab) over all items b
 * with ‖q−b‖ ≥ D_K. With e = D_K − ‖h−q‖ ≤ ‖h−b‖: −(e − ‖h−a‖)/2 if e ≥ ‖h−a‖, else ‖h−a‖ (certificates §4).
 * Proof. If ‖h−b‖ ≥ ‖h−a‖ then m_ab(h) = (‖h−b‖−‖h−a‖)(‖h−b‖+‖h−a‖)/(2‖a−b‖) ≥ (‖h−b‖−‖h−a‖)/2 by the triangle
 * inequality. In any case m_ab(h) ≥ m_ab(a) − ‖h−a‖ ≥ −‖h−a‖, since m_ab is an affine function of slope 1. ∎
 *
 * @param toPoint ‖h−q‖  @param toAnchor ‖h−a‖
 */
export function farValue(farDistance: number, toPoint: number, toAnchor: number): number {
  const e = farDistance - toPoint;
  return e >= toAnchor ? -(e - toAnchor) / 2 : toAnchor;
}

/**
 * How far apart two values ⟨h,v⟩ − ‖v‖²/2 computed in float32 can be when the exact ones are equal: rounding of two inner
 * products (see {@link roundingAllowance}), of the two half squares and of the sums.
 */
export function voteAllowance(dimension: number): number {
  const gamma = (dimension * UNIT_ROUNDOFF) / (1 - dimension * UNIT_ROUNDOFF);
  return 2 * (gamma + 4 * UNIT_ROUNDOFF);
}
