/** What the main thread and the sampling workers say to each other. All plain data. */
import type { Counters, Statistic } from '../certify/index.ts';
import type { EncoderInfo } from '../encoder/index.ts';
import type { ExactNoiseKey } from '../noise/exact/index.ts';
import type { PackedError } from '../threads.ts';
import type { Outside, Survey } from './outside.ts';
import type { QueryImage } from './query-image.ts';
import type { SharedGallery } from './shared-gallery.ts';

/** Samples are drawn, encoded and counted in tiles of this many, aligned to the sample index. */
export const TILE = 64;

/** How a worker opens its encoder. */
export interface WorkerSetup {
  info: EncoderInfo;
  provider: string;
  /** Images a run of the encoder. */
  batch: number;
  /** Pad every run to the full batch (encoders whose output depends on the batch). */
  padded: boolean;
}

/** The vectors that every noisy embedding is compared with. */
export interface ScanSet {
  /** [dimension × count]: one column an item. */
  columns: Float32Array;
  count: number;
  /** [count] −‖v‖²/2 */
  bias: Float32Array;
  /** [count] class of each item, and how many classes there are. */
  labels: Int32Array;
  labelCount: number;
}

/** A statistic with its items as positions in the scan set. */
export type ScannedStatistic = Pick<
  Statistic,
  'kind' | 'members' | 'anchors' | 'weights' | 'offsets' | 'origin' | 'width' | 'bins'
> & { /** Gallery index of the anchor of the items outside the scan. */ outside: number | null };

/** Samples to draw for one query of a task. */
export interface TaskQuery {
  image: QueryImage;
  /** Of the noise, in pixels of [0,1]; 0: the clean picture. */
  sigma: number;
  key: ExactNoiseKey;
  /** Position in the scan set of the item to leave out. */
  exclude: number | null;
  /** The label whose duels are counted; absent: none are. */
  duel?: number;
  /** A scan set of this query's own (its nearest candidates); absent: the gallery's. */
  scan?: ScanSet;
  /** With a scan set of its own: all other items. */
  outside?: Outside;
  /** For the task 'survey'. */
  survey?: Survey;
  statistics: ScannedStatistic[];
}

/** A piece of work: samples first … first + count − 1 of one query, or of several that share their noise. */
export interface Task {
  id: number;
  first: number;
  count: number;
  /** 'embeddings' also returns each embedding; 'mean' needs no gallery; 'survey' draws nothing: it surveys items first … first + count − 1. */
  want: 'counters' | 'embeddings' | 'mean' | 'survey';
  /** The queries share the noise of the first one's key. */
  sharedNoise: boolean;
  queries: TaskQuery[];
}

/** A worker's answer for one query of a task. */
export interface TaskOutcome {
  counters: Counters;
  /** [count × dimension] for 'embeddings'. */
  embeddings?: Float32Array;
}

/** A task as it is sent: its queries, which other tasks have too, were sent before it. */
export type SentTask = Omit<Task, 'queries'> & { group: number };

/** Messages to a worker. */
export type ToWorker =
  | { type: 'gallery'; gallery: ScanSet | SharedGallery }
  | {
      type: 'queries';
      group: number;
      queries: TaskQuery[];
      /** Shared: not 0 once the tasks with these queries are cancelled. */
      cancelled: Int32Array;
    }
  | { type: 'task'; task: SentTask }
  /** No task with these queries is to come. */
  | { type: 'forget'; group: number }
  | { type: 'close' };

/** Messages from a worker. */
export type FromWorker =
  | { type: 'ready' }
  | { type: 'done'; id: number; outcomes: TaskOutcome[] }
  | { type: 'failed'; id: number; error: PackedError };
