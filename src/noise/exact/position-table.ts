/**
 * Exact noise for pictures that are not bytes: which whole grey level x + 255 ε rounds to, for a real x.
 *
 * x is a whole number of 2^-16 grey level, and so is the position t of each border of x: t = m + ½ − x is where the noise takes
 * x from the level m to m + 1. A draw u of 64 bits (key.ts) gives
 *
 *     the level  ⌊x+½⌋ − K + (how many of the 2K borders nearest to x, `borderAt` their positions, are ≤ u),
 *
 * so Q(x + 255 ε) has the law that eta.ts compares with the ideal one. For x whole, positions and borders are those of cell-table.ts:
 * the level is x + k of the same draw.
 *
 * Most draws are decided by their prefix p. Let T_p be the smallest position whose border is ≥ p 2^48. As borders never fall, each at a
 * position below T_p is ≤ every draw of prefix p, and each at T_{p+1} or above is greater. So the level is known if no border of x lies
 * from T_p to T_{p+1} − 1:
 *
 *     ⌊x + ½ + T_p − 1⌋ = ⌊x + ½ + T_{p+1} − 1⌋        (in units: T − 1 is the position before T)
 *
 * and is then that. Prefixes from 2^15 on mirror those below: as borderAt(−t) = 2^64 − borderAt(t), the border at t is ≤ a draw u
 * exactly if the one at −t is > 2^64 − 1 − u, a draw of the mirrored prefix p. So borders of u at positions up to −T_{p+1} are ≤ u and
 * those from −T_p + 1 on are not: in place of T_p − 1 and T_{p+1} − 1 stand −T_{p+1} = ~(T_{p+1} − 1) and −T_p = ~(T_p − 1), where
 * ~v is −v − 1. Below prefix 0 there is no position: it and its mirror are always open, and their levels end with the cells.
 */
import { borderAt, exactScale, GREY_LEVEL, PREFIX_BITS, REST_BITS, type Scale } from './cell-table.ts';
import { CDF_ERROR, cdfNodes, lowerCdf, roughDensity } from './normal-cdf.ts';

/** Prefixes of the lower half, those of draws below 2^63. */
export const LOWER_PREFIXES = 1 << (Number(PREFIX_BITS) - 1);

/** Tables kept for the next caller. */
const KEPT_TABLES = 8;

/** The law of the noise at one σ for pictures of real pixels; a plain object that can be posted to a worker. It is shared: do not write to it. */
export interface PositionTable {
  /** σ in pixels of [0, 1]. */
  readonly sigma: number;
  /** K: the noise is −K to K grey levels from the whole level next to a pixel. */
  readonly reach: number;
  /** T_p − 1 for p = 1 … 2^15 (T of 2^15 is 0), in units of 2^-16 grey level; at 0 a grey level less than at 1. */
  readonly positions: Int32Array;
  /** 1/s for positions in units: z = position · slope. */
  readonly slope: number;
  /** A float64 Φ compares a border with a draw unless they are within this of each other; then whole numbers do. At least 2^-46. */
  readonly margin: number;
  /** For the float64 Φ: coefficients of cdfNodes. */
  readonly cdf: Float64Array;
}

/** Φ and a border or a draw in float64 are off by less than CDF_ERROR + 2^-54 + 2^-64. */
const MARGIN = 8 * CDF_ERROR;

const kept = new Map<number, PositionTable>();

/**
 * The table of σ. Making one takes some 30 ms; the last few are kept.
 *
 * @param sigma in pixels of [0, 1], from SMALLEST_SIGMA to LARGEST_SIGMA
 * @throws RetrievalGuardError OPTION_INVALID for any other sigma
 */
export function positionTable(sigma: number): PositionTable {
  const found = kept.get(sigma);
  if (found) return found;
  const scale = exactScale(sigma);
  const slope = 1 / (255 * sigma * GREY_LEVEL);
  const cdf = cdfNodes();
  const positions = positionsOfPrefixes(scale, slope, cdf);
  const table = { sigma, reach: scale.reach, positions, slope, margin: MARGIN, cdf };
  for (const oldest of kept.keys()) {
    if (kept.size < KEPT_TABLES) break;
    kept.delete(oldest);
  }
  kept.set(sigma, table);
  return table;
}

/** T_p − 1: the search is led by float64, each answer is checked on both sides. */
function positionsOfPrefixes(scale: Scale, slope: number, cdf: Float64Array): Int32Array {
  const positions = new Int32Array(LOWER_PREFIXES + 1);
  positions[LOWER_PREFIXES] = -1;
  let z = 0;
  for (let prefix = LOWER_PREFIXES - 1; prefix > 0; prefix--) {
    const border = prefix / 2 ** Number(PREFIX_BITS);
    /** Is the border at t ≥ prefix 2^48? */
    const reaches = (position: number): boolean => {
      const above = lowerCdf(cdf, position * slope) - border;
      if (Math.abs(above) > MARGIN) return above > 0;
      return borderAt(scale, position) >= BigInt(prefix) << REST_BITS;
    };
    // Newton's steps from the right, where Φ is convex
    for (let step = 0; step < 2; step++) z -= (lowerCdf(cdf, z) - border) / roughDensity(cdf, z);
    let position = Math.ceil(z / slope);
    while (!reaches(position)) position++;
    while (reaches(position - 1)) position--;
    positions[prefix] = position - 1;
  }
  positions[0] = positions[1] - GREY_LEVEL;
  return positions;
}
