/**
 * Noisy copies of a picture of bytes, as the encoder sees them: whole grey levels until the last step, which is a fixed function of each
 * of them. So the encoder is a function of the whole picture x + k alone.
 */
import { RetrievalGuardError } from '../../errors.ts';
import { checkNormalisation, type Normalisation } from '../perturb.ts';
import { checkSamples } from '../stream.ts';
import type { CellTable } from './cell-table.ts';
import { exactNoise } from './exact-noise.ts';
import { exactReal } from './exact-real.ts';
import type { ExactNoiseKey } from './key.ts';
import type { PositionTable } from './position-table.ts';

/** The grey level that is 1 in pixels of [0, 1]. */
const WHITE = 255;

/** How a whole grey level m becomes the encoder's input: scale[c]·m + offset[c], one f32 product, one f32 sum. */
export interface GreyAffine {
  /** 1/(255 std), one per channel, f32. */
  scale: Float32Array;
  /** −mean/std, one per channel, f32. */
  offset: Float32Array;
}

/**
 * The affine function of a normalisation, (m/255 − mean)/std; each number is computed in f64 and rounded once to f32. It differs from the
 * normalisation in f64 by a few units in the last place of f32, the same for a picture with noise and without.
 *
 * @throws RetrievalGuardError OPTION_INVALID for no mean, not as many stds, or such that are not finite or ≤ 0
 */
export function greyAffine({ mean, std }: Normalisation): GreyAffine {
  if (mean.length < 1 || std.length !== mean.length)
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'one mean and one std per channel',
      got: `${mean.length} means, ${std.length} stds`,
    });
  checkNormalisation({ mean, std });
  return {
    scale: Float32Array.from(std, (s) => 1 / (WHITE * s)),
    offset: Float32Array.from(std, (s, channel) => -mean[channel] / s),
  };
}

/** Which noisy rows to make of a picture. */
interface PerturbRows extends GreyAffine {
  key: ExactNoiseKey;
  /** Index of the first sample, 0 to 2^48 − 1. */
  firstSample: number;
  /** Rows, ≥ 0. */
  count: number;
}

/** What {@link exactPerturbReference} takes. */
export interface ExactPerturbSource extends PerturbRows {
  table: CellTable;
  /** The picture, channels × plane bytes, channel after channel (CHW). */
  base: Uint8Array;
}

/** What {@link exactPerturbRealReference} takes. */
export interface ExactPerturbRealSource extends PerturbRows {
  table: PositionTable;
  /** The picture of fixedPointPicture, channels × plane values, channel after channel (CHW). */
  picture: Int32Array;
}

/**
 * `count` noisy rows, scale[c]·(base + k) + offset[c] with k of samples firstSample, firstSample + 1, … of {@link exactNoise}. base + k is
 * not clipped. The definition that the WebAssembly kernel matches bit for bit; slow.
 *
 * @returns count × base.length values, row after row
 * @throws RetrievalGuardError OPTION_INVALID for bad sample indices, or a base that is not scale.length whole channels
 */
export function exactPerturbReference(source: ExactPerturbSource): Float32Array {
  const { key, table, base } = source;
  return perturbedRows(source, base.length, (sample) =>
    exactNoise(key, sample, base.length, table).map((k, i) => base[i] + k),
  );
}

/**
 * `count` noisy rows, scale[c]·m + offset[c] with the levels m of samples firstSample, firstSample + 1, … of {@link exactReal}, not
 * clipped. The definition that the WebAssembly kernel matches bit for bit; slow.
 *
 * @returns count × picture.length values, row after row
 * @throws RetrievalGuardError OPTION_INVALID for bad sample indices, or a picture that is not scale.length whole channels
 */
export function exactPerturbRealReference(source: ExactPerturbRealSource): Float32Array {
  const { key, table, picture } = source;
  return perturbedRows(source, picture.length, (sample) => exactReal(key, sample, picture, table));
}

/** scale[c]·m + offset[c] for the whole grey levels m of each sample. */
function perturbedRows(
  { firstSample, count, scale, offset }: PerturbRows,
  dimension: number,
  levelsOf: (sample: number) => Int16Array,
): Float32Array {
  checkSamples(firstSample, count);
  const plane = dimension / scale.length;
  if (!Number.isInteger(plane) || plane < 1 || offset.length !== scale.length)
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'a picture of scale.length whole channels, and as many offsets',
      got: `${dimension} values, ${scale.length} scales, ${offset.length} offsets`,
    });
  const out = new Float32Array(count * dimension);
  for (let row = 0; row < count; row++) {
    for (const [i, level] of levelsOf(firstSample + row).entries()) {
      const channel = Math.floor(i / plane);
      out[row * dimension + i] = Math.fround(scale[channel] * level) + offset[channel];
    }
  }
  return out;
}
