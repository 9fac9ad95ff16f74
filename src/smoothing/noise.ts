/** What is said of the noise of a run, and of the seed that it is drawn from. */
import type { EncoderInfo } from '../encoder/index.ts';
import { eta, type ExactNoiseSource, NOISE_NAME } from '../noise/exact/index.ts';

/** Of the noise: a non-negative integer, or 32 secret random bytes. */
export type NoiseSeed = ExactNoiseSource['seed'];

/** Which noise a run with this encoder and sigma has, and how far from the ideal one (certificates §13). */
export interface NoiseLaw {
  /** The law, and which bits a seed gives. */
  noise: string;
  /** Total variation between a sample and the Gaussian one rounded to grey levels, at most. */
  eta: number;
}

/**
 * The noise that pictures of an encoder get.
 *
 * @param sigma in pixels of [0,1], from 0.002 to 13.8
 * @throws RetrievalGuardError OPTION_INVALID for another sigma
 */
export const noiseLaw = ({ input }: Pick<EncoderInfo, 'input'>, sigma: number): NoiseLaw => ({
  noise: NOISE_NAME,
  eta: eta(valuesOf(input), sigma),
});

/** Values of a picture. */
export const valuesOf = ({ channels, height, width }: EncoderInfo['input']): number =>
  channels * height * width;
