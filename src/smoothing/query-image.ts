/**
 * A query's picture as its samples need it. Every sample is a function of a picture of whole grey levels, m = 255 × pixel: the encoder sees
 * scale[c]·m + offset[c] of `greyAffine`, with noise and without. So what is smoothed is one function of such pictures (certificates §13).
 */
import { RetrievalGuardError } from '../errors.ts';
import { fixedPointPicture, GREY_LEVEL, type GreyAffine, SMALLEST_SIGMA } from '../noise/exact/index.ts';

/** White, in grey levels. */
const WHITE = 255;

/** Values of a picture, channels × height × width of them, in memory that all threads share. */
export type QueryImage =
  /** Grey levels. */
  | { kind: 'bytes'; pixels: Uint8Array }
  /** Grey levels in units of 2^-16. */
  | { kind: 'real'; pixels: Int32Array };

/** The pixel of each grey level, as toPlanes makes it. */
const PIXELS = Float32Array.from({ length: WHITE + 1 }, (_, m) => m / WHITE);

/**
 * The picture of a query: of bytes where every pixel is one of the 256 that bytes give, else in fixed point.
 *
 * @param pixels [channels × height × width], in [0,1] where they are valid
 * @param size how many the model takes
 * @param sigma of the noise that the picture gets; 0: none
 * @throws RetrievalGuardError OPTION_INVALID for another number of pixels than `size`, or pixels that are NaN or too far from [0,1] (fixedPointPicture)
 */
export function queryImage(pixels: Float32Array, size: number, sigma: number): QueryImage {
  if (pixels.length !== size)
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: `${size} pixels, as the model takes them`,
      got: String(pixels.length),
    });
  return bytesOf(pixels) ?? fixedPointOf(pixels, sigma);
}

/** Grey levels, if all pixels are such. */
function bytesOf(pixels: Float32Array): QueryImage | null {
  const bytes = new Uint8Array(new SharedArrayBuffer(pixels.length));
  for (let i = 0; i < pixels.length; i++) {
    const level = Math.round(WHITE * pixels[i]);
    if (PIXELS[level] !== pixels[i]) return null;
    bytes[i] = level;
  }
  return { kind: 'bytes', pixels: bytes };
}

/** Other pixels, each rounded to the nearest whole number of 2^-16 grey level. */
function fixedPointOf(pixels: Float32Array, sigma: number): QueryImage {
  const fixed = new Int32Array(new SharedArrayBuffer(4 * pixels.length));
  fixed.set(fixedPointPicture(pixels, Math.max(sigma, SMALLEST_SIGMA)));
  return { kind: 'real', pixels: fixed };
}

/**
 * e: how far, in ℓ2 norm and pixels of [0,1], {@link queryImage} may have moved a picture: half of 2^-16 grey level a pixel, 0 for one of
 * bytes. The radius R of what is sampled holds for the picture itself as R − 2e: e for the picture, e for the one that an attacker makes of it.
 */
export function roundingOf({ kind, pixels }: QueryImage): number {
  if (kind === 'bytes') return 0;
  return (Math.sqrt(pixels.length) / (2 * GREY_LEVEL * WHITE)) * (1 + 4 * Number.EPSILON);
}

/** The picture without noise as the encoder sees it, to `out`: the function that noisy ones go through. */
export function writeClean(
  { kind, pixels }: QueryImage,
  { scale, offset }: GreyAffine,
  out: Float32Array,
): void {
  const unit = kind === 'bytes' ? 1 : 1 / GREY_LEVEL;
  const plane = pixels.length / scale.length;
  for (let channel = 0, i = 0; channel < scale.length; channel++) {
    for (const end = (channel + 1) * plane; i < end; i++)
      out[i] = Math.fround(scale[channel] * Math.fround(unit * pixels[i])) + offset[channel];
  }
}
