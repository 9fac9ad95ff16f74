/**
 * Channels in whole blocks. ONNX Runtime's CPU provider convolves in blocks of 8 or 16 channels; a tensor of 24 or 40 channels
 * falls out of that layout, is copied twice, and the next convolution goes a slower way. Here such tensors inside a network get
 * further channels, up to a whole block, which nothing reads.
 */
import { intOf, makeAttribute } from './attributes.ts';
import { changed } from './changed.ts';
import type { ModelProto, NodeProto, TensorProto } from './generated/onnx_pb.ts';
import { makeTensor, readTensor, sizeOf } from './tensor.ts';

/** Operators that treat every channel by itself and alike, and make a finite value of 0. */
const UNARY = new Set([
  'Abs',
  'AveragePool',
  'Clip',
  'Elu',
  'Erf',
  'Gelu',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'HardSigmoid',
  'HardSwish',
  'Identity',
  'LeakyRelu',
  'MaxPool',
  'Mish',
  'Neg',
  'Relu',
  'Sigmoid',
  'Softplus',
  'Tanh',
]);
const BINARY = new Set(['Add', 'Div', 'Mul', 'Sub']);

/** float32 among ONNX's data types. */
const FLOAT = 1;

/** What a node is to the channels of the tensors around it. */
type Role =
  /** Reads any channels of x, writes any of y. */
  | { kind: 'dense'; x: string }
  /** A convolution or a batch normalisation with parameters for each channel; x and y have the same channels. */
  | { kind: 'channelwise'; tensors: readonly string[] }
  /** Its tensors stay as they are. */
  | { kind: 'fixed' };

/**
 * The model with zero weights added to convolutions, so that tensors between them have a multiple of `block` channels; null when there
 * is none to change. Inputs and outputs stay as they are, and so does the function: the values in further channels are constants or
 * means of constants (biases and weights that make them are 0), finite, and every convolution that reads them has weight 0 for them.
 * The given model is not changed.
 *
 * Convolutions with float32 weights among the initializers are changed, and batch normalisations; what lies between them has to
 * treat each channel by itself (activations, pooling, additions, products with tensors of as many channels). Tensors that anything
 * else reads keep their channels. So do those that would need more than twice as many, and models with subgraphs.
 */
export function padChannels(model: ModelProto, block: number): ModelProto | null {
  const { graph } = model;
  if (!graph || graph.node.some(({ attribute }) => attribute.some(({ g, graphs }) => g ?? graphs[0])))
    return null;
  const constants = constantsOf(model);
  const channels = new Map<string, number>();
  const roles = new Map(graph.node.map((node) => [node, roleOf(node, constants, channels)]));
  const outputs = graph.output.map(({ name }) => name);
  const padded = choose(graph.node, roles, channels, outputs, block);
  if (padded.size === 0) return null;

  const added: TensorProto[] = [];
  const whole = (name: string): number => {
    const count = channels.get(name)!;
    return padded.has(name) ? Math.ceil(count / block) * block : count;
  };
  const node = graph.node.map((one, at) => {
    /** A parameter of the node with an axis made longer: its new name. */
    const longer = (name: string, sizes: Readonly<Record<number, number>>, fill = 0): string => {
      const renamed = `${name}/padded ${at}`;
      added.push(lengthen(constants.get(name)!, renamed, sizes, fill));
      return renamed;
    };
    return withParameters(one, roles.get(one)!, padded, whole, longer);
  });
  const used = new Set([...node.flatMap(({ input }) => input), ...outputs]);
  const initializer = [...graph.initializer, ...added].filter(({ name }) => used.has(name));
  const valueInfo = graph.valueInfo.filter(({ name }) => !padded.has(name));
  return changed(model, { graph: changed(graph, { node, initializer, valueInfo }) });
}

/** Float32 constants inside the file that no caller can replace. */
function constantsOf(model: ModelProto): Map<string, TensorProto> {
  const graph = model.graph!;
  // since IR 4 an initializer that is also an input is a default only; before, all had to be
  const inputs = new Set(model.irVersion < 4n ? [] : graph.input.map(({ name }) => name));
  const found = new Map<string, TensorProto>();
  const note = (name: string, tensor: TensorProto): void => {
    if (tensor.dataType === FLOAT && tensor.externalData.length === 0) found.set(name, tensor);
  };
  for (const tensor of graph.initializer) if (!inputs.has(tensor.name)) note(tensor.name, tensor);
  for (const { opType, attribute, output } of graph.node) {
    const value = opType === 'Constant' ? attribute.find(({ name }) => name === 'value')?.t : undefined;
    if (value) note(output[0], value);
  }
  return found;
}

