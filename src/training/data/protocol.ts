/** What the loader and its worker say to each other. All plain data. */
import type { PackedError } from '../../threads.ts';
import type { BatchPlan } from './batch-maker.ts';
import type { TrainingBatch } from './types.ts';

/** What the worker starts with. */
export interface WorkerSetup {
  plan: BatchPlan;
  /** Label of each picture. */
  labels: readonly string[];
  /** Path of each picture; null for those that only the main thread can read (in archives). */
  paths: readonly (string | null)[];
  /** Bytes of decoded pictures to keep. */
  memory: number;
  /** Fail at the first picture that cannot be read. */
  strict: boolean;
}

/** A promise with what settles it, as Promise.withResolvers has it, which Node 20 lacks. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** A promise that waits for others to settle it. */
export function deferred<T>(): Deferred<T> {
  let settle!: Omit<Deferred<T>, 'promise'>;
  const promise = new Promise<T>((resolve, reject) => (settle = { resolve, reject }));
  return { promise, ...settle };
}

/** Messages to the worker. */
export type ToWorker =
  | { type: 'batch'; step: number }
  /** The answer to 'read'. */
  | { type: 'bytes'; index: number; bytes: Uint8Array }
  | { type: 'unreadable'; index: number; error: PackedError }
  | { type: 'close' };

/** Messages from the worker. */
export type FromWorker =
  | { type: 'progress'; done: number; total: number }
  | { type: 'skipped'; index: number; error: PackedError }
  /** Asks for the encoded bytes of a picture without a path. */
  | { type: 'read'; index: number }
  | {
      type: 'ready';
      classNames: readonly string[];
      stepsPerEpoch: number;
      readable: Int32Array;
      kept: number;
    }
  | { type: 'batch'; batch: TrainingBatch }
  /** `step` null: opening failed. */
  | { type: 'failed'; step: number | null; error: PackedError };
