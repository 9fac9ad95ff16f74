/** Runs losses and miners by themselves: the embeddings are an input of the graph. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { addGradients, expandComposites, measureGraph } from '../../../autodiff/index.ts';
import { philox4x32, Xoshiro128 } from '../../../noise/index.ts';
import { boxMuller } from '../../../noise/gaussian.ts';
import { GraphBuilder, sizeOf, type Value, writeModel } from '../../../onnx/index.ts';
import { EmbeddingBatch } from '../batch.ts';
import type { Loss, LossGraph, LossParameter, Miner } from '../types.ts';
import type { PlainBatch } from './reference.ts';

/** A seeded source of uniform and normal values. */
export class Source {
  readonly #stream: Xoshiro128;
  constructor(seed: number) {
    this.#stream = new Xoshiro128(philox4x32([seed, 0, 0, 0], [1, 2]));
  }
  /** In (0, 1). */
  uniform(): number {
    return (this.#stream.next() + 0.5) / 2 ** 32;
  }
  uniforms(count: number) {
    return Float32Array.from({ length: count }, () => this.uniform());
  }
  normal(): number {
    return boxMuller(this.#stream.next(), this.#stream.next())[0];
  }
  /** A unit vector near `centre`, whose float32 values it holds exactly. */
  near(centre: readonly number[], spread: number): number[] {
    const x = centre.map((value) => value + (spread * this.normal()) / Math.sqrt(centre.length));
    const length = Math.hypot(...x);
    return x.map((value) => Math.fround(value / length));
  }
}

/** Embeddings of classes around centres, which themselves lie around one direction. */
export function clusters(
  labels: readonly number[],
  dimension: number,
  { seed = 1, spread = 0.6, centres = 1 }: { seed?: number; spread?: number; centres?: number } = {},
): PlainBatch {
  const source = new Source(seed);
  const north = Array.from({ length: dimension }, (_, i) => (i === 0 ? 1 : 0));
  const count = Math.max(...labels) + 1;
  const centre = Array.from({ length: count }, () => source.near(north, centres));
  return { labels: [...labels], rows: labels.map((label) => source.near(centre[label], spread)) };
}

/** How the batch is built into a graph. */
export interface Setup {
  draws?: number;
  classes?: number;
  opset?: number;
}

/** The graph of a batch before anything is added, and its sizes. */
export function startGraph(plain: PlainBatch, { draws = 3, classes, opset }: Setup): EmbeddingBatch {
  const size = plain.labels.length;
  const dimension = plain.rows[0].length;
  const g = new GraphBuilder({ name: 'loss', opset });
  return new EmbeddingBatch(g, {
    embeddings: g.input('embeddings', 'float32', [size, dimension]),
    labels: g.input('labels', 'int64', [size]),
    size,
    dimension,
    draws,
    classes: classes ?? Math.max(...plain.labels) + 1,
  });
}

/** Feeds of the batch's own inputs. */
export function batchFeeds({ rows, labels }: PlainBatch): Record<string, Tensor> {
  const data = Float32Array.from(rows.flat());
  return {
    embeddings: new Tensor('float32', data, [rows.length, rows[0].length]),
    labels: new Tensor('int64', BigInt64Array.from(labels.map(BigInt)), [labels.length]),
  };
}

/** Feeds of a loss: its parameters as they start unless given, and noise from a fixed seed. */
function feedsOf(plain: PlainBatch, built: LossGraph, parameters: Record<string, Float32Array>) {
  const feeds = batchFeeds(plain);
  for (const { name, shape, data } of built.parameters)
    feeds[name] = new Tensor('float32', parameters[name] ?? data, shape);
  let noise = new Float32Array(0);
  for (const { name, shape } of built.noise) {
    noise = new Source(5).uniforms(sizeOf(shape));
    feeds[name] = new Tensor('float32', noise, shape);
  }
  return { feeds, noise };
}

/** The values of a loss. */
export interface LossResult {
  loss: number;
  statistics: Record<string, number>;
  parameters: readonly LossParameter[];
  /** What was fed to the noise input; empty without one. */
  noise: Float32Array;
}

/** Builds and runs a loss. */
export async function runLoss(
  plain: PlainBatch,
  loss: Loss,
  miner: Miner | null,
  setup: Setup & { parameters?: Record<string, Float32Array> } = {},
): Promise<LossResult> {
  const batch = startGraph(plain, setup);
  const built = loss.build(batch, miner);
  batch.g.output('loss', built.loss, 'float32', []);
  for (const [name, value] of Object.entries(built.statistics)) batch.g.output(name, value, 'float32', []);
  const { feeds, noise } = feedsOf(plain, built, setup.parameters ?? {});
  const results = await runModel(batch.g.toBytes(), feeds);
  const statistics = Object.fromEntries(
    Object.keys(built.statistics).map((name) => [name, Number(results[name].data[0])]),
  );
  return { loss: Number(results.loss.data[0]), statistics, parameters: built.parameters, noise };
}

/** A loss's gradients with respect to the embeddings and its parameters, by name of the input. */
export async function runGradients(
  plain: PlainBatch,
  loss: Loss,
  miner: Miner | null,
  setup: Setup = {},
): Promise<{
  gradients: Record<string, Float32Array>;
  noise: Float32Array;
  parameters: readonly LossParameter[];
}> {
  const batch = startGraph(plain, setup);
  const built = loss.build(batch, miner);
  batch.g.output('loss', built.loss, 'float32', []);
  const model = batch.g.toModel();
  const g = GraphBuilder.extending(model, { domains: { retrievalguard: 1 } });
  const wrt = ['embeddings', ...built.parameters.map(({ name }) => name)];
  const upstream = { loss: g.float32(1) };
  const added = addGradients(g, await measureGraph(model), { upstream, wrt });
  for (const [name, value] of added) g.output(`gradient of ${name}`, value, 'float32');
  const { feeds, noise } = feedsOf(plain, built, {});
  const results = await runModel(writeModel(expandComposites(g.toModel())), feeds);
  const gradients = wrt.map((name) => [name, results[`gradient of ${name}`].data as Float32Array]);
  return { gradients: Object.fromEntries(gradients), noise, parameters: built.parameters };
}

/** A miner in a session that can be run again with other noise. */
export async function openMiner(plain: PlainBatch, miner: Miner, setup: Setup = {}) {
  const batch = startGraph(plain, setup);
  const triplets = miner.mine(batch);
  const { size, draws } = batch;
  const outputs: Record<string, Value> = {
    positives: triplets.positives,
    negatives: triplets.negatives,
    valid: triplets.valid,
  };
  for (const [name, value] of Object.entries(outputs))
    batch.g.output(name, value, name === 'valid' ? 'float32' : 'int64', [size, draws]);
  const session = await open(batch.g.toBytes());
  const run = async (noise: Float32Array) => {
    const feeds = batchFeeds(plain);
    for (const { name, shape } of triplets.noise) feeds[name] = new Tensor('float32', noise, shape);
    const results = await session.run(feeds);
    const numbers = (name: string): number[] =>
      Array.from(results[name].data as ArrayLike<number | bigint>, Number);
    return {
      positives: numbers('positives'),
      negatives: numbers('negatives'),
      valid: numbers('valid'),
    };
  };
  return { run, noiseSize: size * draws * size, close: () => session.release() };
}

const open = (bytes: Uint8Array): Promise<InferenceSession> =>
  InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 });

async function runModel(bytes: Uint8Array, feeds: Record<string, Tensor>) {
  const session = await open(bytes);
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}