/** The role of a node whose predecessors' channels are known; notes those of its output. */
function roleOf(
  node: NodeProto,
  constants: ReadonlyMap<string, TensorProto>,
  channels: Map<string, number>,
): Role {
  const fixed = { kind: 'fixed' } as const;
  if ((node.domain !== '' && node.domain !== 'ai.onnx') || node.output.length !== 1) return fixed;
  const [x, ...parameters] = node.input;
  const [y] = node.output;
  const of = channels.get(x);
  const alike = (tensors: readonly string[]): Role => {
    channels.set(y, channels.get(tensors[0])!);
    return { kind: 'channelwise', tensors: [...tensors, y] };
  };
  if (node.opType === 'Conv') {
    const [w, bias] = parameters;
    const dims = constants.get(w)?.dims.map(Number);
    if (dims?.length !== 4 || (bias && !constants.has(bias))) return fixed;
    channels.set(y, dims[0]);
    const group = intOf(node, 'group', 1);
    if (group === 1) return { kind: 'dense', x };
    return group === dims[0] && group === of && dims[1] === 1 ? alike([x]) : fixed;
  }
  if (of === undefined) return fixed;
  if (node.opType === 'BatchNormalization') {
    const training = intOf(node, 'training_mode', 0) !== 0;
    return !training && parameters.every((name) => constants.has(name)) ? alike([x]) : fixed;
  }
  if (UNARY.has(node.opType)) return alike([x]);
  if (!BINARY.has(node.opType)) return fixed;
  const [other] = parameters;
  if (channels.get(other) === of && node.opType !== 'Div') return alike([x, other]);
  const scalar = constants.get(other);
  if (!scalar || scalar.dims.length > 4 || scalar.dims.some((size) => size !== 1n)) return fixed;
  const [value] = readTensor(scalar).data as Float32Array;
  return Number.isFinite(value) && (value !== 0 || node.opType !== 'Div') ? alike([x]) : fixed;
}

/** The tensors to change: none that a fixed node touches, and all or none of those around a channelwise one. */
function choose(
  nodes: readonly NodeProto[],
  roles: ReadonlyMap<NodeProto, Role>,
  channels: ReadonlyMap<string, number>,
  outputs: readonly string[],
  block: number,
): Set<string> {
  const padded = new Set(
    [...channels].filter(([, count]) => count % block !== 0 && 2 * count >= block).map(([name]) => name),
  );
  for (const name of outputs) padded.delete(name);
  for (const node of nodes) {
    const role = roles.get(node)!;
    const free = role.kind === 'dense' ? [role.x] : role.kind === 'channelwise' ? role.tensors : [];
    for (const name of node.input) if (!free.includes(name)) padded.delete(name);
    if (role.kind === 'fixed') for (const name of node.output) padded.delete(name);
  }
  for (let before = -1; before !== padded.size; ) {
    before = padded.size;
    for (const role of roles.values()) {
      if (role.kind !== 'channelwise' || role.tensors.every((name) => padded.has(name))) continue;
      for (const name of role.tensors) padded.delete(name);
    }
  }
  return padded;
}

/** The node with parameters for its further channels. */
function withParameters(
  node: NodeProto,
  role: Role,
  padded: ReadonlySet<string>,
  whole: (name: string) => number,
  longer: (name: string, sizes: Readonly<Record<number, number>>, fill?: number) => string,
): NodeProto {
  const [x, ...parameters] = node.input;
  const [y] = node.output;
  if (role.kind === 'fixed' || !(padded.has(x) || padded.has(y))) return node;
  if (node.opType === 'Conv') {
    const [w, bias] = parameters;
    const sizes: Record<number, number> = {};
    if (padded.has(y)) sizes[0] = whole(y);
    if (padded.has(x) && role.kind === 'dense') sizes[1] = whole(x);
    const input = [x, longer(w, sizes)];
    if (bias) input.push(padded.has(y) ? longer(bias, { 0: whole(y) }) : bias);
    const attribute = node.attribute.map((one) =>
      one.name === 'group' && role.kind === 'channelwise' ? makeAttribute('group', whole(y)) : one,
    );
    return changed(node, { input, attribute });
  }
  if (node.opType === 'BatchNormalization') {
    // scale, bias, mean, variance: (0 − 0)/√(1 + ε)·0 + 0
    const input = [x, ...parameters.map((name, i) => longer(name, { 0: whole(y) }, i === 3 ? 1 : 0))];
    return changed(node, { input });
  }
  return node;
}

/** A tensor with axes lengthened to the given sizes, `fill` in what is new. */
function lengthen(
  tensor: TensorProto,
  name: string,
  sizes: Readonly<Record<number, number>>,
  fill: number,
): TensorProto {
  const { data, shape } = readTensor(tensor);
  let values = data as Float32Array;
  const grown = [...shape];
  for (const [axis, size] of Object.entries(sizes).map(([key, value]) => [Number(key), value])) {
    const inner = sizeOf(grown.slice(axis + 1));
    const rows = sizeOf(grown.slice(0, axis));
    const [from, to] = [grown[axis] * inner, size * inner];
    const next = new Float32Array(rows * to).fill(fill);
    for (let row = 0; row < rows; row++) next.set(values.subarray(row * from, (row + 1) * from), row * to);
    grown[axis] = size;
    values = next;
  }
  return makeTensor(name, values, grown);
}
