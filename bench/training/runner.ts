/**
 * Runs a training graph: tsx runner.ts FOLDER MODEL THREADS. FOLDER holds what files.ts wrote, MODEL.onnx the graph and
 * MODEL.json its carried tensors. Speaks as torch_train.py does: a number of steps per line, answered by one line of JSON.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Tensor } from 'onnxruntime-node';
import { readModel, sizeOf } from '../../src/onnx/index.ts';
import { InPlaceSession } from '../../src/runtime/index.ts';
import type { RunnerFile } from './contestants.ts';

const [folder, name, threads] = process.argv.slice(2);
const read = (file: string): Float32Array => {
  const bytes = readFileSync(`${folder}/${file}`);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
};
const { images, targets } = JSON.parse(readFileSync(`${folder}/network.json`, 'utf8')) as {
  images: number[];
  targets: number[];
};
const { carried, scalars, results } = JSON.parse(
  readFileSync(`${folder}/${name}.json`, 'utf8'),
) as RunnerFile;
const session = await InPlaceSession.create(readModel(readFileSync(`${folder}/${name}.onnx`)), {
  intraOpNumThreads: Number(threads),
  interOpNumThreads: 1,
  graphOptimizationLevel: 'all',
  logSeverityLevel: 3,
});
const tensors = (values: (shape: readonly number[], initial?: string) => Float32Array): Tensor[] =>
  carried.map(({ shape, initial }) => new Tensor('float32', values(shape, initial), shape));
// two sets of buffers take turns as input and output, as in TrainingSession
let current = tensors((shape, initial) => (initial ? read(initial) : new Float32Array(sizeOf(shape))));
let next = tensors((shape) => new Float32Array(sizeOf(shape)));
const image = new Tensor('float32', read('images.f32'), images);
const target = new Tensor('float32', read('targets.f32'), targets);
const outputs = results.map(({ name: output, shape }): [string, Tensor] => [
  output,
  new Tensor('float32', new Float32Array(sizeOf(shape)), shape),
]);
let done = 0;

async function step(): Promise<void> {
  const feeds: Record<string, Tensor> = { image, target };
  const fetches: Record<string, Tensor> = Object.fromEntries(outputs);
  for (const [i, { input, output }] of carried.entries()) {
    feeds[input] = current[i];
    fetches[output] = next[i];
  }
  for (const [input, value] of Object.entries(scalars[Math.min(done, scalars.length - 1)] ?? {}))
    feeds[input] = new Tensor('float32', Float32Array.of(value), []);
  await session.run(feeds, fetches);
  [current, next] = [next, current];
  done++;
}

console.log(`Node ${process.versions.node}`);
for await (const line of createInterface({ input: process.stdin })) {
  const [start, before] = [performance.now(), process.cpuUsage()];
  for (let i = 0; i < Number(line); i++) await step();
  const { user, system } = process.cpuUsage(before);
  const [loss, gradient] = outputs.map(([, { data }]) => data as Float32Array);
  console.log(
    JSON.stringify({
      seconds: (performance.now() - start) / 1e3,
      work: (user + system) / 1e6,
      loss: loss[0],
      norm: gradient ? Math.hypot(...chunkNorms(gradient)) : undefined,
      peak: process.resourceUsage().maxRSS * 1024,
    }),
  );
}

/** Norms of parts, since hypot takes as many arguments as there are values. */
function chunkNorms(values: Float32Array): number[] {
  const norms: number[] = [];
  for (let i = 0; i < values.length; i += 4096) norms.push(Math.hypot(...values.subarray(i, i + 4096)));
  return norms;
}
