/** How long the pictures of a dataset take, measured on some of them. */
import { availableParallelism } from 'node:os';
import type { DatasetItem } from '../datasets/index.ts';
import { isRetrievalGuardError } from '../errors.ts';
import type { Smoother } from '../smoothing/index.ts';
import { inOrder } from '../runs/index.ts';
import { readPictures } from './read-pictures.ts';

/** So few are done before their time is known. */
const TOO_FEW = 24;
/** Pictures that are tried, spread over the dataset, and the seconds after which no further one is. */
const TRIED = 48;
const SECONDS = 2;
/** The first are slow: threads start, code is compiled. */
const WARM_UP = 8;

/**
 * Seconds that one picture takes of the whole path as a run has it, every core busy: read, decoded, resized, embedded once. 0 for a dataset
 * that is too small to be worth the measurement. Pictures that cannot be read or embedded count like others.
 */
export async function secondsPerPicture(
  items: readonly DatasetItem[],
  smoother: Smoother,
  { maxPixels, signal }: { maxPixels?: number; signal?: AbortSignal } = {},
): Promise<number> {
  if (items.length < TOO_FEW) return 0;
  const step = items.length / Math.min(items.length, TRIED + WARM_UP);
  const tried = Array.from(
    { length: Math.floor(items.length / step) },
    (_, i) => items[Math.floor(i * step)],
  );
  // pictures that are decoded at once, and end at about the same time
  const round = availableParallelism();
  const began = performance.now();
  const finished: number[] = [];
  const stop = new AbortController();
  try {
    await inOrder(
      readPictures(tried, smoother.info.preprocessing, {
        maxPixels,
        onSkip: () => void finished.push(performance.now()),
      }),
      2 * smoother.threads + 2,
      async ({ item, pixels }) => {
        await smoother.embedClean({ id: item.id, pixels }, { signal }).catch((error: unknown) => {
          // told when it is its turn
          if (!isRetrievalGuardError(error, 'EMBEDDING_INVALID')) throw error;
        });
      },
      async () => {
        finished.push(performance.now());
        // of slow pictures a few rounds of all threads tell enough
        if (performance.now() - began > SECONDS * 1e3 && finished.length >= 4 * round) stop.abort();
        await Promise.resolve();
        stop.signal.throwIfAborted();
      },
    );
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  const from = finished.length > 2 * WARM_UP ? WARM_UP : finished.length > round ? round : 0;
  const start = from > 0 ? finished[from - 1] : began;
  return finished.length > 0 ? (finished[finished.length - 1] - start) / 1e3 / (finished.length - from) : 0;
}
