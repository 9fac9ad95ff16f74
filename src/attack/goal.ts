/** What an attack wants: a rival item nearer than every item that should win. */
import { type GalleryView, vectorAt } from '../certify/index.ts';
import { distanceOf } from './ball.ts';

const DEFENDER = 1;
const RIVAL = 2;

/** Which items must not be nearest, and which may win. */
export interface Goal {
  /** [count] 1: a defender of the right answer, 2: a rival, whose victory is the attack's success, 0: counts for nothing. */
  side: Uint8Array;
}

/** The pair that decides at an embedding. */
export interface CriticalPair {
  /** Gallery indices, −1 where there is none. */
  defender: number;
  rival: number;
  /** Distance of the embedding from their bisector in embedding space: negative once the rival is nearer. */
  margin: number;
}

/** Any item of another class nearer than all of class `label`. @param exclude gallery item that counts for nothing, −1 for none */
export function untargeted({ labelIndex, count }: GalleryView, label: number, exclude = -1): Goal {
  const side = Uint8Array.from({ length: count }, (_, i) => (labelIndex[i] === label ? DEFENDER : RIVAL));
  if (exclude >= 0) side[exclude] = 0;
  return { side };
}

/** An item that `chosen` accepts nearer than all others. */
export function targeted({ count }: GalleryView, chosen: (item: number) => boolean, exclude = -1): Goal {
  const side = Uint8Array.from({ length: count }, (_, i) => (chosen(i) ? RIVAL : DEFENDER));
  if (exclude >= 0) side[exclude] = 0;
  return { side };
}

/**
 * The critical pair at h: the nearest rival, and of the defenders the one whose bisector with it lies furthest ahead; every
 * defender has to be passed. The margin is certificates §4's distance from that bisector, (‖h−b‖² − ‖h−a‖²)/(2‖a−b‖) for
 * defender a and rival b, negative exactly where the rival is nearer than all defenders; +∞ without a rival, −∞ without a
 * defender.
 *
 * @param h [dimension], of any norm
 */
export function criticalPair(
  gallery: GalleryView,
  halfSquares: Float64Array,
  h: ArrayLike<number>,
  { side }: Goal,
): CriticalPair {
  const { vectors, dimension, count } = gallery;
  const scores = new Float64Array(count);
  let rival = -1;
  for (let item = 0, at = 0; item < count; item++) {
    let sum = -halfSquares[item];
    for (let i = 0; i < dimension; i++) sum += h[i] * vectors[at++];
    scores[item] = sum;
    if (side[item] === RIVAL && (rival < 0 || sum > scores[rival])) rival = item;
  }
  if (rival < 0) return { defender: -1, rival, margin: Infinity };
  const nearest = vectorAt(gallery, rival);
  let defender = -1;
  let margin = -Infinity;
  for (let item = 0; item < count; item++) {
    if (side[item] !== DEFENDER) continue;
    const lead = scores[item] - scores[rival];
    // two items at one place: nothing decides between them
    const distance = lead / (distanceOf(vectorAt(gallery, item), nearest) || 1);
    if (defender >= 0 && distance <= margin) continue;
    defender = item;
    margin = distance;
  }
  return { defender, rival, margin };
}

const known = new WeakMap<GalleryView, Float64Array>();

/** ‖v‖²/2 of every item, for {@link criticalPair}; found once for a gallery. */
export function halfSquaresOf(gallery: GalleryView): Float64Array {
  const halfSquare = (_: unknown, item: number): number =>
    vectorAt(gallery, item).reduce((sum, x) => sum + x * x, 0) / 2;
  const values = known.get(gallery) ?? Float64Array.from({ length: gallery.count }, halfSquare);
  known.set(gallery, values);
  return values;
}

/** Writes the unit normal of the pair's bisector, towards the rival, times `weight`. */
export function writeDirection(
  gallery: GalleryView,
  { defender, rival }: CriticalPair,
  into: Float32Array,
  weight = 1,
): void {
  if (defender < 0 || rival < 0) {
    into.fill(0);
    return;
  }
  const a = vectorAt(gallery, defender);
  const b = vectorAt(gallery, rival);
  const scale = weight / (distanceOf(a, b) || 1);
  for (let i = 0; i < into.length; i++) into[i] = scale * (b[i] - a[i]);
}
