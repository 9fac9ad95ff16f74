/** Who takes part: PyTorch and our graphs, each in a process of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { readTensor, type ModelProto, writeModel } from '../../src/onnx/index.ts';
import type { TrainingGraph } from './graph.ts';
import type { TrainingNetwork } from './networks.ts';

const PYTHON = process.env.PYTHON ?? '/usr/bin/python3';
const TORCH = fileURLToPath(new URL('../torch_train.py', import.meta.url));
const RUNNER = fileURLToPath(new URL('./runner.ts', import.meta.url));

/** 'step': forward, backward, Adam. 'input': the gradient of the images. */
export type Mode = 'step' | 'input';

/** What some steps cost. */
export interface Cost {
  /** Wall clock, and CPU time of the process, in seconds. */
  seconds: number;
  work: number;
  /** The last step's loss; of an input gradient its norm too. */
  loss: number;
  norm?: number;
  /** The largest resident memory so far, in bytes. */
  peak: number;
}

/** A process that makes steps. */
export interface Trainer {
  name: string;
  run(steps: number): Promise<Cost>;
  close(): Promise<void>;
}

/** glibc gives large blocks back to the system and takes new ones, page by page, in every step; this makes it keep them. */
const KEEP_MEMORY = {
  MALLOC_MMAP_MAX_: '0',
  MALLOC_TRIM_THRESHOLD_: '100000000000',
  MALLOC_TOP_PAD_: '268435456',
};

/** PyTorch as people run it, or with all that was found to help. */
export function torchTrainer(
  style: 'plain' | 'tuned',
  folder: string,
  mode: Mode,
  threads: number,
): Promise<Trainer> {
  const env = { ...process.env, OMP_NUM_THREADS: String(threads), ...(style === 'tuned' ? KEEP_MEMORY : {}) };
  return start(`PyTorch ${style}`, PYTHON, [TORCH, folder, style, mode, String(threads)], env);
}

/** What runner.ts needs to know of a graph. */
export interface RunnerFile {
  /** `initial`: the file with its values; default zeros. */
  carried: { input: string; output: string; shape: readonly number[]; initial?: string }[];
  /** Of each step, by input. */
  scalars: Record<string, number>[];
  results: { name: string; shape: readonly number[] }[];
}

/** One of our graphs, as ONNX Runtime runs it. */
export function ourTrainer(
  name: string,
  folder: string,
  network: TrainingNetwork,
  graph: TrainingGraph,
  model: ModelProto,
  threads: number,
): Promise<Trainer> {
  const file = name.replaceAll(' ', '-');
  writeFileSync(join(folder, `${file}.onnx`), writeModel(model));
  const carried = graph.carried.map(({ initial, ...tensor }, i): RunnerFile['carried'][number] => {
    if (initial === undefined) return tensor;
    writeFileSync(join(folder, `initial-${i}.f32`), readTensor(initial).data);
    return { ...tensor, initial: `initial-${i}.f32` };
  });
  const scalars = Array.from({ length: 200 }, (_, i) =>
    Object.fromEntries(graph.scalars(i + 1).map(({ input, value }) => [input, value])),
  );
  const results: RunnerFile['results'] = [{ name: 'loss', shape: [] }];
  if (graph.carried.length === 0) results.push({ name: 'gradient', shape: [...network.images] });
  writeFileSync(
    join(folder, `${file}.json`),
    JSON.stringify({ carried, scalars, results } satisfies RunnerFile),
  );
  return start(
    name,
    process.execPath,
    ['--import', 'tsx', RUNNER, folder, file, String(threads)],
    process.env,
  );
}

async function start(
  name: string,
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<Trainer> {
  const child: ChildProcessWithoutNullStreams = spawn(program, args, { env });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString();
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${name} ended: ${errors}`);
    return String(value);
  };
  await answer();
  return {
    name,
    run: async (steps) => {
      child.stdin.write(`${steps}\n`);
      return JSON.parse(await answer()) as Cost;
    },
    close: async () => {
      child.stdin.end();
      await new Promise((resolve) => child.once('exit', resolve));
    },
  };
}
