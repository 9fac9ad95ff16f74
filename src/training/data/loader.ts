/** Training batches, made ahead of the step that needs them in a thread of their own. */
import type { Worker } from 'node:worker_threads';
import type { DatasetItem } from '../../datasets/index.ts';
import { RetrievalGuardError } from '../../errors.ts';
import { packError, reviveError, startThread } from '../../threads.ts';
import { DEFAULT_MEMORY } from './picture-store.ts';
import { type Deferred, deferred, type FromWorker, type ToWorker, type WorkerSetup } from './protocol.ts';
import { checkStep, requireWhole } from './random.ts';
import type { AugmentOptions, BatchShape, ReadingOptions, SkippedPicture, TrainingBatch } from './types.ts';

/** Options of {@link BatchLoader.open}. */
export interface BatchLoaderOptions extends ReadingOptions, BatchShape {
  /** Default: none. */
  readonly augment?: AugmentOptions;
  /** Standard deviation of the noise in [0,1] pixel units, drawn anew each time a picture is. Default 0: none. */
  readonly sigma?: number;
  /** A safe integer ≥ 0; default 0. */
  readonly seed?: number;
  /** Batches made ahead; default 2. */
  readonly prefetch?: number;
  /** For random crops: shorter edge of the pictures they are cut from, pixels; default 1.5 times the model's longer edge. */
  readonly storedEdge?: number;
}

/** A batch that was asked of the worker. */
interface Pending extends Deferred<TrainingBatch> {
  /** Somebody waits for it; else it was begun ahead. */
  wanted: boolean;
}

/**
 * The batches of a training. What a batch holds is a function of the items, the options and the step, whatever was
 * asked before: a resumed training gets the same bits.
 *
 * @example
 * const loader = await BatchLoader.open({ items, preprocessing, classes: 28, perClass: 4, sigma: 0.25 });
 * for (let step = 0; step < 2500; step++) train(await loader.batch(step));
 * await loader.close();
 */
export class BatchLoader {
  /** Pictures left out because they could not be read. */
  readonly skipped: SkippedPicture[] = [];
  #classNames: readonly string[] = [];
  #stepsPerEpoch = 0;
  #pictures = 0;
  #kept = 0;
  readonly #worker: Worker;
  readonly #prefetch: number;
  readonly #pending = new Map<number, Pending>();
  #failure: RetrievalGuardError | null = null;

  private constructor(worker: Worker, prefetch: number) {
    this.#worker = worker;
    this.#prefetch = prefetch;
  }

