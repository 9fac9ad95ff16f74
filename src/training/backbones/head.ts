/** An embedding head on any network. */
import { reduce } from '../../autodiff/site.ts';
import { RetrievalGuardError } from '../../errors.ts';
import {
  type Dimension,
  elementTypeOf,
  gemm,
  globalAveragePool,
  GraphBuilder,
  l2normalize,
  type ModelProto,
  type Value,
  type ValueInfoProto,
} from '../../onnx/index.ts';
import { Weights } from './weights.ts';

/** Options of {@link appendHead}. */
export interface HeadOptions {
  /** Size of the embedding, an integer ≥ 1. */
  dimension: number;
  /** Which initial weights: an integer ≥ 0. */
  seed: number;
  /** Which output to go on from; needed when there are several. */
  output?: string;
  /** For an output of [batch, tokens, F]: the first token or the mean of all. Default 'cls'. */
  pooling?: 'cls' | 'mean';
  /** F, for a model that leaves it open. */
  features?: number;
}

/**
 * Appends pooling where the output has more than two dimensions, a linear layer (`head.weight` [dimension, F], `head.bias`
 * [dimension]) and L2 normalisation. The new model has the one output `embedding` [batch, dimension], each row of norm 1.
 *
 * Where the model uses these names, as one that has a head already, they are `head_2.weight`, `embedding_2` and so on.
 *
 * The layer starts as a random projection, weights N(0, 1/F) and bias 0: it keeps the angles between features about as
 * they are, so that a pretrained network starts from its own geometry.
 *
 * @throws RetrievalGuardError OPTION_INVALID for a bad dimension or output name, MODEL_UNSUPPORTED for an output that is not
 * float32 [batch, F], [batch, F, h, w] or [batch, tokens, F] with F known
 */
export function appendHead(model: ModelProto, options: HeadOptions): ModelProto {
  const { dimension, seed, pooling = 'cls' } = options;
  if (!Number.isSafeInteger(dimension) || dimension < 1) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'an embedding dimension of at least 1',
      got: String(dimension),
    });
  }
  const output = chooseOutput(model.graph?.output ?? [], options.output);
  const shape = shapeOf(output);
  const size = shape[shape.length === 3 ? 2 : 1];
  const features = options.features ?? size;
  if (typeof features !== 'number') {
    throw unsupported(
      'a known number of features in the output',
      `'${output.name}' of [${shape.join(', ')}]`,
      'Say how many, or export the model with a fixed size.',
    );
  }
  const g = GraphBuilder.extending(model);
  g.clearOutputs();
  const pooled = pool(g, g.value(output.name), shape.length, pooling);
  const weights = new Weights(g, seed);
  const head = freeName(model, 'head');
  const weight = weights.normal(`${head}.weight`, [dimension, features], 1 / Math.sqrt(features));
  const bias = weights.filled(`${head}.bias`, [dimension], 0);
  const embedding = l2normalize(g, gemm(g, pooled, weight, bias, { transposed: true }));
  g.output(freeName(model, 'embedding'), embedding, 'float32', [shape[0], dimension]);
  return g.toModel();
}

/** `base`, or with the first number that makes neither it nor a name `base.…` clash with one of the model's. */
function freeName({ graph }: ModelProto, base: string): string {
  const names = [...(graph?.initializer ?? []), ...(graph?.input ?? [])].map(({ name }) => name);
  const taken = [...names, ...(graph?.node.flatMap((node) => [node.name, ...node.output]) ?? [])];
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}_${number}`;
    if (!taken.some((other) => other === name || other.startsWith(`${name}.`))) return name;
  }
}

/** [batch, F] from an output of any rank. */
function pool(g: GraphBuilder, x: Value, rank: number, pooling: 'cls' | 'mean'): Value {
  if (rank === 2) return x;
  if (rank === 4) return globalAveragePool(g, x);
  if (pooling === 'cls') return g.op('Gather', [x, g.int64(0)], { axis: 1 });
  return reduce(g, 'ReduceMean', x, [1], false);
}

function chooseOutput(outputs: readonly ValueInfoProto[], name?: string): ValueInfoProto {
  const chosen =
    name === undefined && outputs.length === 1 ? outputs[0] : outputs.find((output) => output.name === name);
  if (chosen) return chosen;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: name === undefined ? 'a model with one output, the features' : `an output '${name}'`,
    got: outputs.map((output) => `'${output.name}'`).join(', ') || 'none',
    fix: 'Name the one to use.',
  });
}

/** The declared shape of a float32 output of rank 2, 3 or 4. */
function shapeOf({ name, type }: ValueInfoProto): Dimension[] {
  const tensor = type?.value.case === 'tensorType' ? type.value.value : undefined;
  const element = tensor && elementTypeOf(tensor.elemType);
  const shape = tensor?.shape?.dim.map(({ value }, i): Dimension => {
    if (value.case === 'dimValue') return Number(value.value);
    return value.case === 'dimParam' && value.value !== '' ? value.value : `${name}_dim_${i}`;
  });
  if (element === 'float32' && shape && shape.length >= 2 && shape.length <= 4) return shape;
  throw unsupported(
    'an output of float32 [batch, F], [batch, F, h, w] or [batch, tokens, F]',
    `'${name}' ${element ?? 'of unknown type'} [${shape?.join(', ') ?? 'shape not declared'}]`,
    'Export the model in float32 with its shapes.',
  );
}

const unsupported = (expected: string, got: string, fix: string): RetrievalGuardError =>
  new RetrievalGuardError('MODEL_UNSUPPORTED', { expected, got, fix });
