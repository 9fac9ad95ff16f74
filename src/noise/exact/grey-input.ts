/**
 * Noisy copies of a picture of bytes, as the encoder sees them: whole grey levels until the last step, which is a fixed function of each
 * of them. So the encoder is a function of the whole picture x + k alone.
 */
import { RetrievalGuardError } from '../../errors.ts';
import { checkNormalisation, type Normalisation } from '../perturb.ts';
import { checkSamples } from '../stream.ts';
import type { CellTable } from './cell-table.ts';
import { exactNoise } from './exact-noise.ts';
import type { ExactNoiseKey } from './key.ts';

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

/** What {@link exactPerturbReference} takes. */
export interface ExactPerturbSource extends GreyAffine {
  key: ExactNoiseKey;
  /** Index of the first sample, 0 to 2^48 − 1. */
  firstSample: number;
  /** Rows, ≥ 0. */
  count: number;
  table: CellTable;
  /** The picture, channels × plane bytes, channel after channel (CHW). */
  base: Uint8Array;
}

/**
 * `count` noisy rows, scale[c]·(base + k) + offset[c] with k of samples firstSample, firstSample + 1, … of {@link exactNoise}. base + k is
 * not clipped. The definition that the WebAssembly kernel matches bit for bit; slow.
 *
 * @returns count × base.length values, row after row
 * @throws RetrievalGuardError OPTION_INVALID for bad sample indices, or a base that is not scale.length whole channels
 */
export function exactPerturbReference(source: ExactPerturbSource): Float32Array {
  const { key, firstSample, count, table, base, scale, offset } = source;
  checkSamples(firstSample, count);
  const plane = base.length / scale.length;
  if (!Number.isInteger(plane) || plane < 1 || offset.length !== scale.length)
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'a base of scale.length whole channels, and as many offsets',
      got: `${base.length} values, ${scale.length} scales, ${offset.length} offsets`,
    });
  const out = new Float32Array(count * base.length);
  for (let row = 0; row < count; row++) {
    const noise = exactNoise(key, firstSample + row, base.length, table);
    for (let i = 0; i < base.length; i++) {
      const channel = Math.floor(i / plane);
      const product = Math.fround(scale[channel] * (base[i] + noise[i]));
      out[row * base.length + i] = product + offset[channel];
    }
  }
  return out;
}
