/**
 * The definition of the exact noise on pictures of real pixels: the whole grey levels Q(x + 255 ε), see position-table.ts. The same bits
 * as exact-noise.ts draws from, read in the same places.
 */
import { RetrievalGuardError } from '../../errors.ts';
import { checkSamples } from '../stream.ts';
import { borderAt, exactScale, GREY_LEVEL, LARGEST_SIGMA, REST_BITS } from './cell-table.ts';
import { drawsOf, type ExactNoiseKey, PREFIXES_PER_BLOCK, prefixOf } from './key.ts';
import { LOWER_PREFIXES, type PositionTable } from './position-table.ts';

/** A grey level and the noise of K levels on it fit 16 bits with a sign, and all sums of positions 32, up to here. */
const MOST_LEVEL = 2 ** 15 - 2;

/** Half a grey level, in units. */
const HALF = GREY_LEVEL / 2;

/**
 * A picture in whole numbers of 2^-16 grey level, each pixel rounded to the nearest: off by at most 2^-17 grey level, 2^-17/255 in pixels.
 *
 * @param pixels 1 is white; what a resize with negative lobes or an attack gives, beyond [0, 1], too
 * @param sigma of the noise that the picture gets, in pixels of [0, 1]; default: any
 * @throws RetrievalGuardError OPTION_INVALID for a pixel whose noisy level may leave 16 bits (beyond −1.5 … 1.5 at the largest sigma,
 * ±126 at 0.25), or NaN
 */
export function fixedPointPicture(pixels: ArrayLike<number>, sigma = LARGEST_SIGMA): Int32Array {
  const most = MOST_LEVEL - exactScale(sigma).reach;
  const picture = new Int32Array(pixels.length);
  for (let i = 0; i < picture.length; i++) {
    const level = 255 * pixels[i];
    if (!(Math.abs(level) <= most))
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: `pixels from -${most}/255 to ${most}/255, where 1 is white, with noise of sigma = ${sigma}`,
        got: `pixel ${i} = ${pixels[i]}`,
      });
    picture[i] = Math.round(level * GREY_LEVEL);
  }
  return picture;
}

/**
 * Sample number `sample` of Q(x + 255 ε) under the noise of `key`: one whole grey level a pixel, not clipped. Where x is whole they are
 * x + k of exactNoise at the same σ.
 *
 * @param sample an integer from 0 to 2^48 − 1
 * @param picture x of {@link fixedPointPicture}
 * @throws RetrievalGuardError OPTION_INVALID for a bad sample
 */
export function exactReal(
  key: ExactNoiseKey,
  sample: number,
  picture: Int32Array,
  table: PositionTable,
): Int16Array {
  checkSamples(sample, 1);
  const levels = new Int16Array(picture.length);
  const draws = drawsOf(key, sample);
  for (let first = 0; first < picture.length; first += PREFIXES_PER_BLOCK) {
    const block = draws.prefixes(first / PREFIXES_PER_BLOCK);
    const end = Math.min(first + PREFIXES_PER_BLOCK, picture.length);
    for (let i = first; i < end; i++) {
      const prefix = prefixOf(block, i - first);
      const [lowest, highest] = levelsOfPrefix(table, picture[i], prefix);
      levels[i] = lowest === highest ? lowest : levelOfOpenPrefix(table, picture[i], prefix, draws.rest(i));
    }
  }
  return levels;
}

/** The least and the greatest level that draws with a prefix give; the same one if the prefix decides. */
export function levelsOfPrefix(
  { positions, reach }: PositionTable,
  pixel: number,
  prefix: number,
): [lowest: number, highest: number] {
  const level = (position: number): number => (pixel + HALF + position) >> 16;
  const isUpper = prefix >= LOWER_PREFIXES;
  const mirrored = isUpper ? 2 * LOWER_PREFIXES - 1 - prefix : prefix;
  const outer = positions[mirrored];
  const inner = positions[mirrored + 1];
  const [lowest, highest] = isUpper ? [level(~inner), level(~outer)] : [level(outer), level(inner)];
  if (mirrored > 0) return [lowest, highest];
  const centre = (pixel + HALF) >> 16;
  return isUpper ? [lowest, centre + reach] : [centre - reach, highest];
}

/** The level of the draw with an open prefix and those other 48 bits: exact comparisons with the borders in doubt, by bisection. */
export function levelOfOpenPrefix(table: PositionTable, pixel: number, prefix: number, rest: bigint): number {
  const scale = exactScale(table.sigma);
  const draw = (BigInt(prefix) << REST_BITS) | rest;
  let [low, high] = levelsOfPrefix(table, pixel, prefix);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (borderAt(scale, middle * GREY_LEVEL + HALF - pixel) <= draw) low = middle + 1;
    else high = middle;
  }
  return low;
}
