/** Pictures of an image, its perturbation and the perturbed image, as files in a run folder. */
import { join } from 'node:path';
import { encodePng } from '../image/index.ts';
import { makeFolders, writeFileWhole } from '../output.ts';
import type { Smallest } from './attack-schema.ts';

/** Keeps the pictures of a perturbation, [channels × height × width]; returns their names, undefined when enough were kept. */
export type KeepPictures = (
  shape: { channels: number; height: number; width: number },
  original: Float32Array,
  perturbed: Float32Array,
) => Promise<Smallest['pictures']>;

/**
 * Keeps the pictures of the first `left` perturbations, in [0,1], as three PNG files each: both images (perturbed
 * pixels outside [0,1] at the nearest valid value) and the perturbation around mid-grey, times the largest factor with which it stays in range.
 */
export function perturbationPictures(out: string, left: number): KeepPictures {
  return async ({ channels, height, width }, original, perturbed) => {
    if (left <= 0) return undefined;
    const number = left--;
    const largest = original.reduce((most, x, i) => Math.max(most, Math.abs(perturbed[i] - x)), 0);
    const factor = largest > 0 ? Number((0.5 / largest).toPrecision(2)) : 1;
    const change = original.map((x, i) => 0.5 + factor * (perturbed[i] - x));
    await makeFolders(join(out, 'pictures'));
    const save = async (role: string, pixels: Float32Array): Promise<string> => {
      const name = `pictures/${number}-${role}.png`;
      await writeFileWhole(join(out, name), await encodePng(pixels, channels as 1 | 3, height, width));
      return name;
    };
    return {
      original: await save('original', original),
      perturbation: await save('perturbation', change),
      perturbed: await save('perturbed', perturbed),
      factor,
    };
  };
}
