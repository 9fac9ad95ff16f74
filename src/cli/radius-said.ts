/** The radii of `query`, in the pixels of each picture that they hold for and in a person's units. */
import { greyLevels, inFile, inWords } from '../evaluate/index.ts';
import { contrastOf, type ModelPicture, type Preprocessing } from '../image/index.ts';

/** A radius in some pixels. */
export interface RadiusSaid {
  /** ℓ2, pixels in [0,1]. */
  radius: number;
  /** Size of that picture. */
  width: number;
  height: number;
  /** How many grey levels, of 255, each value changes if the change is spread evenly. */
  greyLevels: number;
  /** The radius over ‖x − mean(x)‖₂, the picture's own contrast; null for a uniform picture. */
  ofContrast: number | null;
  /** The same in words. */
  text: string;
}

/** A radius in the pixels of the model's input, and with --pixels file in those of the file. */
export interface RadiiSaid {
  input: RadiusSaid;
  file?: RadiusSaid;
}

/** A radius in the pixels of each picture that it holds for. */
export function radiiSaid(
  found: number,
  { pixels, file }: ModelPicture,
  { channels, height, width }: Preprocessing,
): RadiiSaid {
  const said = (
    radius: number,
    size: Pick<Preprocessing, 'channels' | 'height' | 'width'>,
    contrast: number,
  ): RadiusSaid => {
    const values = size.channels * size.height * size.width;
    return {
      radius,
      width: size.width,
      height: size.height,
      greyLevels: greyLevels(radius, values),
      ofContrast: contrast > 0 ? radius / contrast : null,
      text: inWords(radius, { values, contrast }),
    };
  };
  return {
    input: said(found, { channels, height, width }, contrastOf(pixels, 1)),
    ...(file && { file: said(inFile(found, file), file, file.contrast) }),
  };
}

/** Lines of a terminal. */
export function radiiLines({ input, file }: RadiiSaid): string[] {
  const line = (where: string, { radius, width, height, text }: RadiusSaid): string =>
    `            in ${where} (${width}×${height}) ${radius.toFixed(4)}: ${text}`;
  return [line("the model's input", input), ...(file ? [line("the file's pixels", file)] : [])];
}
