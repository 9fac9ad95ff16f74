/** Contestant 1, the limit: plain ONNX Runtime inference on all cores. */
import { Worker } from 'node:worker_threads';
import type { EncoderInfo } from '../src/encoder/index.ts';
import { type Contestant, timed } from './contestant.ts';

/** The limit, and a single batch of it. */
export interface PlainInference extends Contestant {
  /** Seconds for a batch of so many pictures, which the threads share evenly. */
  batch(size: number): Promise<number>;
}

/** Opens one thread per core and finds the batch that is fastest while all of them run. */
export async function plainInference(info: EncoderInfo, threads: number): Promise<PlainInference> {
  const counter = new Int32Array(new SharedArrayBuffer(4));
  const { channels, height, width, name } = info.input;
  const workerData = {
    modelPath: info.modelPath,
    inputName: name,
    outputName: info.output.name,
    imageShape: [channels, height, width],
    dimension: info.dimension,
    counter,
  };
  const workers = Array.from(
    { length: threads },
    () => new Worker(new URL('./plain-worker.mjs', import.meta.url), { workerData }),
  );
  const all = (message?: { batch: number; total: number; block: number }): Promise<unknown> =>
    Promise.all(
      workers.map(
        (worker) =>
          new Promise<void>((resolve, reject) => {
            worker.removeAllListeners();
            worker.once('message', () => resolve());
            worker.once('error', reject);
            if (message) worker.postMessage(message);
          }),
      ),
    );
  await all();
  const run = (batch: number, total: number, block: number): Promise<number> => {
    Atomics.store(counter, 0, 0);
    return timed(() => all({ batch, total, block }));
  };

  // batches take turns, so that none is chosen for a good moment of the machine
  const seconds = new Map<number, number>();
  for (let turn = 0; turn < 4; turn++) {
    for (let batch = 1; batch <= 32; batch *= 2) {
      const one = await run(batch, batch * threads, batch);
      if (batch > 1 && one > 1.5) break;
      const total = Math.max(1, Math.ceil(0.3 / one)) * batch * threads;
      const each = (await run(batch, total, batch)) / total;
      seconds.set(batch, Math.min(each, seconds.get(batch) ?? Infinity));
    }
  }
  const [[batch]] = [...seconds].sort(([, a], [, b]) => a - b);
  return {
    name: 'plain ONNX Runtime',
    note: `${threads} threads, batch ${batch}`,
    run: (samples) => run(batch, samples, Math.max(batch, Math.min(64, Math.ceil(samples / threads)))),
    batch: (size) => {
      const share = Math.ceil(size / threads);
      return run(share, size, share);
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
