import { createHash } from 'node:crypto';
import { RetrievalGuardError } from '../errors.ts';
import type { ImageSize } from './byte-image.ts';
import type { ResampleFilter } from './filters.ts';
import type { ResizeRule } from './geometry.ts';

/**
 * Everything between a picture file and the input of a model, resolved: no switches, no defaults left open. Plain JSON.
 *
 * The picture is decoded to `channels`, resized by `resize` with the filter `resample`, cropped by `centerCrop`, and
 * divided by 255. That is the image x ∈ [0,1]^D, shape channels × height × width, in which σ and every radius are
 * measured. The model is then given (x + ε − mean) / std, channel by channel. Whatever other scale a model wants
 * (0..255, −1..1) is folded into `mean` and `std`, so this formula always holds.
 */
export interface Preprocessing {
  readonly channels: 1 | 3;
  /** Height of the model input in pixels. */
  readonly height: number;
  /** Width of the model input in pixels. */
  readonly width: number;
  /** null: the picture is taken at the size it has. */
  readonly resize: ResizeRule | null;
  readonly resample: ResampleFilter;
  /** null: no crop. */
  readonly centerCrop: ImageSize | null;
  /** Per channel, in [0,1] pixel units. */
  readonly mean: readonly number[];
  /** Per channel, in [0,1] pixel units, > 0. */
  readonly std: readonly number[];
  /**
   * true: the resize is not rounded to bytes (FileMap), so that radii hold in the pixels of the file too. Another picture, hence another
   * smoothed model; absent: rounded as Pillow does.
   */
  readonly unrounded?: true;
}

/** What is known of a model's image input: null or absent where the model takes any size. */
export interface ModelInput {
  readonly channels: number;
  readonly height?: number | null;
  readonly width?: number | null;
}

/** The error that every wrong preprocessing raises. */
export function preprocessingError(expected: string, got: string, fix?: string): RetrievalGuardError {
  return new RetrievalGuardError('PREPROCESSING_INVALID', { expected, got, fix });
}

/** A value as an error shows it. */
export const jsonText = (value: unknown): string => JSON.stringify(value) ?? String(value);

/** The channel count if a model for pictures can have it. Throws PREPROCESSING_INVALID unless it is 1 or 3. */
export function checkChannels(channels: number): 1 | 3 {
  if (channels === 1 || channels === 3) return channels;
  throw preprocessingError('a model input of 1 (grey) or 3 (RGB) channels', `${channels} channels`);
}

/**
 * One number per channel from a number, a list of one or a list of all.
 * Throws PREPROCESSING_INVALID for another count, numbers that are not finite, and values ≤ 0 where `positive`.
 */
export function perChannel(
  name: string,
  value: number | readonly number[],
  channels: 1 | 3,
  positive: boolean,
): number[] {
  const list = typeof value === 'number' ? [value] : [...value];
  if (list.length !== 1 && list.length !== channels) {
    throw preprocessingError(
      `${name} with 1 or ${channels} values, as the model has ${channels} channel(s)`,
      JSON.stringify(list),
    );
  }
  if (!list.every((v) => Number.isFinite(v) && (!positive || v > 0))) {
    throw preprocessingError(
      `${name} of ${positive ? 'positive' : 'finite'} numbers`,
      `[${list.join(', ')}]`,
    );
  }
  return list.length === channels ? list : Array.from({ length: channels }, () => list[0]);
}

/** Beyond these no picture is left: float32 pixels less such a mean, or over such a deviation, are all alike or not finite. */
const ABSURD = { mean: 1e4, leastStd: 1e-5, mostStd: 1e4 };

/** Throws PREPROCESSING_INVALID for a mean or std, in [0,1] pixel units, with which a model could tell no two pictures apart. */
export function requireSaneScale(mean: readonly number[], std: readonly number[]): void {
  const wrongMean = mean.find((m) => !(Math.abs(m) <= ABSURD.mean));
  const wrongStd = std.find((s) => !(s >= ABSURD.leastStd && s <= ABSURD.mostStd));
  if (wrongMean === undefined && wrongStd === undefined) return;
  throw preprocessingError(
    wrongMean === undefined
      ? `a std from ${ABSURD.leastStd} to ${ABSURD.mostStd} for pixels in [0,1]`
      : `a mean of at most ${ABSURD.mean} in size for pixels in [0,1]`,
    `${wrongMean === undefined ? 'std' : 'mean'} ${wrongMean ?? wrongStd}`,
    'Correct image_mean, image_std or rescale_factor (or --mean, --std): the model gets (x − mean)/std.',
  );
}

/** What {@link defaultPreprocessing} needs to know. */
export interface BarePreprocessing {
  channels: number;
  /** Height of the model input in pixels. */
  height: number;
  /** Width of the model input in pixels. */
  width: number;
  /** In [0,1] pixel units, one value or one a channel. Default 0. */
  mean?: number | readonly number[];
  /** In [0,1] pixel units, one value or one a channel, > 0. Default 1. */
  std?: number | readonly number[];
}

/**
 * Preprocessing for a model that comes without a preprocessor_config.json: the whole picture, resized bilinearly to
 * height × width (the aspect ratio may change), no crop, (x − mean) / std with mean 0 and std 1 unless given.
 * Throws PREPROCESSING_INVALID for impossible sizes, channels, mean or std.
 */
export function defaultPreprocessing(given: BarePreprocessing): Preprocessing {
  const channels = checkChannels(given.channels);
  const { height, width } = given;
  if (!Number.isInteger(height) || !Number.isInteger(width) || height < 1 || width < 1) {
    throw preprocessingError(
      'the height and width of the model input, at least 1 pixel',
      `${height}×${width}`,
    );
  }
  const mean = perChannel('mean', given.mean ?? 0, channels, false);
  const std = perChannel('std', given.std ?? 1, channels, true);
  requireSaneScale(mean, std);
  return {
    channels,
    height,
    width,
    resize: { kind: 'exact', height, width },
    resample: 'bilinear',
    centerCrop: null,
    mean,
    std,
  };
}

/** JSON with the keys of every object in alphabetical order. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** SHA-256 of the record's canonical JSON, as 64 hexadecimal digits: equal exactly when the records are equal. */
export function preprocessingHash(preprocessing: Preprocessing): string {
  return createHash('sha256').update(canonicalJson(preprocessing)).digest('hex');
}
