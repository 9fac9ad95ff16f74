/** Which rectangle a random resized crop takes: see {@link CropOptions}. */
import { RetrievalGuardError } from '../../../errors.ts';
import type { ImageSize } from '../../../image/index.ts';
import type { RandomStream } from '../random.ts';
import type { CropOptions } from '../types.ts';

/** A rectangle of whole pixels inside a picture. */
export interface Rectangle extends ImageSize {
  readonly top: number;
  readonly left: number;
}

/** Rectangles tried before the middle of the picture is taken, as in torchvision. */
const ATTEMPTS = 10;

/** The options with their defaults. Throws OPTION_INVALID for ranges that are none. */
export function cropRanges({
  scale = [0.08, 1],
  ratio = [3 / 4, 4 / 3],
}: CropOptions): Required<CropOptions> {
  const good =
    scale.length === 2 &&
    ratio.length === 2 &&
    0 < scale[0] &&
    scale[0] <= scale[1] &&
    scale[1] <= 1 &&
    0 < ratio[0] &&
    ratio[0] <= ratio[1] &&
    ratio[1] < Infinity;
  if (!good) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'a crop with 0 < scale[0] <= scale[1] <= 1 and 0 < ratio[0] <= ratio[1]',
      got: `scale = [${scale.join(', ')}], ratio = [${ratio.join(', ')}]`,
    });
  }
  return { scale, ratio };
}

/**
 * A rectangle whose share of the area is uniform in `scale` and the logarithm of whose width / height is uniform in
 * `ratio`, sides rounded to pixels, its place uniform; drawn again while it does not fit. After ten failures the middle
 * of the picture with the nearest allowed ratio.
 */
export function randomRectangle(
  { height, width }: ImageSize,
  { scale, ratio }: Required<CropOptions>,
  random: RandomStream,
): Rectangle {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = height * width * random.between(scale[0], scale[1]);
    const aspect = Math.exp(random.between(Math.log(ratio[0]), Math.log(ratio[1])));
    const w = Math.round(Math.sqrt(area * aspect));
    const h = Math.round(Math.sqrt(area / aspect));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    return { height: h, width: w, top: random.below(height - h + 1), left: random.below(width - w + 1) };
  }
  const aspect = Math.min(Math.max(width / height, ratio[0]), ratio[1]);
  const w = Math.max(1, Math.min(width, Math.round(height * aspect)));
  const h = Math.max(1, Math.min(height, Math.round(width / aspect)));
  return { height: h, width: w, top: (height - h) >> 1, left: (width - w) >> 1 };
}
