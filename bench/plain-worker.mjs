// The limit: ONNX Runtime on one thread, the same input again and again, no noise, no statistics. See plain.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const { modelPath, inputName, outputName, imageShape, dimension, counter } = workerData;
const session = await InferenceSession.create(modelPath, {
  graphOptimizationLevel: 'all',
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 4,
});
const size = imageShape.reduce((product, n) => product * n, 1);
let state = 1;
const noise = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 31 - 1;
};

let feeds;
let fetches;
let last = 0;
parentPort.on('message', async ({ batch, total, block }) => {
  if (batch !== last) {
    const input = Float32Array.from({ length: batch * size }, noise);
    feeds = { [inputName]: new Tensor('float32', input, [batch, ...imageShape]) };
    fetches = {
      [outputName]: new Tensor('float32', new Float32Array(batch * dimension), [batch, dimension]),
    };
    last = batch;
    await session.run(feeds, fetches);
  }
  // blocks of samples are taken from a shared counter, as the engine's threads take tasks
  while (Atomics.add(counter, 0, block) < total)
    for (let done = 0; done < block; done += batch) await session.run(feeds, fetches);
  parentPort.postMessage('done');
});
parentPort.postMessage('ready');
