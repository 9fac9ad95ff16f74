/**
 * The resampling kernels, by their published formulas, with the constants that Pillow uses.
 * A kernel is evaluated at the distance from the centre of an output pixel, in input pixels (upscaling) or in
 * output pixels (downscaling: the kernel is stretched, which is the antialiasing).
 */

/** Names of the filters, as Pillow spells them in lower case. */
export const RESAMPLE_FILTERS = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'] as const;

/** A resampling filter. Its place in {@link RESAMPLE_FILTERS} is its `PIL.Image.Resampling` code, 0 to 5. */
export type ResampleFilter = (typeof RESAMPLE_FILTERS)[number];

/** A kernel and the half-width outside which it is 0. */
export interface Kernel {
  readonly support: number;
  readonly weight: (x: number) => number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

// Pillow writes these two as C floats, so they enter the double arithmetic rounded to single precision.
const HAMMING_MEAN = Math.fround(0.54);
const HAMMING_SWING = Math.fround(0.46);

function hamming(x: number): number {
  const d = Math.abs(x);
  if (d === 0) return 1;
  return d >= 1 ? 0 : sinc(d) * (HAMMING_MEAN + HAMMING_SWING * Math.cos(d * Math.PI));
}

/** Cubic convolution (Keys 1981) with a = −½. */
function bicubic(x: number): number {
  const a = -0.5;
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}

/** The kernels of every filter but `nearest`, which has none: it picks a sample. */
export const KERNELS: Readonly<Record<Exclude<ResampleFilter, 'nearest'>, Kernel>> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weight: hamming },
  bicubic: { support: 2, weight: bicubic },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};
