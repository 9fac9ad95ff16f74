/** Noisy copies of an image as the encoder sees them: noise in pixel space, then mean/std normalisation, in one step. */
import { RetrievalGuardError } from '../errors.ts';
import { gaussianSample } from './gaussian.ts';
import { checkSamples, type NoiseKey } from './stream.ts';

/** How pixels become the encoder's input: (pixel − mean[c]) / std[c] per channel. */
export interface Normalisation {
  /** One per channel, in pixels of [0, 1]. */
  mean: readonly number[];
  /** One per channel, > 0. */
  std: readonly number[];
}

/** The two parts of (x + σz − mean)/std = base + scale·z. */
export interface AffineNoise {
  /** (x − mean)/std, channels × plane, f32. */
  base: Float32Array;
  /** σ/std, one per channel, f32. */
  scale: Float32Array;
}

/**
 * base and scale of an image; each value is computed in f64 and rounded once to f32.
 *
 * @param image channels × plane pixels in [0, 1], channel after channel (CHW)
 * @param sigma noise level in the same unit, finite, ≥ 0
 * @throws RetrievalGuardError OPTION_INVALID for lengths that do not fit, std ≤ 0 or a bad sigma
 */
export function affineNoise(image: Float32Array, sigma: number, { mean, std }: Normalisation): AffineNoise {
  const channels = mean.length;
  const plane = image.length / channels;
  if (channels < 1 || std.length !== channels || !Number.isInteger(plane) || plane < 1)
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'one mean and one std per channel, and an image of whole channels',
      got: `${channels} means, ${std.length} stds, ${image.length} pixels`,
    });
  checkNormalisation({ mean, std });
  if (!Number.isFinite(sigma) || sigma < 0)
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'sigma finite and >= 0',
      got: `sigma = ${sigma}`,
    });
  const base = new Float32Array(image.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let i = channel * plane; i < (channel + 1) * plane; i++)
      base[i] = (image[i] - mean[channel]) / std[channel];
  }
  return { base, scale: Float32Array.from(std, (s) => sigma / s) };
}

/** @throws RetrievalGuardError OPTION_INVALID unless all means are finite, and all stds finite and > 0 */
export function checkNormalisation({ mean, std }: Normalisation): void {
  if (!mean.every(Number.isFinite) || !std.every((s) => Number.isFinite(s) && s > 0))
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'finite means and stds > 0',
      got: `mean = [${mean.join(', ')}], std = [${std.join(', ')}]`,
    });
}

/** What {@link perturbReference} takes. */
export interface PerturbSource extends AffineNoise {
  key: NoiseKey;
  /** Index of the first sample, 0 to 2^48 − 1. */
  firstSample: number;
  /** Rows, ≥ 0. */
  count: number;
}

/**
 * `count` noisy rows, base + scale[c]·z of samples firstSample, firstSample + 1, …: one f32 product, one f32 sum.
 * The definition that the WebAssembly kernel matches bit for bit; slow.
 *
 * @returns count × base.length values, row after row
 * @throws RetrievalGuardError OPTION_INVALID for bad sample indices, or a base that is not scale.length whole channels
 */
export function perturbReference({ key, firstSample, count, base, scale }: PerturbSource): Float32Array {
  checkSamples(firstSample, count);
  const plane = base.length / scale.length;
  if (!Number.isInteger(plane) || plane < 1)
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'a base of scale.length whole channels',
      got: `${base.length} values, ${scale.length} channels`,
    });
  const out = new Float32Array(count * base.length);
  for (let row = 0; row < count; row++) {
    const z = gaussianSample(key, firstSample + row, base.length);
    for (let i = 0; i < base.length; i++) {
      const noise = Math.fround(scale[Math.floor(i / plane)] * z[i]);
      out[row * base.length + i] = base[i] + noise;
    }
  }
  return out;
}
