/**
 * The least and the largest value of every count that a person can set, so that no memory is asked for that no machine has and no sum or
 * counter overflows. docs/guide.md has them as a table.
 */
import { RetrievalGuardError } from './errors.ts';

/** A range of whole numbers, both ends included. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

const range = (least: number, most: number): Range => ({ least, most });

/** Most pixels of a picture that is decoded, unless asked otherwise: of three bytes each it then takes 0.8 GB. */
export const MAX_PIXELS = 0x3fff * 0x3fff;

/** By name of the count. */
export const LIMITS = {
  /** Counters and sums of certify hold so many (MOST_SAMPLES). */
  samples: range(1, 1e9),
  /** 0: clean embeddings. */
  gallerySamples: range(0, 1e9),
  /** Of a gallery that is made for a smoothed system. */
  ownGallerySamples: range(1, 1e9),
  /** Their embeddings are kept in memory; fewer for long ones, see {@link selectionLimit}. */
  selection: range(2, 16_384),
  /** Noisy copies of one picture, whose noise is kept in memory: 1,024 of 3 × 224 × 224 are 590 MiB. */
  attackSamples: range(1, 1_024),
  judgeSamples: range(50, 1e9),
  steps: range(1, 1e6),
  restarts: range(1, 1e6),
  k: range(1, 1e6),
  items: range(1, 2 ** 31 - 1),
  /** Each has a session of the model; more than there are cores are cut to those. */
  threads: range(1, 1024),
  /** Pictures a run of the encoder: a tile of samples at most. */
  batch: range(1, 64),
  /** Pictures of a training step. */
  trainingBatch: range(2, 4_096),
  imagesPerClass: range(1, 4_096),
  dimension: range(2, 65_536),
  /** Of the model's input, a side in pixels. */
  side: range(1, 4_096),
  channels: range(1, 64),
  /** Of a picture that is decoded: four bytes each, with alpha or as inks, have to fit one array. */
  pixels: range(1, 1e9),
  epochs: range(1, 1e6),
  warmup: range(0, 1e9),
  /** A seed is half of a 128-bit key. */
  seed: range(0, Number.MAX_SAFE_INTEGER),
  cards: range(1, 10_000),
  pictures: range(0, 1e6),
} as const satisfies Record<string, Range>;

/** Selection samples of embeddings of a dimension: at most 2²⁶ values a query, 256 MiB. */
export const selectionLimit = (dimension: number): Range =>
  range(LIMITS.selection.least, Math.min(LIMITS.selection.most, Math.floor(2 ** 26 / dimension)));

/** "an integer from 1 to 1,000,000,000". */
export const rangeText = ({ least, most }: Range): string =>
  `an integer from ${least.toLocaleString('en-US')} to ${most.toLocaleString('en-US')}`;

/** Whether a value is a whole number of the range. */
export const inRange = (value: number, { least, most }: Range): boolean =>
  Number.isSafeInteger(value) && value >= least && value <= most;

/** @throws OPTION_INVALID unless the value is a whole number of the range */
export function requireInRange(name: string, value: number, limits: Range): void {
  if (inRange(value, limits)) return;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: `${name}, ${rangeText(limits)}`,
    got: String(value),
  });
}
