/** Entry of the loader's thread: decodes the pictures, then makes batches one after another. */
import { parentPort, workerData } from 'node:worker_threads';
import { RetrievalGuardError } from '../../errors.ts';
import { packError, reviveError } from '../../threads.ts';
import { BatchMaker, loadForPlan } from './batch-maker.ts';
import { PictureStore } from './picture-store.ts';
import { type Deferred, deferred, type FromWorker, type ToWorker, type WorkerSetup } from './protocol.ts';

/** Milliseconds between two reports of progress. */
const REPORT_EVERY = 100;

const { plan, labels, paths, memory, strict } = workerData as WorkerSetup;
const port = parentPort!;
const send = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

let closed = false;
/** Pictures that the main thread was asked for. */
const asked = new Map<number, Deferred<Uint8Array>>();

const askFor = (index: number): Promise<Uint8Array> => {
  const waiting = asked.get(index) ?? deferred<Uint8Array>();
  if (!asked.has(index)) send({ type: 'read', index });
  asked.set(index, waiting);
  return waiting.promise;
};

const answered = (index: number): Deferred<Uint8Array> | undefined => {
  const waiting = asked.get(index);
  asked.delete(index);
  return waiting;
};

let queue: Promise<void> = Promise.resolve();
port.on('message', (message: ToWorker) => {
  if (message.type === 'batch') queue = queue.then(() => makeBatch(message.step));
  else if (message.type === 'bytes') answered(message.index)?.resolve(message.bytes);
  else if (message.type === 'unreadable')
    answered(message.index)?.reject(reviveError(message.error, 'a readable picture'));
  else {
    closed = true;
    const error = new RetrievalGuardError('CANCELLED', {
      expected: 'a picture',
      got: 'the loader was closed',
    });
    for (const index of asked.keys()) answered(index)?.reject(error);
    queue = queue.then(() => port.close());
  }
});

const opened = open();
queue = opened.then(() => {});

/** The maker and its pictures; null when opening failed, which has been reported then. */
async function open(): Promise<{ maker: BatchMaker; store: PictureStore } | null> {
  try {
    // options that cannot work fail before the pictures are read
    void new BatchMaker(plan, labels, Int32Array.from(labels.keys()));
    let reported = 0;
    const store = await PictureStore.open(
      paths.length,
      async (index) => loadForPlan(paths[index] ?? (await askFor(index)), plan),
      {
        memory,
        cancelled: () => closed,
        onUnreadable: strict
          ? undefined
          : (index, error) => send({ type: 'skipped', index, error: packError(error) }),
        onProgress: (done, total) => {
          const now = performance.now();
          if (done < total && now - reported < REPORT_EVERY) return;
          reported = now;
          send({ type: 'progress', done, total });
        },
      },
    );
    const { readable, kept } = store;
    const maker = new BatchMaker(plan, labels, readable);
    const { classNames, stepsPerEpoch } = maker;
    send({ type: 'ready', classNames, stepsPerEpoch, readable, kept });
    return { maker, store };
  } catch (error) {
    send({ type: 'failed', step: null, error: packError(error) });
    return null;
  }
}

async function makeBatch(step: number): Promise<void> {
  const ready = await opened;
  if (closed || !ready) return;
  try {
    const batch = await ready.maker.batch(step, ready.store);
    const { images, labels, classes, pictures } = batch;
    send(
      { type: 'batch', batch },
      [images, labels, classes, pictures].map(({ buffer }) => buffer),
    );
  } catch (error) {
    send({ type: 'failed', step, error: packError(error) });
  }
}
