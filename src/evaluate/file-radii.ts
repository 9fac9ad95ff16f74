/** Radii in the pixels of a file, and radii in a person's units. */
import { fileRadius } from '../certify/index.ts';
import { MOST_RADIUS } from './most-radius.ts';
import type { FileRow } from './schema.ts';

/** A radius in the model's input as one in the file's pixels, ℓ2 on [0,1]. One without limit stays so. */
export const inFile = (radius: number, file: FileRow): number =>
  radius === MOST_RADIUS ? radius : fileRadius(radius, file);

/** Grey levels, of 255, by which every value of a picture changes in a change of that ℓ2 norm that is spread evenly: 255 R/√D. */
export const greyLevels = (radius: number, values: number): number => (255 * radius) / Math.sqrt(values);

/**
 * A radius in a person's units: "0.21 grey levels a pixel if spread evenly, 1.3% of the picture's contrast". The second is R/‖x − mean(x)‖: at
 * 100% the picture may be made uniform. Left out where the contrast is not known or 0.
 */
export function inWords(radius: number, { values, contrast }: { values: number; contrast?: number }): string {
  const even = `${greyLevels(radius, values).toPrecision(2)} grey levels a pixel if spread evenly`;
  return contrast
    ? `${even}, ${((100 * radius) / contrast).toPrecision(2)}% of the picture's contrast`
    : even;
}

/** Channels and sides of a picture. */
export interface PictureShape {
  channels: number;
  height: number;
  width: number;
}

const valuesOf = ({ channels, height, width }: PictureShape): number => channels * height * width;

/** A radius in the model's input, and where the file is known in its pixels too, each with its name and in a person's units. */
export function radiusInPixels(
  radius: number,
  file: FileRow | undefined,
  input: PictureShape,
  name: string,
): string {
  const lines = [
    `${name}: ${radius.toFixed(3)} in the model's input (${input.width}×${input.height}): ${inWords(radius, { values: valuesOf(input), contrast: file?.inputContrast })}`,
  ];
  if (file) {
    const own = inFile(radius, file);
    lines.push(
      `${own.toFixed(3)} in the file's pixels (${file.width}×${file.height}): ${inWords(own, { values: valuesOf(file), contrast: file.contrast })}`,
    );
  }
  return lines.join('; ');
}
