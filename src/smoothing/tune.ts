import { EncoderSession, type EncoderInfo, probeBatchInvariance } from '../encoder/index.ts';
import { TILE } from './protocol.ts';

/** How the sampling threads run the encoder. */
export interface BatchPolicy {
  batch: number;
  padded: boolean;
  /** Seconds per image on one thread, measured. */
  secondsPerImage: number;
}

/** Batch size of encoders whose output depends on the batch: every run then has this size, padded, aligned to the sample index. */
export const FIXED_BATCH = 16;
/** How long a batch size is run in one round of the timing, at least. */
const ROUND_MILLISECONDS = 40;
/** Bytes of a run's images that stay in a common L2 cache beside what the encoder needs. */
const CACHED = 1.5 * 2 ** 20;
/** A batch size that takes so much longer than the fastest one is not timed again. */
const HOPELESS = 1.06;

/**
 * Chooses the batch size. Where an image's embedding has the same bits in every batch (checked here with a probe), any size
 * gives the same rows and the fastest of 1, 2, 4, … 32 is taken, or the one asked for. Where it does not, every run is padded
 * to {@link FIXED_BATCH} images (or to the size that the model fixes), whatever was asked for, so that rows still do not
 * depend on how the work was cut.
 */
export async function chooseBatch(
  info: EncoderInfo,
  provider: string,
  asked: number | 'auto',
): Promise<BatchPolicy> {
  const fixed = info.input.batch;
  if (fixed !== null) {
    const session = await EncoderSession.create(info, { provider, threads: 1 });
    const secondsPerImage = await timePerImage(session, fixed);
    await session.release();
    return { batch: fixed, padded: true, secondsPerImage };
  }
  const wanted = asked === 'auto' ? 32 : Math.min(TILE, asked);
  const session = await EncoderSession.create(info, { provider, threads: 1, batch: Math.max(32, wanted) });
  try {
    const single = await timePerImage(session, 1);
    // a probe of large networks is kept short
    const sizes = single > 0.1 ? [2] : [2, 7, 16];
    const probe = await EncoderSession.create(info, { provider, threads: 1, batch: FIXED_BATCH });
    const { free } = await probeBatchInvariance(probe, sizes);
    await probe.release();
    if (!free)
      return { batch: FIXED_BATCH, padded: true, secondsPerImage: await timePerImage(session, FIXED_BATCH) };
    if (asked !== 'auto') {
      return { batch: wanted, padded: false, secondsPerImage: await timePerImage(session, wanted) };
    }
    const candidates = [1, 2, 4, 8, 16, 32].filter((batch) => batch === 1 || batch * single < 0.5);
    const seconds = await timeBatches(session, candidates);
    // Of sizes that are equally fast, the largest: a query's pixels are read once for all images of a run. But not larger than
    // what a cache holds of them, since noise and images are written and read again between two runs.
    const fastest = Math.min(...seconds);
    const equal = candidates.flatMap((_, i) => (seconds[i] <= 1.01 * fastest ? [i] : []));
    const { channels, height, width } = info.input;
    const fits = (i: number): boolean => 4 * candidates[i] * channels * height * width <= CACHED;
    const choice = equal.findLast(fits) ?? equal[0];
    return { batch: candidates[choice], padded: false, secondsPerImage: seconds[choice] };
  } finally {
    await session.release();
  }
}

/** Seconds per image of one batch size. */
async function timePerImage(session: EncoderSession, batch: number): Promise<number> {
  return (await timeBatches(session, [batch], 1))[0];
}

/**
 * Seconds per image of each batch size: the median over the rounds of the mean within a round. (The least time of a run
 * would favour small batches, of which more runs fit into a round and more are lucky.) The sizes take turns, so that other
 * work on the machine slows none of them alone, and each turn begins with a run that does not count, since the batch before
 * has left other memory in the caches. Sizes that are slower than others by far take no further turns; after two of them in a
 * row the larger ones take none at all and have Infinity.
 */
async function timeBatches(
  session: EncoderSession,
  batches: readonly number[],
  rounds = 5,
): Promise<number[]> {
  const { channels, height, width } = session.info.input;
  const largest = Math.max(...batches);
  const input = new Float32Array(largest * channels * height * width).fill(0.1);
  const output = new Float32Array(largest * session.info.dimension);
  const timed = batches.map((batch) => ({ batch, seconds: [] as number[] }));
  const fastest = (): number => Math.min(...timed.map(({ seconds }) => median(seconds)));
  let taking = timed;
  for (let round = 0; round < rounds; round++) {
    for (const [i, { batch, seconds }] of taking.entries()) {
      if (round === 0 && i > 2 && timed.slice(i - 2, i).every(isHopeless)) break;
      await session.run(input, batch, output);
      const start = performance.now();
      let images = 0;
      do {
        await session.run(input, batch, output);
        images += batch;
      } while (performance.now() < start + ROUND_MILLISECONDS);
      seconds.push((performance.now() - start) / 1e3 / images);
    }
    taking = timed.filter((one) => !isHopeless(one));
  }
  return timed.map(({ seconds }) => median(seconds));

  function isHopeless({ seconds }: { seconds: number[] }): boolean {
    return median(seconds) > HOPELESS * fastest();
  }
}

const median = (values: readonly number[]): number =>
  values.length === 0 ? Infinity : values.toSorted((a, b) => a - b)[values.length >> 1];
