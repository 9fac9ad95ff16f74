/** The sampling threads: one encoder each, fed from one queue. */
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { cancellation, RetrievalGuardError } from '../errors.ts';
import { reviveError, startThread } from '../threads.ts';
import { messageOf } from '../words.ts';
import type { SharedGallery } from './shared-gallery.ts';
import type { FromWorker, ScanSet, Task, TaskOutcome, TaskQuery, ToWorker, WorkerSetup } from './protocol.ts';

/** A task without its number. */
export type NewTask = Omit<Task, 'id'>;

/** Queries that several tasks have: sent to a thread with the first of them. */
interface Group {
  id: number;
  queries: TaskQuery[];
  /** Not 0 once its tasks are cancelled: ONNX Runtime blocks the threads, which so hear of it through shared memory. */
  cancelled: Int32Array;
  /** Tasks with these queries, waiting and running. */
  tasks: number;
}

interface Waiting {
  task: Omit<Task, 'queries'>;
  group: Group;
  resolve: (outcomes: TaskOutcome[]) => void;
  reject: (error: unknown) => void;
}

interface Thread {
  worker: Worker;
  running: Map<number, Waiting>;
  /** Groups whose queries it has. */
  groups: Set<number>;
  ready: boolean;
}

/** Tasks sent to a thread ahead of time, so that it never waits for the main thread. */
const AHEAD = 2;

/** A pool of sampling threads. */
export class SamplingPool {
  readonly threads: number;
  readonly #pool: Thread[] = [];
  readonly #queue: Waiting[] = [];
  readonly #groups = new Map<TaskQuery[], Group>();
  #nextId = 0;
  #nextGroup = 0;
  #closing = false;
  #failure: unknown = null;

  private constructor(threads: number) {
    this.threads = threads;
  }

  /**
   * Opens `threads` threads (default: all cores), each with the encoder.
   * @throws as opening the encoder does; WORKER_FAILED when a thread dies
   */
  static async open(setup: WorkerSetup, threads = availableParallelism()): Promise<SamplingPool> {
    const pool = new SamplingPool(threads);
    const opening = Array.from({ length: threads }, () => pool.#openThread(setup));
    try {
      await Promise.all(opening);
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  /** Gives every thread the gallery that later tasks are compared with. */
  setGallery(gallery: ScanSet | SharedGallery): void {
    for (const { worker } of this.#pool) post(worker, { type: 'gallery', gallery });
  }

  /**
   * Runs a task on the next free thread. First come, first served. Tasks with the very same array of queries, asked for
   * before the first of them is done, send it to each thread once.
   */
  run({ queries, ...task }: NewTask): Promise<TaskOutcome[]> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const group = this.#groups.get(queries) ?? {
      id: this.#nextGroup++,
      queries,
      cancelled: new Int32Array(new SharedArrayBuffer(4)),
      tasks: 0,
    };
    this.#groups.set(queries, group);
    group.tasks++;
    const outcomes = new Promise<TaskOutcome[]>((resolve, reject) => {
      this.#queue.push({ task: { ...task, id: this.#nextId++ }, group, resolve, reject });
      this.#feed();
    });
    return outcomes.finally(() => this.#leave(group));
  }

  /** One task fewer has these queries. */
  #leave(group: Group): void {
    if (--group.tasks > 0) return;
    this.#groups.delete(group.queries);
    for (const { worker, groups } of this.#pool)
      if (groups.delete(group.id)) post(worker, { type: 'forget', group: group.id });
  }

  /** Stops the tasks with this very array of queries, waiting and running; they reject with CANCELLED. Others go on. */
  cancel(queries: TaskQuery[]): void {
    const group = this.#groups.get(queries);
    if (!group) return;
    Atomics.store(group.cancelled, 0, 1);
    const others = this.#queue.filter((waiting) => waiting.group !== group);
    for (const { reject } of this.#queue.filter((waiting) => waiting.group === group)) reject(cancellation());
    this.#queue.splice(0, Infinity, ...others);
  }

  /** Cancels what is left and ends the threads. Never terminates one inside a run of ONNX Runtime, which would abort the process. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const queries of this.#groups.keys()) this.cancel(queries);
    await Promise.all(
      this.#pool.map(
        ({ worker }) =>
          new Promise<void>((resolve) => {
            if (worker.threadId === -1) return resolve();
            worker.once('exit', () => resolve());
            post(worker, { type: 'close' });
          }),
      ),
    );
  }

  #openThread(setup: WorkerSetup): Promise<void> {
    const worker = startThread(import.meta.url, './sampling-worker', { setup });
    const thread: Thread = { worker, running: new Map(), groups: new Set(), ready: false };
    this.#pool.push(thread);
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        if (message.type === 'ready') {
          thread.ready = true;
          resolve();
        } else {
          const waiting = thread.running.get(message.id);
          thread.running.delete(message.id);
          if (message.type === 'done') waiting?.resolve(message.outcomes);
          else waiting?.reject(reviveError(message.error, 'a sampling task to succeed'));
        }
        this.#feed();
      });
      const fail = (error: unknown): void => {
        const failure =
          error instanceof RetrievalGuardError
            ? error
            : new RetrievalGuardError('WORKER_FAILED', {
                expected: 'a sampling thread to keep running',
                got: messageOf(error),
                fix: 'With large models use fewer threads or a smaller batch: memory may have run out.',
                cause: error,
              });
        reject(failure);
        this.#failure ??= failure;
        for (const { reject: rejectTask } of [...thread.running.values(), ...this.#queue.splice(0)])
          rejectTask(failure);
        thread.running.clear();
      };
      worker.on('error', fail);
      worker.on('exit', (code) => {
        if (!this.#closing || code !== 0) fail(new Error(`a sampling thread ended with code ${code}`));
      });
    });
  }

  #feed(): void {
    for (let load = 0; load < AHEAD; load++) {
      for (const thread of this.#pool) {
        if (!thread.ready || thread.running.size !== load) continue;
        const next = this.#queue.shift();
        if (!next) return;
        const { task, group } = next;
        thread.running.set(task.id, next);
        if (!thread.groups.has(group.id)) {
          thread.groups.add(group.id);
          const { id, queries, cancelled } = group;
          post(thread.worker, { type: 'queries', group: id, queries, cancelled });
        }
        post(thread.worker, { type: 'task', task: { ...task, group: group.id } });
      }
    }
  }
}

function post(worker: Worker, message: ToWorker): void {
  worker.postMessage(message);
}
