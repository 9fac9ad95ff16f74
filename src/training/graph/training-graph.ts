/** The whole training step as one ONNX graph: forward, loss, gradient, optimiser. */
import { clone } from '@bufbuild/protobuf';
import { addGradients, fixShape, measureGraph } from '../../autodiff/index.ts';
import { ValueInfoProtoSchema } from '../../onnx/generated/onnx_pb.ts';
import { GraphBuilder, type ModelProto, readTensor } from '../../onnx/index.ts';
import { EmbeddingBatch, type Loss, type Miner, type NoiseInput } from '../losses/index.ts';
import {
  addOptimizerStep,
  type CarriedTensor,
  type Optimizer,
  type OptimizerStep,
  type ParameterGroup,
} from '../optimizers/index.ts';
import { foldBatchNorm } from '../../runtime/index.ts';

/** What a step is made of. */
export interface TrainingGraphOptions {
  /** One input, the image [B, C, H, W], and one output, the embedding [B, dimension] of unit rows. */
  model: ModelProto;
  /** Names of the initializers to train. */
  parameters: readonly string[];
  /** [B, C, H, W] */
  imageShape: readonly [number, number, number, number];
  dimension: number;
  /** Images of each class in a batch. */
  perClass: number;
  /** Classes of the whole training set. */
  classes: number;
  loss: Loss;
  miner: Miner | null;
  optimizer: Optimizer;
  /** Base learning rate, that of the network; a loss's own parameters have theirs in proportion. */
  learningRate: number;
  /** Of weights with two or more dimensions; biases, gains and the loss's parameters have none. */
  weightDecay: number;
  /** Largest global norm of the gradients; default none. */
  clipNorm?: number;
}

/** A finished graph, still with composite operators, and what to feed it. */
export interface TrainingGraph {
  model: ModelProto;
  imageInput: string;
  labelsInput: string;
  /** Inputs of uniform numbers in (0,1), drawn anew at each step. */
  noise: readonly NoiseInput[];
  /** Parameters and optimiser state: outputs of one step that are inputs of the next. */
  carried: readonly CarriedTensor[];
  /** Initial values by input name; state that is missing here starts at zero. */
  initial: ReadonlyMap<string, Float32Array>;
  /** Names of the network's parameters among the carried tensors. */
  parameters: readonly string[];
  /** Scalar outputs to fetch, by what they are: loss, gradientNorm, and the loss's statistics. */
  statistics: Readonly<Record<string, string>>;
  /** Scalar inputs of a step; the first has number 1. */
  scalars: OptimizerStep['scalars'];
}

const LABELS = 'training.labels';

/**
 * Builds the training step. Frozen batch normalisation becomes part of the convolutions (`foldBatchNorm`); parameters become
 * inputs; the loss, its gradient and the optimiser's update are added.
 *
 * @throws RetrievalGuardError GRADIENT_UNSUPPORTED for an operator without a gradient; OPTION_INVALID for options that do not fit
 */
export async function buildTrainingGraph(options: TrainingGraphOptions): Promise<TrainingGraph> {
  const { parameters, imageShape, dimension, perClass, loss, miner } = options;
  const g = GraphBuilder.extending(foldBatchNorm(options.model), { domains: { retrievalguard: 1 } });
  const [size] = imageShape;
  const { graph } = options.model;
  const weights = new Set(graph!.initializer.map(({ name }) => name));
  const imageInput = graph!.input.find(({ name }) => !weights.has(name))!.name;
  const embedding = graph!.output[0].name;

  const initial = new Map<string, Float32Array>();
  const shapes = new Map<string, readonly number[]>();
  for (const name of parameters) {
    const { data, shape } = readTensor(g.promote(name));
    initial.set(name, data as Float32Array);
    shapes.set(name, shape);
  }

  // the loss
  const labels = g.input(LABELS, 'int64', [size]);
  const batch = new EmbeddingBatch(g, {
    embeddings: g.value(embedding),
    labels,
    size,
    dimension,
    draws: Math.max(1, perClass - 1),
    classes: options.classes,
  });
  const built = loss.build(batch, miner);
  for (const { name, shape, data } of built.parameters) {
    initial.set(name, data);
    shapes.set(name, shape);
  }
  g.clearOutputs();
  const statistics: Record<string, string> = {};
  for (const [name, value] of Object.entries({ loss: built.loss, ...built.statistics })) {
    statistics[name] = `statistics.${name}`;
    g.output(statistics[name], value, 'float32', []);
  }

  // its gradient
  const measured = await measureGraph(g.toModel(), { [imageInput]: imageShape });
  const trained = [...shapes.keys()];
  const gradients = addGradients(g, measured, {
    upstream: { [statistics.loss]: g.float32(1) },
    wrt: trained,
  });

  // the update
  const groups: ParameterGroup[] = [{ weightDecay: options.weightDecay }, {}];
  const groupOfLoss = new Map<string, number>();
  for (const { name, learningRate } of built.parameters) {
    groupOfLoss.set(name, groups.push({ learningRate: learningRate / options.learningRate }) - 1);
  }
  const groupOf = (name: string): number => groupOfLoss.get(name) ?? (shapes.get(name)!.length >= 2 ? 0 : 1);
  const step = addOptimizerStep(
    g,
    options.optimizer,
    trained.flatMap((name) => {
      const gradient = gradients.get(name);
      return gradient
        ? [{ name, shape: shapes.get(name)!, value: g.value(name), gradient, group: groupOf(name) }]
        : [];
    }),
    { groups, clipNorm: options.clipNorm },
  );
  statistics.gradientNorm = step.gradientNorm;

  const model = g.toModel();
  model.graph!.input = model.graph!.input.map((input) => {
    if (input.name !== imageInput) return input;
    const fixed = clone(ValueInfoProtoSchema, input); // the given model shares it
    fixShape(fixed, imageShape);
    return fixed;
  });
  return {
    model,
    imageInput,
    labelsInput: LABELS,
    noise: built.noise,
    carried: [...step.parameters, ...step.state],
    initial,
    parameters: step.parameters.map(({ input }) => input).filter((name) => !groupOfLoss.has(name)),
    statistics,
    scalars: (number, learningRate) => step.scalars(number, learningRate),
  };
}
