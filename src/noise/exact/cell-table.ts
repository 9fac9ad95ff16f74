/**
 * The law of a normal value rounded to whole grey levels, as a table.
 *
 * Let ε ~ N(0, σ²) in pixels of [0, 1], s = 255σ, and Q(u) = ⌊u + ½⌋. Then Q(255 ε) = k with probability Φ((k+½)/s) − Φ((k−½)/s).
 * A draw is a whole number u, uniform over 0 … 2^64 − 1, and its cell is
 *
 *     −K + (how many borders are ≤ u),
 *
 * for 2K borders that never fall: border k, between the cells k and k + 1, is 2^64 Φ((k+½)/s) to the nearest whole number, but at
 * least 1 and at most 2^64 − 1. So cell k comes with probability (border k − border k−1)/2^64 exactly (border −K−1 is 0, border K is
 * 2^64), and what lies beyond the cells −K and K belongs to them. K = ⌈9.2 s⌉ = ⌈2346 σ⌉.
 *
 * Error. Every border is within 2^-64 of Φ: {@link normalUpperTail} is off by less than 2^-126 and rounding by 2^-65; a border held
 * back at 1 or 2^64 − 1 stands for a tail between 0 and 2^-65 + 2^-126, which is less than 2^-64 away. s is the exact multiple of the
 * float64 σ. The borders are symmetric, border −k−1 = 2^64 − border k, so half of them are computed.
 *
 * Most draws are decided by their 16 highest bits, the prefix: those of {@link CellTable.prefixes}. Where a border lies
 * within the numbers that share a prefix, the prefix is {@link UNDECIDED} and all 64 bits are compared with the borders. So are 0.07% of
 * the prefixes at σ = 0.02, 0.73% at 0.25, 2.6% at 1, 7% at 3 and 26% at 13.8.
 */
import { RetrievalGuardError } from '../../errors.ts';
import { normalUpperTail, TAIL_BITS } from './normal-tail.ts';

/** The smallest σ: half a grey level and a little. The proof of the borders reaches to Φ(13). */
export const SMALLEST_SIGMA = 0.002;

/** The largest σ: pixel + cell, from −K to 255 + K, fits 16 bits with a sign. */
export const LARGEST_SIGMA = 13.8;

/** A grey level in the units of positions: borders between whole levels and the pixels of a real picture are whole numbers of 2^-16. */
export const GREY_LEVEL = 2 ** 16;

/** Bits of a draw. */
export const DRAW_BITS = 64n;

/** The highest bits of a draw, by which most are decided. */
export const PREFIX_BITS = 16n;

/** What {@link CellTable.prefixes} holds where the prefix leaves the cell open; no cell is so low. */
export const UNDECIDED = -32768;

/** Bits of a draw below its prefix. */
export const REST_BITS = DRAW_BITS - PREFIX_BITS;

/** Tables kept for the next caller. */
const KEPT_TABLES = 8;

/** The law of the noise at one σ; a plain object that can be posted to a worker. It is shared: do not write to it. */
export interface CellTable {
  /** σ in pixels of [0, 1]. */
  readonly sigma: number;
  /** K: the cells are −K to K. */
  readonly reach: number;
  /** 2K borders in units of 2^-64, never falling, each from 1 to 2^64 − 1; `borders[k + K]` lies between the cells k and k + 1. */
  readonly borders: BigUint64Array;
  /** The cell of each of the 2^16 prefixes, or {@link UNDECIDED}. */
  readonly prefixes: Int16Array;
}

/** s = 255σ as an exact fraction of whole numbers, and K. */
export interface Scale {
  numerator: bigint;
  denominator: bigint;
  reach: number;
}

const kept = new Map<number, CellTable>();

/**
 * The table of σ. Making one takes about 40 ms at σ = 0.25, 120 ms at 1 and 2.5 s at 13.8; the last few are kept.
 *
 * @param sigma in pixels of [0, 1], from {@link SMALLEST_SIGMA} to {@link LARGEST_SIGMA}
 * @throws RetrievalGuardError OPTION_INVALID for any other sigma
 */
export function cellTable(sigma: number): CellTable {
  const found = kept.get(sigma);
  if (found) return found;
  const scale = exactScale(sigma);
  const borders = cellBorders(scale);
  const table = { sigma, reach: scale.reach, borders, prefixes: cellsOfPrefixes(borders) };
  for (const oldest of kept.keys()) {
    if (kept.size < KEPT_TABLES) break;
    kept.delete(oldest);
  }
  kept.set(sigma, table);
  return table;
}

