/** Pictures decoded, resized and cropped on several threads: the resize that matches Python's to the bit is work for a thread of its own. */
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { RetrievalGuardError } from '../errors.ts';
import { type PackedError, reviveError, startThread } from '../threads.ts';
import type { ModelPicture } from './load-image.ts';
import type { Preprocessing } from './preprocessing.ts';

/** What each thread is told at its start. */
export interface LoaderSetup {
  preprocessing: Preprocessing;
  /** Largest picture, in pixels; default that of loadPicture. */
  maxPixels?: number;
}

/** A picture to load, and its answer. */
export type ToLoader = { id: number; bytes: Uint8Array };
/** What a thread answers. */
export type FromLoader = { id: number; picture: ModelPicture } | { id: number; error: PackedError };

interface Waiting {
  resolve: (picture: ModelPicture) => void;
  reject: (error: unknown) => void;
}

/** Threads that load pictures, each one at a time. Close it. */
export class PictureLoader {
  readonly threads: number;
  readonly #workers: { worker: Worker; waiting: Map<number, Waiting> }[];
  #next = 0;
  /** A thread that has died answers nothing any more. */
  #failure: RetrievalGuardError | null = null;

  constructor(setup: LoaderSetup, threads = availableParallelism()) {
    this.threads = threads;
    this.#workers = Array.from({ length: threads }, () => {
      const worker = startThread(import.meta.url, './load-worker', setup);
      const waiting = new Map<number, Waiting>();
      worker.unref();
      worker.on('message', (message: FromLoader) => {
        const { resolve, reject } = waiting.get(message.id)!;
        waiting.delete(message.id);
        if ('picture' in message) resolve(message.picture);
        else reject(reviveError(message.error, 'a picture'));
      });
      const fail = (why: string): void => {
        this.#failure ??= new RetrievalGuardError('WORKER_FAILED', {
          expected: 'a thread that loads pictures',
          got: why,
        });
        for (const { reject } of waiting.values()) reject(this.#failure);
        waiting.clear();
      };
      worker.on('error', (error) => fail(error.message));
      worker.on('exit', () => fail('its end'));
      return { worker, waiting };
    });
  }

  /** As `loadPicture` does with the bytes of a file, on the thread that has least to do. */
  load(bytes: Uint8Array): Promise<ModelPicture> {
    if (this.#failure) return Promise.reject(this.#failure);
    const least = this.#workers.reduce((a, b) => (b.waiting.size < a.waiting.size ? b : a));
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      least.waiting.set(id, { resolve, reject });
      least.worker.ref();
      least.worker.postMessage({ id, bytes } satisfies ToLoader);
    });
  }

  /** Ends the threads; what is being loaded is given up. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map(({ worker }) => worker.terminate()));
  }
}
