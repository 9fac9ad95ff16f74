import { TILE } from './protocol.ts';

/** What the cut of some samples depends on. */
export interface CutOptions {
  /** Queries sampled together. */
  queries: number;
  /** Of one thread. */
  secondsPerImage: number;
  threads: number;
}

/** Seconds of work in a task: long against the cost of sending it, short against a run. */
const TASK_SECONDS = 0.2;
/** Most tiles in a task: progress is reported, and a cancellation heard, at least so often. */
const MOST_TILES = 8;

/**
 * Sizes of the tasks that `count` samples of every query are cut into, in order. Whole tiles except at the end. All tasks
 * are of the same size, up to a tile, the larger first, and every thread gets equally many, so that none waits for another
 * at the end.
 */
export function cutTasks(count: number, { queries, secondsPerImage, threads }: CutOptions): number[] {
  const tiles = Math.ceil(count / TILE);
  const most = Math.floor(TASK_SECONDS / (TILE * queries * secondsPerImage));
  const needed = Math.ceil(tiles / Math.max(1, Math.min(MOST_TILES, most)));
  const tasks = Math.min(tiles, Math.ceil(needed / threads) * threads);
  const small = Math.floor(tiles / tasks);
  const large = tiles % tasks;
  let left = count;
  return Array.from({ length: tasks }, (_, i) => {
    const size = Math.min(left, TILE * (i < large ? small + 1 : small));
    left -= size;
    return size;
  });
}