  /**
   * Starts the thread and decodes every picture once.
   *
   * @throws RetrievalGuardError OPTION_INVALID for options out of range or fewer classes than a batch has, DATASET_EMPTY when no
   * picture can be read, PREPROCESSING_INVALID as loadImage does, IMAGE_UNREADABLE with `strict`, CANCELLED, WORKER_FAILED
   */
  static async open(options: BatchLoaderOptions): Promise<BatchLoader> {
    const { preprocessing, classes, perClass, augment = {}, sigma = 0, seed = 0, signal } = options;
    const { items, prefetch = 2, memory = DEFAULT_MEMORY, strict = false } = options;
    const { storedEdge = Math.round(1.5 * Math.max(preprocessing.height, preprocessing.width)) } = options;
    requireWhole('prefetch', prefetch, 0);
    requireWhole('storedEdge', storedEdge, 1);
    if (signal?.aborted) throw closedError();
    const setup: WorkerSetup = {
      plan: { preprocessing, classes, perClass, augment, sigma, seed, storedEdge },
      labels: items.map(({ label }) => label),
      paths: items.map(({ path }) => path ?? null),
      memory,
      strict,
    };
    const worker = startThread(import.meta.url, './worker', setup);
    const loader = new BatchLoader(worker, prefetch);
    const abort = (): void => void loader.close();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await loader.#listen(options);
      return loader;
    } catch (error) {
      await loader.close();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Names of the classes: entry c is what label c stands for. With rotations there are four of each label. */
  get classNames(): readonly string[] {
    return this.#classNames;
  }

  /** Steps that show every picture at least once, see ClassBalancedSampler. */
  get stepsPerEpoch(): number {
    return this.#stepsPerEpoch;
  }

  /** How many pictures could be read, without their rotations. */
  get pictures(): number {
    return this.#pictures;
  }

  /** How many of them are kept in memory. */
  get kept(): number {
    return this.#kept;
  }

  /**
   * The batch of a step, from 0. The following `prefetch` are begun too.
   *
   * @throws RetrievalGuardError OPTION_INVALID for a bad step, IMAGE_UNREADABLE when a picture has gone since it was first read,
   * CANCELLED after close, WORKER_FAILED
   */
  async batch(step: number): Promise<TrainingBatch> {
    if (this.#failure) throw this.#failure;
    checkStep(step);
    // what was begun for steps that nobody waits for or will ask for soon is ignored when it comes
    for (const [ahead, { wanted }] of this.#pending) {
      if (!wanted && !(ahead >= step && ahead <= step + this.#prefetch)) this.#pending.delete(ahead);
    }
    for (let ahead = step; ahead <= step + this.#prefetch; ahead++) this.#ask(ahead);
    const pending = this.#pending.get(step)!;
    pending.wanted = true;
    try {
      return await pending.promise;
    } finally {
      this.#pending.delete(step);
    }
  }

  /** Ends the thread; batches that are waited for reject with CANCELLED. May be called at any time and again. */
  async close(): Promise<void> {
    this.#fail(closedError());
    const worker = this.#worker;
    if (worker.threadId === -1) return;
    await new Promise<void>((resolve) => {
      worker.once('exit', () => resolve());
      post(worker, { type: 'close' });
    });
  }

  #ask(step: number): void {
    if (this.#pending.has(step)) return;
    const pending = { ...deferred<TrainingBatch>(), wanted: false };
    pending.promise.catch(() => {}); // nobody may ever wait for it
    this.#pending.set(step, pending);
    post(this.#worker, { type: 'batch', step });
  }

  #fail(error: RetrievalGuardError): void {
    this.#failure ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
  }

  /** Handles the worker's messages from now on; resolves when it is ready. */
  #listen({ items, onSkip, onProgress }: BatchLoaderOptions): Promise<void> {
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      const end = (error: RetrievalGuardError): void => {
        this.#fail(error);
        reject(this.#failure);
      };
      const broken = (got: string, cause?: unknown): void =>
        end(
          new RetrievalGuardError('WORKER_FAILED', {
            expected: "the loader's thread to keep running",
            got,
            fix: 'Lower the memory for pictures: it may have run out.',
            cause,
          }),
        );
      worker.on('error', (error) => broken(error.message, error));
      worker.on('exit', (code) => broken(`it ended with code ${code}`));
      worker.on('message', (message: FromWorker) => {
        if (message.type === 'progress') onProgress?.(message.done, message.total);
        else if (message.type === 'read') void this.#read(items[message.index], message.index);
        else if (message.type === 'batch') this.#pending.get(message.batch.step)?.resolve(message.batch);
        else if (message.type === 'skipped') {
          const error = reviveError(message.error, 'a readable picture');
          this.skipped.push({ id: items[message.index].id, reason: error.got });
          onSkip?.(items[message.index], error);
        } else if (message.type === 'ready') {
          this.#classNames = message.classNames;
          this.#stepsPerEpoch = message.stepsPerEpoch;
          this.#pictures = message.readable.length;
          this.#kept = message.kept;
          resolve();
        } else {
          const error = reviveError(message.error, 'a batch of pictures');
          if (message.step === null) end(error);
          else this.#pending.get(message.step)?.reject(error);
        }
      });
    });
  }

  /** Reads a picture that only this thread can: its item has no path. */
  async #read(item: DatasetItem, index: number): Promise<void> {
    try {
      post(this.#worker, { type: 'bytes', index, bytes: await item.read() });
    } catch (error) {
      post(this.#worker, { type: 'unreadable', index, error: packError(error) });
    }
  }
}

function post(worker: Worker, message: ToWorker): void {
  worker.postMessage(message);
}

function closedError(): RetrievalGuardError {
  return new RetrievalGuardError('CANCELLED', { expected: 'an open loader', got: 'a closed one' });
}
