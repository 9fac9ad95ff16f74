/** Geometry of retrieval in embedding space. Vectors are rows of float arrays; all sums in float64. */

/** A vector of any float array type. */
export type Vector = ArrayLike<number>;

/** ℓ2 distance. */
export function distance(x: Vector, y: Vector): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const d = x[i] - y[i];
    sum += d * d;
  }
  return Math.sqrt(sum);
}

/** Inner product. */
export function dot(x: Vector, y: Vector): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum;
}

/**
 * Minimum margin ½(nearest negative − nearest positive distance); negative when a negative is nearest
 * (Wu et al. 2022, Definition 3.1).
 */
export function minimumMargin(nearestPositive: number, nearestNegative: number): number {
  return (nearestNegative - nearestPositive) / 2;
}

/**
 * Bisector margin m_ab(z) = (‖z−b‖² − ‖z−a‖²)/(2‖a−b‖): the signed distance of z from the hyperplane that bisects
 * the positive a and the negative b, positive on a's side (certificates §3). At least the minimum margin of the pair.
 * Equal items (nearer than 1e-9) have no bisector: −Infinity, since a tie certifies nothing.
 */
export function bisectorMargin(z: Vector, a: Vector, b: Vector): number {
  return bisectorMarginOf(distance(z, a), distance(z, b), distance(a, b));
}

/** Vectors nearer than this count as equal: a bisector between them would be noise of the float32 values. */
const TIE = 1e-9;

/** {@link bisectorMargin} from the three distances ‖z−a‖, ‖z−b‖, ‖a−b‖. */
export function bisectorMarginOf(za: number, zb: number, ab: number): number {
  if (!(ab > TIE)) return -Infinity;
  return ((zb - za) * (zb + za)) / (2 * ab);
}

/** Offset c_ab = (‖b‖²−‖a‖²)/(2‖b−a‖) of the bisector: a beats b at z exactly when ⟨z, u_ab⟩ < c_ab, u_ab = (b−a)/‖b−a‖. */
export function bisectorOffset(a: Vector, b: Vector): number {
  // (‖b‖²−‖a‖²) = ⟨b−a, b+a⟩: no cancellation of two large squares
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (b[i] - a[i]) * (b[i] + a[i]);
  return sum / (2 * distance(a, b));
}

/**
 * Safe embedding-space radius of a query at z: min over negatives of max over positives of the bisector margin.
 * While z moves by less, every negative is beaten by *some* positive, so the nearest item is a positive: the nearest
 * positive is at least as near as each of those. This is at least the max-min of certificates §3, where one positive
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
