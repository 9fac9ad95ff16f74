/** An encoder with its gradient: one ONNX graph that embeds images and says how each pixel moves the embedding. */
import { Tensor } from 'onnxruntime-node';
import { addGradients, measureGraph } from '../autodiff/index.ts';
import type { EncoderInfo } from '../encoder/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import {
  ARRAY_CONSTRUCTORS,
  GraphBuilder,
  type ModelProto,
  readWholeModel,
  sizeOf,
  type Value,
} from '../onnx/index.ts';
import { InPlaceSession, lowerForCpu } from '../runtime/index.ts';

/** What {@link EncoderGradient.run} gives: views that the next call overwrites. */
export interface GradientBatch {
  /** [count × dimension] of norm 1. */
  embeddings: Float32Array;
  /** [count × pixels] of ⟨direction, embedding⟩ with respect to the pixels in [0,1]. */
  gradients: Float32Array;
}

const EMBEDDING = 'attack_embedding';
const DIRECTION = 'attack_direction';
const GRADIENT = 'attack_gradient';

/** An open encoder with gradients, for batches of one size. */
export class EncoderGradient {
  readonly info: EncoderInfo;
  /** Most images a run; smaller runs are padded. */
  readonly batch: number;
  /** Values of one image. */
  readonly pixels: number;
  readonly #session: InPlaceSession;
  readonly #feeds: Record<string, Tensor>;
  readonly #outputs: Record<string, Tensor>;
  readonly #images: Float32Array;
  readonly #directions: Float32Array;

  private constructor(
    info: EncoderInfo,
    batch: number,
    session: InPlaceSession,
    feeds: Record<string, Tensor>,
  ) {
    this.info = info;
    this.batch = batch;
    this.#session = session;
    this.#feeds = feeds;
    const [images, directions] = [feeds[info.input.name], feeds[DIRECTION]];
    this.#images = images.data as Float32Array;
    this.#directions = directions.data as Float32Array;
    const like = ({ dims }: Tensor): Tensor => new Tensor('float32', new Float32Array(sizeOf(dims)), dims);
    this.#outputs = { [EMBEDDING]: like(directions), [GRADIENT]: like(images) };
    this.pixels = this.#images.length / batch;
  }

  /**
   * Builds the graph and opens it.
   *
   * @param options.batch - images a run; a model with a fixed batch size has that
   * @throws RetrievalGuardError GRADIENT_UNSUPPORTED, naming the node, for an operator without a rule and for float16
   */
  static async open(
    info: EncoderInfo,
    options: { batch?: number; provider?: string; threads?: number } = {},
  ): Promise<EncoderGradient> {
    const { provider = 'cpu', threads = 0 } = options;
    const { name, channels, height, width, others } = info.input;
    const batch = info.input.batch ?? options.batch ?? 16;
    const shapes: Record<string, number[]> = { [name]: [batch, channels, height, width] };
    for (const other of others)
      shapes[other.name] = other.shape.map((size) => (size === 'batch' ? batch : size));
    if (info.input.type !== 'float32' || info.output.type !== 'float32') {
      throw new RetrievalGuardError('GRADIENT_UNSUPPORTED', {
        expected: 'a model in float32',
        got: `${info.modelPath} in float16`,
        fix: 'Gradients need the float32 export of the model; certificates do not.',
      });
    }
    const encoder = await withEmbedding(await readWholeModel(info.modelPath), info);
    const model = await withGradient(encoder, info, shapes);
    const lowered = await lowerForCpu(model, { shapes, provider });
    const session = await InPlaceSession.create(lowered, {
      executionProviders: [provider],
      graphOptimizationLevel: 'all',
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 4,
    });
    const feeds: Record<string, Tensor> = {
      [name]: new Tensor('float32', new Float32Array(sizeOf(shapes[name])), shapes[name]),
      [DIRECTION]: new Tensor('float32', new Float32Array(batch * info.dimension), [batch, info.dimension]),
    };
    for (const { name: other, type } of others)
      feeds[other] = new Tensor(
        type,
        new ARRAY_CONSTRUCTORS[type](sizeOf(shapes[other])) as never,
        shapes[other],
      );
    return new EncoderGradient(info, batch, session, feeds);
  }

