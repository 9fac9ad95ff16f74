import { inputError, requireCount } from '../stats/require.ts';
import { type GalleryView, squaredDistances } from './gallery-view.ts';

/**
 * Items with which every noisy embedding of a query is compared, those nearest to a point and maybe some more, and how far all others lie from it. Made by
 * {@link scanNearest} alone.
 */
export interface Scanned {
  /** The nearest, in order (of equally near ones the smaller index first), then the additional ones. */
  readonly items: Int32Array;
  readonly point: Float64Array;
  /** Every other item that is not left out is at least this far from `point`. */
  readonly farDistance: number;
  /** [items of the gallery] squared distances from `point`, as {@link leastDistance} takes them. */
  readonly squared: Float64Array;
}

/** What {@link scanNearest} leaves out, and how much it takes. */
export interface ScanOptions {
  /** Items taken. */
  most: number;
  /** Item that is left out; default none. */
  exclude?: number | null;
  /** Items that are taken too; default none. */
  also?: Iterable<number>;
  /** [count] squared distances of the items from the point, summed in float64 from differences; default: computed here. */
  squared?: Float64Array;
}

const made = new WeakSet<Scanned>();

/** Whether a scan is what it says. */
export const isScan = (scanned: Scanned): boolean => made.has(scanned);

/** More than the relative error of a squared distance summed in float64, (k+4)·2⁻⁵³, for fewer than a million dimensions. */
const ROUNDING = 2e-10;

/**
 * The scan of the `most` items nearest to a point; null where these are all. farDistance is rounded down.
 * @throws CERTIFICATE_INPUT for no number of items, and distances of another gallery
 */
export function scanNearest(gallery: GalleryView, point: Float64Array, options: ScanOptions): Scanned | null {
  const { most, exclude = null, also = [] } = options;
  requireCount('most', most, 1);
  if (most >= gallery.count - (exclude === null ? 0 : 1)) return null;
  const squared = options.squared ?? squaredDistances(gallery, point);
  if (squared.length !== gallery.count)
    throw inputError(`${gallery.count} squared distances`, String(squared.length));
  const taken = new Uint8Array(gallery.count);
  if (exclude !== null) taken[exclude] = 1;
  const items: number[] = [];
  for (const some of [nearestOf(squared, most, (item) => item === exclude), also])
    for (const item of some) {
      if (taken[item] === 1) continue;
      taken[item] = 1;
      items.push(item);
    }
  if (items.length >= gallery.count - (exclude === null ? 0 : 1)) return null;
  const farDistance = leastDistance(squared, (item) => taken[item] === 1);
  const scanned = { items: Int32Array.from(items), point: point.slice(), farDistance, squared };
  made.add(scanned);
  return scanned;
}

/** The least distance of an item that is not passed over, from squared distances summed in float64, rounded down; Infinity for none. */
export function leastDistance(squared: Float64Array, passOver: (item: number) => boolean): number {
  let least = Infinity;
  for (let item = 0; item < squared.length; item++)
    if (squared[item] < least && !passOver(item)) least = squared[item];
  return Math.sqrt(least * (1 - ROUNDING));
}

/** Cells that distances are counted in, so that few of them have to be sorted. */
const CELLS = 2 ** 16;

/** The `most` items of least squared distance that are not passed over, in order, of equal ones the smaller index first. */
export function nearestOf(
  squared: Float64Array,
  most: number,
  passOver: (item: number) => boolean = () => false,
): number[] {
  let [least, greatest] = [Infinity, 0];
  for (let item = 0; item < squared.length; item++) {
    if (passOver(item)) continue;
    least = Math.min(least, squared[item]);
    greatest = Math.max(greatest, squared[item]);
  }
  const scale = greatest > least ? (CELLS - 1) / (greatest - least) : 0;
  const cellOf = (value: number): number => Math.floor((value - least) * scale);
  const counts = new Uint32Array(CELLS);
  for (let item = 0; item < squared.length; item++) if (!passOver(item)) counts[cellOf(squared[item])]++;
  let last = 0;
  for (let sum = counts[0]; sum < most && last + 1 < CELLS; sum += counts[last]) last++;
  const found: number[] = [];
  for (let item = 0; item < squared.length; item++)
    if (!passOver(item) && cellOf(squared[item]) <= last) found.push(item);
  found.sort((i, j) => squared[i] - squared[j] || i - j);
  return found.slice(0, most);
}
