/** Entry of a sampling thread: opens its encoder, then runs tasks one after another. */
import { parentPort, workerData } from 'node:worker_threads';
import { packError } from '../threads.ts';
import type { FromWorker, SentTask, TaskQuery, ToWorker, WorkerSetup } from './protocol.ts';
import { Sampler } from './sampler.ts';

const { setup } = workerData as { setup: WorkerSetup };
const port = parentPort!;
const send = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

const sampler = await Sampler.open(setup);

/** Queries of the tasks to come. */
const groups = new Map<number, { queries: TaskQuery[]; cancelled: Int32Array }>();

let queue: Promise<void> = Promise.resolve();
port.on('message', (message: ToWorker) => {
  queue = queue.then(() => handle(message));
});
send({ type: 'ready' });

async function handle(message: ToWorker): Promise<void> {
  switch (message.type) {
    case 'gallery':
      return sampler.setGallery(message.gallery);
    case 'queries':
      groups.set(message.group, message);
      return;
    case 'task':
      return runTask(message.task);
    case 'forget':
      groups.delete(message.group);
      return;
    case 'close':
      await sampler.release();
      port.close();
  }
}

async function runTask({ group, ...task }: SentTask): Promise<void> {
  const { queries, cancelled } = groups.get(group)!;
  try {
    const outcomes = await sampler.run({ ...task, queries }, () => Atomics.load(cancelled, 0) !== 0);
    // a counter's histograms share one buffer
    const buffers = outcomes.flatMap(({ counters: { sum, histograms }, embeddings }) =>
      [sum, histograms[0], embeddings].flatMap((array) => (array ? [array.buffer as ArrayBuffer] : [])),
    );
    send({ type: 'done', id: task.id, outcomes }, buffers);
  } catch (error) {
    send({ type: 'failed', id: task.id, error: packError(error) });
  }
}
