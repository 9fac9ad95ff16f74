/** Entry of a sampling thread: opens its encoder, then runs tasks one after another. */
import { parentPort, workerData } from 'node:worker_threads';
import { packError } from '../threads.ts';
import type { FromWorker, Task, ToWorker, WorkerSetup } from './protocol.ts';
import { Sampler } from './sampler.ts';

const { setup, cancelFlag } = workerData as { setup: WorkerSetup; cancelFlag: Int32Array };
const port = parentPort!;
const send = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

const sampler = await Sampler.open(setup);
// ONNX Runtime calls block the thread, so a cancellation arrives through shared memory: a generation number.
const cancelled = (generation: number) => (): boolean => Atomics.load(cancelFlag, 0) !== generation;

let queue: Promise<void> = Promise.resolve();
port.on('message', (message: ToWorker) => {
  if (message.type === 'gallery') queue = queue.then(() => sampler.setGallery(message.scan));
  else if (message.type === 'task') queue = queue.then(() => runTask(message.task, message.generation));
  else {
    queue = queue.then(async () => {
      await sampler.release();
      port.close();
    });
  }
});
send({ type: 'ready' });

async function runTask(task: Task, generation: number): Promise<void> {
  try {
    const outcomes = await sampler.run(task, cancelled(generation));
    send(
      { type: 'done', id: task.id, outcomes },
      outcomes.flatMap(({ embeddings }) => (embeddings ? [embeddings.buffer as ArrayBuffer] : [])),
    );
  } catch (error) {
    send({ type: 'failed', id: task.id, error: packError(error) });
  }
}
