/** The type and shape of every value of a graph at a fixed batch size, found by letting ONNX Runtime work them out. */
import { clone, create } from '@bufbuild/protobuf';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { RetrievalGuardError } from '../errors.ts';
import {
  ARRAY_CONSTRUCTORS,
  type ElementType,
  elementTypeOf,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  opsetOf,
  readTensor,
  sizeOf,
  type TensorProto,
  writeModel,
} from '../onnx/index.ts';
import {
  ModelProtoSchema,
  NodeProtoSchema,
  TensorShapeProto_DimensionSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../onnx/generated/onnx_pb.ts';

/** What is known of one value of a graph. */
export interface TensorInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Values of an integer or boolean tensor that does not depend on what is fed (shapes, axes, starts, …). */
  readonly integers?: readonly number[];
  /** Values of a float tensor of a few elements that does not depend on what is fed (exponents, epsilons, …). */
  readonly floats?: readonly number[];
}

/** A graph with the type and shape of every value in it. */
export interface MeasuredGraph {
  readonly model: ModelProto;
  readonly graph: GraphProto;
  readonly opset: number;
  /** By name: inputs, initializers and the outputs of all nodes. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
}

/** Integer tensors of at most this size are kept as constants. */
const LARGEST_CONSTANT = 65_536;
/** Float tensors of at most this size are. */
const LARGEST_FLOATS = 64;

/**
 * Measures a model: types and shapes of all values, and the values of integer tensors that are the same whatever is fed.
 * Runs the model once on zeros.
 *
 * @param shapes - shapes of inputs whose dimensions the file leaves open, by name: the batch size is fixed here
 * @throws RetrievalGuardError ONNX_INVALID where an input's shape is open or contradicts the file, or where ONNX
 *   Runtime cannot run the graph
 */
export async function measureGraph(
  model: ModelProto,
  shapes: Readonly<Record<string, readonly number[]>> = {},
): Promise<MeasuredGraph> {
  const { graph } = model;
  if (graph === undefined) throw invalid('a model with a graph', 'none');
  const opset = opsetOf(model);
  const tensors = new Map<string, TensorInfo>();
  for (const tensor of graph.initializer) {
    const info = initializerInfo(tensor);
    if (!info) throw invalid(`a numeric initializer '${tensor.name}'`, `data type ${tensor.dataType}`);
    tensors.set(tensor.name, info);
  }
  const inputs = graph.input.filter(({ name }) => !tensors.has(name));
  for (const input of inputs) {
    tensors.set(input.name, inputInfo(input, shapes[input.name]));
  }

  const varies = dependents(graph, new Set(inputs.map(({ name }) => name)));
  const probe = clone(ModelProtoSchema, model);
  const probed = probe.graph!;
  for (const input of probed.input) {
    const info = tensors.get(input.name);
    if (info) fixShape(input, info.shape);
  }
  probed.valueInfo.length = 0;
  probed.output.length = 0;
  const names = graph.node.flatMap((node) => node.output.filter((name) => name !== ''));
  for (const name of names) probed.output.push(create(ValueInfoProtoSchema, { name }));
  const shapeName = (name: string): string => `shape of ${name}`;
  for (const name of names) {
    probed.node.push(
      create(NodeProtoSchema, {
        opType: 'Shape',
        input: [name],
        output: [shapeName(name)],
        name: shapeName(name),
      }),
    );
    probed.output.push(create(ValueInfoProtoSchema, { name: shapeName(name) }));
  }
  if (names.length === 0) return { model, graph, opset, tensors };

  try {
    const session = await InferenceSession.create(writeModel(probe), {
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 4,
    });
    try {
      const declared = new Map(session.outputMetadata.map((output) => [output.name, output]));
      const typeOf = (name: string): ElementType => {
        const output = declared.get(name);
        if (output?.isTensor && output.type in ARRAY_CONSTRUCTORS) return output.type as ElementType;
        throw invalid(`a tensor of numbers for '${name}'`, output?.isTensor ? output.type : 'something else');
      };
      const open = names.filter((name) => {
        const output = declared.get(name);
        // a scalar and a tensor of unknown rank are declared alike
        const isKnown = output?.isTensor && output.shape.length > 0;
        return !(isKnown && output.shape.every((size) => typeof size === 'number'));
      });
      const sized = (name: string): number => {
        const output = declared.get(name);
        return output?.isTensor ? sizeOf(output.shape.map(Number)) : Number.NaN;
      };
      const constants = names.filter((name) => {
        if (varies.has(name)) return false;
        // the size of integers shows when they are there; large float constants are better not fetched
        return isInteger(typeOf(name)) || isConstant(typeOf(name), sized(name));
      });
      const fetches = [...open.map(shapeName), ...constants];
      const results = fetches.length > 0 ? await session.run(zeros(inputs, tensors), fetches) : {};
      for (const name of names) {
        const type = typeOf(name);
        const output = declared.get(name);
        const shape = open.includes(name)
          ? Array.from(results[shapeName(name)].data as BigInt64Array, Number)
          : output?.isTensor
            ? output.shape.map(Number)
            : [];
        const data = constants.includes(name) ? results[name].data : undefined;
        const values =
          data && isConstant(type, data.length)
            ? Array.from(data as ArrayLike<number | bigint>, Number)
            : undefined;
        tensors.set(name, { name, type, shape, ...constantOf(type, values) });
      }
    } finally {
      await session.release();
    }
  } catch (cause) {
    if (cause instanceof RetrievalGuardError) throw cause;
    throw invalid(
      'a graph that ONNX Runtime can run',
      `'${cause instanceof Error ? cause.message : String(cause)}'`,
      cause,
    );
  }
  return { model, graph, opset, tensors };
}

const isInteger = (type: ElementType): boolean => type === 'int64' || type === 'int32' || type === 'bool';
const isFloat = (type: ElementType): boolean => type === 'float32' || type === 'float64';
const isConstant = (type: ElementType, size: number): boolean =>
  (isInteger(type) && size <= LARGEST_CONSTANT) || (isFloat(type) && size <= LARGEST_FLOATS);
const constantOf = (type: ElementType, values: number[] | undefined): Partial<TensorInfo> =>
  isInteger(type) ? { integers: values } : { floats: values };

/** Names of all values that depend on `inputs` other than through their shapes, which are fixed. */
function dependents(graph: GraphProto, inputs: ReadonlySet<string>): Set<string> {
  const found = new Set(inputs);
  for (const node of graph.node) {
    if (node.opType === 'Shape' || node.opType === 'Size') continue;
    if (!isRandom(node) && !usesOf(node).some((name) => found.has(name))) continue;
    for (const name of node.output) if (name !== '') found.add(name);
  }
  return found;
}

/** Names of the values that a node takes: its inputs, and what its subgraphs (of If, Loop, Scan) use. */
export function usesOf(node: NodeProto): string[] {
  const inner = subgraphsOf(node).flatMap((graph) => [
    ...graph.node.flatMap(usesOf),
    ...graph.output.map(({ name }) => name),
  ]);
  return [...node.input.filter((name) => name !== ''), ...inner];
}

/** The subgraphs of a node. */
export const subgraphsOf = (node: NodeProto): GraphProto[] =>
  node.attribute.flatMap(({ g, graphs }) => (g ? [g, ...graphs] : graphs));

const isRandom = (node: NodeProto): boolean =>
  /^(Random|Bernoulli$|Multinomial$)/.test(node.opType) ||
  subgraphsOf(node).some((graph) => graph.node.some(isRandom));

/** What is known of an initializer; undefined where it holds no numbers. */
export function initializerInfo(tensor: TensorProto): TensorInfo | undefined {
  const type = elementTypeOf(tensor.dataType);
  if (type === undefined) return undefined;
  const shape = tensor.dims.map(Number);
  const values = isConstant(type, sizeOf(shape))
    ? Array.from(readTensor(tensor).data as ArrayLike<number | bigint>, Number)
    : undefined;
  return { name: tensor.name, type, shape, ...constantOf(type, values) };
}

function inputInfo(input: ValueInfoProto, asked: readonly number[] | undefined): TensorInfo {
  const { name } = input;
  const declared = input.type?.value.case === 'tensorType' ? input.type.value.value : undefined;
  const type = declared && elementTypeOf(declared.elemType);
  if (declared === undefined || type === undefined)
    throw invalid(`an input '${name}' that is a tensor of numbers`, 'another');
  const dims = declared.shape?.dim.map(({ value }) =>
    value.case === 'dimValue' ? Number(value.value) : null,
  );
  const shape = asked ?? dims;
  if (shape === undefined || shape.some((size) => size === null)) {
    throw invalid(
      `the shape of input '${name}'`,
      'open dimensions',
      undefined,
      `Give a shape for '${name}'.`,
    );
  }
  const fits =
    dims === undefined ||
    (dims.length === shape.length && dims.every((size, i) => size === null || size === shape[i]));
  if (!fits)
    throw invalid(
      `[${dims.map((size) => size ?? '?').join(', ')}] for input '${name}'`,
      `[${shape.join(', ')}]`,
    );
  return { name, type, shape: shape as readonly number[] };
}

/** Writes fixed dimensions into an input's declaration. */
export function fixShape(input: ValueInfoProto, shape: readonly number[]): void {
  if (input.type?.value.case !== 'tensorType') return;
  const dim = shape.map((size) =>
    create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(size) } }),
  );
  input.type.value.value.shape = { $typeName: 'onnx.TensorShapeProto', dim };
}

function zeros(
  inputs: readonly ValueInfoProto[],
  tensors: ReadonlyMap<string, TensorInfo>,
): Record<string, Tensor> {
  return Object.fromEntries(
    inputs.map(({ name }) => {
      const { type, shape } = tensors.get(name)!;
      return [name, new Tensor(type, new ARRAY_CONSTRUCTORS[type](sizeOf(shape)), shape)];
    }),
  );
}

function invalid(expected: string, got: string, cause?: unknown, fix?: string): RetrievalGuardError {
  return new RetrievalGuardError('ONNX_INVALID', { expected, got, cause, fix });
}