/**
 * 255σ and K without rounding: a float64 is a whole number over a power of two.
 *
 * @throws RetrievalGuardError OPTION_INVALID for a sigma outside {@link SMALLEST_SIGMA} … {@link LARGEST_SIGMA}
 */
export function exactScale(sigma: number): Scale {
  if (!Number.isFinite(sigma) || sigma < SMALLEST_SIGMA || sigma > LARGEST_SIGMA)
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: `sigma from ${SMALLEST_SIGMA} to ${LARGEST_SIGMA} for noise in whole grey levels`,
      got: `sigma = ${String(sigma)}`,
      fix: 'sigma is in pixels of [0, 1]: 0.25 is 63.75 grey levels.',
    });
  let whole = sigma;
  let denominator = 1n;
  while (!Number.isInteger(whole)) {
    whole *= 2;
    denominator *= 2n;
  }
  const numerator = 255n * BigInt(whole);
  // ⌈9.2 s⌉ = ⌈46 numerator/(5 denominator)⌉
  const reach = Number((46n * numerator + 5n * denominator - 1n) / (5n * denominator));
  return { numerator, denominator, reach };
}

/**
 * 2^256 (1 − Φ(t/s)), off by less than TAIL_ERROR, for a position t > 0 of up to K + ½ grey levels.
 * (K+½)/s < 9.2 + 1.5/s < 12.2 for every σ allowed.
 *
 * @param position t in units of 2^-16 grey level, a whole number
 */
export function tailBeyond({ numerator, denominator }: Scale, position: number): bigint {
  return normalUpperTail(BigInt(position) * denominator, BigInt(GREY_LEVEL) * numerator);
}

/**
 * The border at a position t: 2^64 Φ(t/s) to the nearest whole number, but at least 1 and at most 2^64 − 1. It never falls as t rises,
 * and `borderAt(−t)` is 2^64 − `borderAt(t)`.
 *
 * @param position t in units of 2^-16 grey level, a whole number, |t| up to K + ½ grey levels
 */
export function borderAt(scale: Scale, position: number): bigint {
  if (position === 0) return 1n << (DRAW_BITS - 1n);
  const cut = TAIL_BITS - DRAW_BITS;
  const nearest = (tailBeyond(scale, Math.abs(position)) + (1n << (cut - 1n))) >> cut;
  const tail = nearest > 0n ? nearest : 1n;
  return position < 0 ? tail : (1n << DRAW_BITS) - tail;
}

/** The borders of the cells: see the top of this file. */
function cellBorders(scale: Scale): BigUint64Array {
  const { reach } = scale;
  const borders = new BigUint64Array(2 * reach);
  for (let k = 0; k < reach; k++) {
    const border = borderAt(scale, (k + 0.5) * GREY_LEVEL);
    borders[reach + k] = border;
    borders[reach - k - 1] = (1n << DRAW_BITS) - border;
  }
  return borders;
}

/** The cell that all draws with a prefix share, or {@link UNDECIDED}, for each prefix. */
function cellsOfPrefixes(borders: BigUint64Array): Int16Array {
  const cells = new Int16Array(1 << Number(PREFIX_BITS));
  let below = 0;
  for (let prefix = 0; prefix < cells.length; prefix++) {
    const first = BigInt(prefix) << REST_BITS;
    const last = first + (1n << REST_BITS) - 1n;
    while (below < borders.length && borders[below] <= first) below++;
    const isOpen = below < borders.length && borders[below] <= last;
    cells[prefix] = isOpen ? UNDECIDED : below - borders.length / 2;
  }
  return cells;
}

/** The cell of a draw of 64 bits: −K and how many borders are ≤ `draw`, by bisection. */
export function cellOfDraw({ reach, borders }: CellTable, draw: bigint): number {
  let low = 0;
  let high = borders.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (borders[middle] <= draw) low = middle + 1;
    else high = middle;
  }
  return low - reach;
}

/** The cell of a draw with that prefix, the 16 highest bits, and that rest, the other 48. */
export function cellOfOpenPrefix(table: CellTable, prefix: number, rest: bigint): number {
  return cellOfDraw(table, (BigInt(prefix) << REST_BITS) | rest);
}
