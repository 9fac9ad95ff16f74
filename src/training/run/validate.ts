/** Judges a model on held-out pictures. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type ModelProto, writeModel } from '../../onnx/index.ts';
import type { Preprocessing } from '../../image/index.ts';
import { usableThreads } from '../../threads.ts';
import type { EvaluationPictures } from '../data/index.ts';
import { type RetrievalMetrics, retrievalMetrics } from './retrieval-metrics.ts';

/** Pictures a run of the model. */
const BATCH = 32;

/** What {@link validate} needs to know. */
export interface ValidationOptions {
  preprocessing: Preprocessing;
  dimension: number;
  /** Noise of the second judgement, in [0,1] pixel units; 0 leaves it out. */
  sigma: number;
  seed: number;
  provider?: string;
  threads?: number;
  /** Asked between batches; once true, the work stops with CANCELLED. */
  onBatch?: () => void;
}

/** Retrieval among the pictures, clean and, for σ > 0, with one draw of noise on each, always the same draw. */
export async function validate(
  model: ModelProto,
  pictures: EvaluationPictures,
  options: ValidationOptions,
): Promise<{ clean: RetrievalMetrics; noisy: RetrievalMetrics | null }> {
  const session = await InferenceSession.create(writeModel(model), {
    executionProviders: [options.provider ?? 'cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: usableThreads(options.threads),
    logSeverityLevel: 4,
  });
  try {
    const judge = async (sigma: number): Promise<RetrievalMetrics> =>
      retrievalMetrics(await embed(session, pictures, sigma, options), pictures.classes, options.dimension);
    return { clean: await judge(0), noisy: options.sigma > 0 ? await judge(options.sigma) : null };
  } finally {
    await session.release();
  }
}

async function embed(
  session: InferenceSession,
  pictures: EvaluationPictures,
  sigma: number,
  { preprocessing, dimension, seed, onBatch }: ValidationOptions,
): Promise<Float32Array> {
  const { channels, height, width } = preprocessing;
  const embeddings = new Float32Array(pictures.items.length * dimension);
  const [input] = session.inputNames;
  const [output] = session.outputNames;
  for await (const { first, count, images } of pictures.batches({ batch: BATCH, sigma, seed })) {
    onBatch?.();
    const results = await session.run({
      [input]: new Tensor('float32', images, [count, channels, height, width]),
    });
    embeddings.set(results[output].data as Float32Array, first * dimension);
  }
  return embeddings;
}
