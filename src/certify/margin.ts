/** Geometry of retrieval in embedding space. Vectors are rows of float arrays; all sums in float64. */

import { inputError, requireAtLeastZero, requireCount, requireNumber } from '../stats/require.ts';

/** A vector of any float array type. */
export type Vector = ArrayLike<number>;

function requireSameLength(x: Vector, y: Vector): void {
  if (x.length !== y.length) throw inputError('vectors of one length', `lengths ${x.length} and ${y.length}`);
}

/** ℓ2 distance. @throws CERTIFICATE_INPUT for vectors of different lengths, or with a NaN */
export function distance(x: Vector, y: Vector): number {
  requireSameLength(x, y);
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const d = x[i] - y[i];
    sum += d * d;
  }
  requireNumber('the squared distance', sum);
  return Math.sqrt(sum);
}

/** ℓ2 norm. @throws CERTIFICATE_INPUT for a vector with a NaN */
export const norm = (x: Vector): number => Math.sqrt(dot(x, x));

/** Inner product. @throws CERTIFICATE_INPUT for vectors of different lengths, or with a NaN */
export function dot(x: Vector, y: Vector): number {
  requireSameLength(x, y);
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  requireNumber('the inner product', sum);
  return sum;
}

/**
 * Minimum margin ½(nearest negative − nearest positive distance); negative when a negative is nearest
 * (Wu et al. 2022, Definition 3.1).
 */
export function minimumMargin(nearestPositive: number, nearestNegative: number): number {
  requireAtLeastZero('nearestPositive', nearestPositive);
  requireAtLeastZero('nearestNegative', nearestNegative);
  return (nearestNegative - nearestPositive) / 2;
}

/**
 * Bisector margin m_ab(z) = (‖z−b‖² − ‖z−a‖²)/(2‖a−b‖): the signed distance of z from the hyperplane that bisects
 * the positive a and the negative b, positive on a's side (certificates §4). At least the minimum margin of the pair.
 * Equal items (nearer than 1e-9) have no bisector: −Infinity, since a tie certifies nothing.
 */
export function bisectorMargin(z: Vector, a: Vector, b: Vector): number {
  return bisectorMarginOf(distance(z, a), distance(z, b), distance(a, b));
}

/** Vectors nearer than this count as equal: a bisector between them would be noise of the float32 values. */
const TIE = 1e-9;

/** {@link bisectorMargin} from the three distances ‖z−a‖, ‖z−b‖, ‖a−b‖. */
export function bisectorMarginOf(za: number, zb: number, ab: number): number {
  requireAtLeastZero('za', za);
  requireAtLeastZero('zb', zb);
  requireAtLeastZero('ab', ab);
  if (!(ab > TIE)) return -Infinity;
  return ((zb - za) * (zb + za)) / (2 * ab);
}

/**
 * How far {@link bisectorMarginOf} can be from the margin of float32 vectors a, b and a float64 point z, where the distances are those of
 * {@link distance}: with u = 2⁻⁵³ each squared distance has a relative error of at most (k+4)u (three roundings a term, k − 1 additions and
 * their second order), each distance of half of it and u, and the quotient (z_b − z_a)(z_b + z_a)/(2·ab) an error of at most
 * (k+8)u·(z_a² + z_b²)/ab from its numerator and as much from its denominator. This is twice their sum.
 */
export function marginRounding(dimension: number, za: number, zb: number, ab: number): number {
  requireCount('dimension', dimension, 1);
  requireAtLeastZero('za', za);
  requireAtLeastZero('zb', zb);
  requireAtLeastZero('ab', ab);
  return ((dimension + 8) * 2 ** -51 * (za * za + zb * zb)) / ab;
}

/**
 * More than the rounding of ⟨z, u⟩, of c_ab, or of a distance in float64, for vectors of norm at most 2 and fewer than a million dimensions:
 * γ_k·4 ≤ 5·10⁻¹⁰.
 */
export const SCALAR_ROUNDING = 1e-9;

/** Offset c_ab = (‖b‖²−‖a‖²)/(2‖b−a‖) of the bisector: a beats b at z exactly when ⟨z, u_ab⟩ < c_ab, u_ab = (b−a)/‖b−a‖. */
export function bisectorOffset(a: Vector, b: Vector): number {
  requireSameLength(a, b);
  // (‖b‖²−‖a‖²) = ⟨b−a, b+a⟩: no cancellation of two large squares
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (b[i] - a[i]) * (b[i] + a[i]);
  return sum / (2 * distance(a, b));
}

/**
 * Safe embedding-space radius of a query at z: min over negatives of max over positives of the bisector margin.
 * While z moves by less, every negative is beaten by *some* positive, so the nearest item is a positive: the nearest
 * positive is at least as near as each of those. This is at least the max-min of certificates §4, where one positive
 * has to beat every negative. −Infinity without positives, Infinity without negatives.
 */
export function safeEmbeddingRadius(z: Vector, positives: Vector[], negatives: Vector[]): number {
  let radius = Infinity;
  for (const b of negatives) {
    let best = -Infinity;
    for (const a of positives) best = Math.max(best, bisectorMargin(z, a, b));
    radius = Math.min(radius, best);
  }
  return positives.length > 0 ? radius : -Infinity;
}
