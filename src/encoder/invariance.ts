/** Is an embedding a function of its image: the same every time, and in any batch? */
import { RetrievalGuardError } from '../errors.ts';
import { normalizePixels } from './normalize-pixels.ts';
import type { EncoderSession } from './session.ts';

/** What {@link probeBatchInvariance} found. */
export interface BatchInvariance {
  /** Every output had the same bits: batches may be of any size. */
  free: boolean;
  /** The outputs at the session's full batch size had the same bits: pad every batch to it. */
  padded: boolean;
  /** Largest difference of an output value from that of the image alone (or first, where batches are padded). */
  largestDifference: number;
  /** The batch sizes tried. */
  sizes: number[];
}

/**
 * Encodes one fixed probe image alone and at the first, middle and last position of batches of several sizes, among two
 * sets of other images, and compares the bits. Sizes above the session's batch are left out, and the session's own is
 * added. Neither free nor padded (a dynamically quantised model, say) means: encode images one by one.
 *
 * It is a check at start-up, not a proof: it tries one image on this machine.
 */
export async function probeBatchInvariance(
  session: EncoderSession,
  sizes: readonly number[] = [2, 7, 16],
): Promise<BatchInvariance> {
  const { batch, padded } = session;
  const tried = padded
    ? [batch]
    : [...new Set([1, ...sizes.filter((size) => size < batch), batch])].sort((a, b) => a - b);
  const outputs: { size: number; row: Float32Array }[] = [];
  for (const size of tried)
    for (const [turn, position] of positions(size).entries())
      outputs.push({ size, row: await embedProbe(session, size, position, 2 + (turn % 2)) });
  // Alone among zeros, as the last batch of a padded run is.
  if (padded) outputs.push({ size: batch, row: await embedProbe(session, 1, 0, 2) });
  const full = outputs.filter(({ size }) => size === batch);
  return {
    free: outputs.every(({ row }) => sameBits(row, outputs[0].row)),
    padded: full.every(({ row }) => sameBits(row, full[0].row)),
    largestDifference: Math.max(...outputs.map(({ row }) => difference(row, outputs[0].row))),
    sizes: tried,
  };
}

/** First, middle and last; the first twice, since neighbours alternate between two sets. */
const positions = (size: number): number[] =>
  size === 1 ? [0] : size === 2 ? [0, 0, 1] : [0, 0, Math.floor(size / 2), size - 1];

/** The probe image's embedding, not normalised, at a position of `size` images of which the others are those of a seed. */
async function embedProbe(
  session: EncoderSession,
  size: number,
  position: number,
  neighbours: number,
): Promise<Float32Array> {
  const { input, dimension, preprocessing } = session.info;
  const imageSize = input.channels * input.height * input.width;
  const images = pseudoImages(imageSize * size, neighbours);
  images.set(pseudoImages(imageSize, 1), position * imageSize);
  normalizePixels(images, size, preprocessing, images);
  const rows = new Float32Array(size * dimension);
  await session.run(images, size, rows);
  return rows.slice(position * dimension, (position + 1) * dimension);
}

/** Reproducible values in [0, 1): a linear congruential generator is good enough to be unlike zeros. */
function pseudoImages(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  });
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  const bits = (x: Float32Array) => new Uint32Array(x.buffer, x.byteOffset, x.length);
  const other = bits(b);
  return bits(a).every((word, i) => word === other[i]);
}

const difference = (a: Float32Array, b: Float32Array): number =>
  a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);

/** How far the values of two embeddings of one image, made to length 1, may lie apart in two runs of the same batch: the order of sums on several threads. */
const SAME_BATCH = 1e-4;
/** In another batch: the scales that a dynamically quantised model takes from all images of a run. */
const OTHER_BATCH = 0.05;

/**
 * Refuses an encoder that is not a function of the image: one with random nodes, and one that embeds a probe image differently a second time
 * or among other images (batch normalisation in training form, say). A certificate speaks of a function.
 *
 * @param randomNodes - of the model, see `randomNodes`
 * @throws RetrievalGuardError MODEL_UNSUPPORTED
 */
export async function requireFunction(
  session: EncoderSession,
  randomNodes: readonly string[],
): Promise<void> {
  const { batch, padded, info } = session;
  const embed = async (size: number, position: number, neighbours: number): Promise<Float32Array> => {
    const row = await embedProbe(session, size, position, neighbours);
    const length = Math.hypot(...row) || 1;
    return row.map((value) => value / length);
  };
  const alone = padded ? batch : 1;
  const among = padded ? batch : Math.min(batch, 2);
  const first = await embed(alone, 0, 2);
  const again = difference(await embed(alone, 0, 2), first);
  const elsewhere = difference(await embed(among, among - 1, 3), first);
  if (randomNodes.length === 0 && !(again > SAME_BATCH) && !(elsewhere > OTHER_BATCH)) return;
  const named = randomNodes.length > 0 ? `, which holds ${randomNodes.slice(0, 3).join(', ')}` : '';
  throw new RetrievalGuardError('MODEL_UNSUPPORTED', {
    expected: `an encoder that gives the same embedding for the same image every time`,
    got:
      again > SAME_BATCH || randomNodes.length > 0
        ? `${info.modelPath}${named}: twice the same image, and values ${again.toPrecision(2)} apart`
        : `${info.modelPath}: the same image among others, and values ${elsewhere.toPrecision(2)} apart`,
    fix: 'Export the model in evaluation mode (model.eval()), without dropout, noise, or statistics of the batch.',
  });
}
