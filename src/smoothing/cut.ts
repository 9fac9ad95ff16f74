import { TILE } from './protocol.ts';

/** What the cut of some samples depends on. */
export interface CutOptions {
  /** Queries sampled together. */
  queries: number;
  /** Of one thread. */
  secondsPerImage: number;
  threads: number;
  /** Samples that stay together, a divisor of {@link TILE}: 1, or the batch of an encoder whose output depends on it. */
  unit: number;
}

/** Seconds of work in a task: long against the cost of sending it, short against a run. */
const TASK_SECONDS = 0.2;
/** Most tiles in a task: progress is reported, and a cancellation heard, at least so often. */
const MOST_TILES = 8;
/** With fewer tiles a thread, whole ones would leave a thread idle while another has a last one. */
const FEW_TILES = 4;

/**
 * Sizes of the tasks that `count` samples of every query are cut into, in order: whole tiles except at the end, or whole units where there are
 * few. All tasks are of the same size, up to a tile or unit, the larger first, and every thread gets equally many, so that none waits for
 * another at the end.
 */
export function cutTasks(count: number, { queries, secondsPerImage, threads, unit }: CutOptions): number[] {
  const grain = count < FEW_TILES * TILE * threads ? unit : TILE;
  const grains = Math.ceil(count / grain);
  const most = Math.floor(TASK_SECONDS / (grain * queries * secondsPerImage));
  const needed = Math.ceil(grains / Math.max(1, Math.min((MOST_TILES * TILE) / grain, most)));
  const tasks = Math.min(grains, Math.ceil(needed / threads) * threads);
  const small = Math.floor(grains / tasks);
  const large = grains % tasks;
  let left = count;
  return Array.from({ length: tasks }, (_, i) => {
    const size = Math.min(left, grain * (i < large ? small + 1 : small));
    left -= size;
    return size;
  });
}