  /**
   * Embeds images and differentiates ⟨direction, embedding⟩.
   *
   * @param images - [count × pixels], CHW, in [0,1] pixel units, before the model's own normalisation; count ≤ batch
   * @param directions - [count × dimension]
   * @throws RetrievalGuardError EMBEDDING_INVALID for NaN or infinity in the embedding
   */
  async run(images: Float32Array, directions: Float32Array): Promise<GradientBatch> {
    const { info, pixels } = this;
    const count = images.length / pixels;
    const { mean, std } = info.preprocessing;
    const area = info.input.height * info.input.width;
    for (let at = 0; at < images.length; at += area) {
      const channel = (at / area) % info.input.channels;
      const [m, s] = [mean[channel], std[channel]];
      for (let i = at; i < at + area; i++) this.#images[i] = (images[i] - m) / s;
    }
    this.#images.fill(0, images.length);
    this.#directions.set(directions);
    this.#directions.fill(0, directions.length);
    await this.#session.run(this.#feeds, this.#outputs);
    const embeddings = (this.#outputs[EMBEDDING].data as Float32Array).subarray(0, count * info.dimension);
    const gradients = (this.#outputs[GRADIENT].data as Float32Array).subarray(0, count * pixels);
    if (!embeddings.every(Number.isFinite)) {
      throw new RetrievalGuardError('EMBEDDING_INVALID', {
        expected: 'finite embeddings of the images under attack',
        got: 'NaN or infinity',
        fix: 'Check the model; a smaller radius keeps images nearer to what it was trained on.',
      });
    }
    for (let at = 0; at < gradients.length; at += area) {
      const scale = 1 / std[(at / area) % info.input.channels];
      for (let i = at; i < at + area; i++) gradients[i] *= scale;
    }
    return { embeddings, gradients };
  }

  /** Frees the model. */
  release(): Promise<void> {
    return this.#session.release();
  }
}

/** The model with its pooling and the normalisation of the embedding as nodes. */
async function withEmbedding(model: ModelProto, { output }: EncoderInfo): Promise<ModelProto> {
  const g = GraphBuilder.extending(model);
  const raw = g.value(output.name);
  g.output(EMBEDDING, g.op('LpNormalization', [pooled(g, raw, output)], { axis: 1, p: 2 }), 'float32');
  return g.toModel();
}

function pooled(g: GraphBuilder, raw: Value, { pooling }: EncoderInfo['output']): Value {
  switch (pooling) {
    case 'none':
      return raw;
    case 'spatial':
      return g.op('Flatten', [g.op('GlobalAveragePool', [raw])], { axis: 1 });
    case 'cls':
      return g.op('Gather', [raw, g.int64(0)], { axis: 1 });
    case 'mean': {
      // [batch, tokens, dim] → [batch, dim, tokens, 1], whose space is the tokens
      const turned = g.op('Transpose', [raw], { perm: [0, 2, 1] });
      const space = g.op('Reshape', [turned, g.int64([0, 0, -1, 1])]);
      return g.op('Flatten', [g.op('GlobalAveragePool', [space])], { axis: 1 });
    }
  }
}

/** The model whose outputs are the embedding and the gradient of its product with a direction. */
async function withGradient(
  model: ModelProto,
  info: EncoderInfo,
  shapes: Record<string, number[]>,
): Promise<ModelProto> {
  const image = info.input.name;
  const measured = await measureGraph(model, shapes);
  const g = GraphBuilder.extending(model, { domains: { retrievalguard: 1 } });
  const direction = g.input(DIRECTION, 'float32', [shapes[image][0], info.dimension]);
  const gradients = addGradients(g, measured, { upstream: { [EMBEDDING]: direction }, wrt: [image] });
  const gradient = gradients.get(image);
  if (!gradient) {
    throw new RetrievalGuardError('GRADIENT_UNSUPPORTED', {
      expected: 'an embedding that depends on the image through operators with a gradient',
      got: `none between '${image}' and '${info.output.name}'`,
    });
  }
  const embedding = g.value(EMBEDDING);
  g.clearOutputs();
  g.output(EMBEDDING, embedding, 'float32', [shapes[image][0], info.dimension]);
  g.output(GRADIENT, gradient, 'float32', shapes[image]);
  return g.toModel();
}
