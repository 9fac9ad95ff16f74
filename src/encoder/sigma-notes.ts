import type { EncoderInfo } from './encoder-info.ts';

/** Pixels are in [0,1]: with noise of a larger deviation than this no picture is left. */
const LARGEST = 2;
/** A σ so many times larger or smaller than that of the training is not what the encoder knows. */
const FAR = 3;

/** What looks wrong with a σ, in [0,1] pixel units, for an encoder: a sentence each. */
export function sigmaNotes(sigma: number, { trainedWith }: Pick<EncoderInfo, 'trainedWith'>): string[] {
  if (sigma > LARGEST)
    return [
      `sigma ${sigma} is in pixels of [0,1], where it leaves nothing of a picture; on the scale of 0 to 255 it would be ${Number((sigma / 255).toPrecision(3))}`,
    ];
  const trained = trainedWith?.sigma;
  if (trained === undefined || trained === 0 || sigma === 0) return [];
  if (sigma <= FAR * trained && sigma >= trained / FAR) return [];
  return [`sigma ${sigma} is far from the ${trained} that the model was trained with`];
}
