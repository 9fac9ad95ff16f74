/** Instance search: items as their own labels, those of equal vectors merged to one. */
import { Gallery } from './gallery.ts';

/**
 * The identity of each item: the first item with the very same vector. Items of equal vectors cannot be told apart by any query, so each of them
 * would tie with the other, and nothing could be certified of either.
 *
 * @param gallery - [count × dimension] finite vectors, row by row; 0 and −0 are equal
 * @returns [count] the item itself where no earlier one is equal
 */
export function identities({
  vectors,
  dimension,
  count,
}: Pick<Gallery, 'vectors' | 'dimension' | 'count'>): Int32Array {
  const bits = new Int32Array(1);
  const value = new Float32Array(bits.buffer);
  const found = new Int32Array(count);
  /** The last item of its own identity with this hash, and for each such item the one before it. */
  const last = new Map<number, number>();
  const before = new Int32Array(count).fill(-1);
  for (let item = 0; item < count; item++) {
    const row = item * dimension;
    let hash = 0;
    for (let i = 0; i < dimension; i++) {
      value[0] = vectors[row + i] + 0; // −0 becomes 0
      hash = Math.imul(hash ^ bits[0], 0x01000193);
      hash ^= hash >>> 15;
    }
    let same = last.get(hash) ?? -1;
    while (same >= 0 && !equalRows(vectors, same * dimension, row, dimension)) same = before[same];
    found[item] = same >= 0 ? same : item;
    if (same >= 0) continue;
    before[item] = last.get(hash) ?? -1;
    last.set(hash, item);
  }
  return found;
}

function equalRows(vectors: Float32Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (vectors[a + i] !== vectors[b + i]) return false;
  return true;
}

/**
 * The same gallery for instance search: each item's label is the id of its identity. Whatever speaks of labels then speaks of single items:
 * votes and duels count them, and a certificate names the one that keeps.
 */
export function identityGallery(gallery: Gallery): Gallery {
  const { manifest, vectors, ids, hashes } = gallery;
  const labels = Array.from(identities(gallery), (item) => ids[item]);
  const clean = gallery.clean && gallery.clean !== vectors ? gallery.clean : undefined;
  return new Gallery(manifest, { vectors, clean, labels, ids, hashes });
}
