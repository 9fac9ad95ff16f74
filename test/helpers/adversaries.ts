/**
 * Encoders that know the picture x and look for a generator's habits in what was added to it. Each says "yes" in an event whose
 * probability p under the ideal noise is known, so "yes" lasts up to σΦ⁻¹(p) for certain, and no larger radius can be certified of it.
 */
import type { CellTable } from '../../src/noise/exact/index.ts';

/** An event of the noise. */
export interface Adversary {
  name: string;
  /** What it does with the whole grey levels k that were added. */
  says: (k: ArrayLike<number>) => boolean;
  /** The probability of yes if they are independent, with the law of the table. */
  probability: number;
}

/** P(cell), index 0 for cell −K. */
export function lawOf({ borders }: CellTable): number[] {
  const ends = [0n, ...borders, 1n << 64n];
  return ends.slice(1).map((end, i) => Number(end - ends[i]) * 2 ** -64);
}

/** The probability of k under the law of a table. */
function probabilityOf(table: CellTable, event: (k: number) => boolean): number {
  let sum = 0;
  for (const [i, p] of lawOf(table).entries()) if (event(i - table.reach)) sum += p;
  return sum;
}

/** That of (k, l), independent. */
function probabilityOfPair(table: CellTable, event: (k: number, l: number) => boolean): number {
  const law = lawOf(table);
  let sum = 0;
  for (const [i, p] of law.entries())
    for (const [j, q] of law.entries()) if (event(i - table.reach, j - table.reach)) sum += p * q;
  return sum;
}

/** P(at least `least` of n independent events of probability p). */
function atLeast(least: number, n: number, p: number): number {
  let term = (1 - p) ** n;
  let below = 0;
  for (let i = 0; i < least; i++) {
    below += term;
    term *= ((n - i) / (i + 1)) * (p / (1 - p));
  }
  return 1 - below;
}

/** The number of events at which "at least so many" is nearest to even. */
function middleOf(n: number, p: number): number {
  const excess = (least: number): number => Math.abs(atLeast(least, n, p) - 0.5);
  let best = 0;
  for (let least = 1; least <= n; least++) if (excess(least) < excess(best)) best = least;
  return best;
}

const isEven = (k: number): boolean => k % 2 === 0;

/** The parity of a sum of values is even with this probability, each of them with that. */
const evenSum = (values: number, even: number): number => (1 + (2 * even - 1) ** values) / 2;

const countOf = (k: ArrayLike<number>, event: (i: number) => boolean, step = 1): number => {
  let count = 0;
  for (let i = 0; i + step <= k.length; i += step) if (event(i)) count++;
  return count;
};

/** Says yes where at least the middling number of the events of a value come true, of `events` independent ones. */
function counting(
  name: string,
  p: number,
  events: number,
  count: (k: ArrayLike<number>) => number,
): Adversary {
  const least = middleOf(events, p);
  return { name, says: (k) => count(k) >= least, probability: atLeast(least, events, p) };
}

/**
 * The adversaries of noise with `dimension` values.
 * @param foreign noise that the adversary knows: of the same generator, under numbers that are not those of the sample
 */
export function adversariesOf(
  table: CellTable,
  dimension: number,
  foreign: readonly ArrayLike<number>[],
): Adversary[] {
  const s = 255 * table.sigma;
  const even = probabilityOf(table, isEven);
  const half = dimension / 2;
  const lowBits = (k: number): boolean => ((k % 8) + 8) % 8 < 4;
  const outer = (k: number): boolean => Math.abs(k) > 0.6745 * s;
  const far = (k: number): boolean => Math.abs(k) > 2.5 * s;
  // sectors of the plane, as a Box–Muller generator with few angles would favour some
  const sector = (k: number, l: number): boolean => isEven(Math.floor((Math.atan2(l, k) / Math.PI) * 64));
  const ring = (k: number, l: number): boolean => isEven(Math.floor(Math.hypot(k, l) / (0.1 * s)));
  const equal = probabilityOfPair(table, (k, l) => k === l);
  const perPair = (event: (k: number, l: number) => boolean) => (k: ArrayLike<number>) =>
    countOf(k, (i) => event(k[i], k[i + 1]), 2);
  // yes and no are mirror images: where the product is 0, the first value that is not decides
  const leansTo = (k: ArrayLike<number>, other: ArrayLike<number>): boolean => {
    let sum = 0;
    for (let i = 0; i < k.length; i++) sum += k[i] * other[i];
    for (let i = 0; sum === 0 && i < k.length; i++) sum = k[i];
    return sum > 0;
  };
  const found: Adversary[] = [
    { name: 'low bit of one value', says: (k) => isEven(k[0]), probability: even },
    counting('low bits', even, dimension, (k) => countOf(k, (i) => isEven(k[i]))),
    counting('three low bits', probabilityOf(table, lowBits), dimension, (k) =>
      countOf(k, (i) => lowBits(k[i])),
    ),
    {
      name: 'parity of the sum',
      says: (k) => isEven(countOf(k, (i) => !isEven(k[i]))),
      probability: evenSum(dimension, even),
    },
    {
      name: 'parity of every third value',
      says: (k) => isEven(countOf(k, (i) => !isEven(k[i]), 3)),
      probability: evenSum(Math.floor(dimension / 3), even),
    },
    counting('size', probabilityOf(table, outer), dimension, (k) => countOf(k, (i) => outer(k[i]))),
    counting('tails', probabilityOf(table, far), dimension, (k) => countOf(k, (i) => far(k[i]))),
    counting('sectors of pairs', probabilityOfPair(table, sector), half, perPair(sector)),
    counting('rings of pairs', probabilityOfPair(table, ring), half, perPair(ring)),
    counting(
      'equal pairs',
      equal,
      half,
      perPair((k, l) => k === l),
    ),
    counting(
      'opposite pairs',
      equal,
      half,
      perPair((k, l) => k === -l),
    ),
    counting('the first half again', equal, half, (k) => countOf(k, (i) => i < half && k[i] === k[i + half])),
    counting('the first block of bits again', equal, 32, (k) =>
      countOf(k, (i) => i >= 32 && i < 64 && k[i] === k[i - 32]),
    ),
  ];
  for (const [number, other] of foreign.entries())
    found.push({ name: `known noise ${number}`, says: (k) => leansTo(k, other), probability: 0.5 });
  return found;
}
