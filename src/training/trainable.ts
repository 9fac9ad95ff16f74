/** Which initializers of a network are weights to train. */
import { RetrievalGuardError } from '../errors.ts';
import { ELEMENT_TYPES, type GraphProto, type ModelProto, type NodeProto, sizeOf } from '../onnx/index.ts';

/** A tensor to train. */
export interface TrainableParameter {
  /** Name of the initializer. */
  name: string;
  shape: number[];
}

/** Options of {@link trainableParameters}. */
export interface TrainableOptions {
  /**
   * Name of a node: what only serves to compute its output, it included, is left as it is. Nodes without a name go by
   * the name of their first output.
   */
  freeze?: string;
}

/**
 * Where parameters enter the data's path: operator → input positions, or all. Add and Mul count only behind a layer with
 * weights: before the first one they are the image's normalisation.
 */
const ENTRIES: Readonly<Record<string, readonly number[] | 'all'>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: 'all',
  MatMul: 'all',
  Einsum: 'all',
  LayerNormalization: [1, 2],
  GroupNormalization: [1, 2],
  InstanceNormalization: [1, 2],
  Gather: [0],
  PRelu: [1],
  Concat: 'all', // a class token before the others
  Add: 'all',
  Mul: 'all',
};

const LAYERS = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'Einsum', 'Gather']);
const BEHIND_A_LAYER = new Set(['Add', 'Mul']);

/**
 * Through which operators a weight may pass on its way there (weight standardisation, transposed or reshaped weights, position
 * embeddings cut to size). Of these only the first input carries values; the others are shapes, axes and indices.
 */
const RESHAPING = new Set(
  `Identity Transpose Reshape Flatten Squeeze Unsqueeze Expand Tile Slice Split Gather Resize Cast Neg Sqrt Exp ReduceMean
  ReduceSum ReduceL2`.split(/\s+/),
);
/** The same, where all inputs carry values. */
const COMBINING = new Set(['Concat', 'Add', 'Sub', 'Mul', 'Div', 'Pow']);

/** A value is made of parameters alone, or depends on the data. */
type Origin =
  | { kind: 'parameters'; names: ReadonlySet<string> }
  /** `layered`: a layer with weights lies behind it. */
  | { kind: 'data'; layered: boolean };

/**
 * The initializers to train, in the order of the file: float32, more than one element, and a weight or bias of the operators that
 * have them, directly or through nodes that only reshape or combine weights. Left out: whatever batch normalisation
 * uses (it is frozen), shapes, bounds, scalars, constants of the image's normalisation, and what no output depends on.
 *
 * Weights that are outputs of Constant nodes are not seen; `foldConstants` turns them into initializers.
 *
 * @throws RetrievalGuardError OPTION_INVALID for a node to freeze that the graph lacks; the message lists similar names
 */
export function trainableParameters(model: ModelProto, options: TrainableOptions = {}): TrainableParameter[] {
  const { graph } = model;
  if (graph === undefined)
    throw new RetrievalGuardError('ONNX_INVALID', { expected: 'a graph', got: 'none' });
  const candidates = new Map(
    graph.initializer
      .filter(({ dataType }) => dataType === ELEMENT_TYPES.float32)
      .map(({ name, dims }) => ({ name, shape: dims.map(Number) }))
      .filter(({ shape }) => sizeOf(shape) > 1)
      .map((parameter) => [parameter.name, parameter]),
  );
  const frozenNodes =
    options.freeze === undefined ? new Set() : leadingTo(graph, [findNode(graph, options.freeze)]);
  const users = usersOf(graph, candidates);
  const normalised = new Set(
    graph.node.filter(({ opType }) => opType === 'BatchNormalization').flatMap(({ input }) => input),
  );
  return [...candidates.values()].filter(({ name }) => {
    const nodes = users.get(name) ?? [];
    return !normalised.has(name) && nodes.some((node) => !frozenNodes.has(node));
  });
}

/** Initializer → the nodes where it enters the data's path, of those that an output depends on. */
function usersOf(graph: GraphProto, candidates: ReadonlyMap<string, unknown>): Map<string, NodeProto[]> {
  const origins = new Map<string, Origin>(
    graph.input.map(({ name }) => [name, { kind: 'data', layered: false }]),
  );
  for (const { name } of graph.initializer) {
    origins.set(name, { kind: 'parameters', names: new Set(candidates.has(name) ? [name] : []) });
  }
  const makers = makersOf(graph);
  const live = leadingTo(
    graph,
    graph.output.flatMap(({ name }) => makers.get(name) ?? []),
  );
  const users = new Map<string, NodeProto[]>();
  for (const node of graph.node) {
    const passed = passedThrough(node, origins);
    let origin: Origin;
    if (passed) origin = { kind: 'parameters', names: passed };
    else {
      const entering = entries(node, origins);
      const behind = node.input.some((name) => isLayered(origins.get(name)));
      if (live.has(node) && (behind || !BEHIND_A_LAYER.has(node.opType))) {
        for (const name of entering) users.set(name, [...(users.get(name) ?? []), node]);
      }
      origin = { kind: 'data', layered: behind || (LAYERS.has(node.opType) && entering.size > 0) };
    }
    for (const name of node.output) origins.set(name, origin);
  }
  return users;
}

/** The parameters that a node of weights alone works on; undefined when data comes in. */
function passedThrough(node: NodeProto, origins: ReadonlyMap<string, Origin>): Set<string> | undefined {
  if (node.opType === 'Constant' || node.opType === 'ConstantOfShape') return new Set();
  const carrying = COMBINING.has(node.opType) ? 'all' : RESHAPING.has(node.opType) ? [0] : undefined;
  const inputs = inputsAt(node, carrying).map((name) => origins.get(name));
  const names = inputs.flatMap((origin) => (origin?.kind === 'parameters' ? [[...origin.names]] : []));
  return inputs.length > 0 && names.length === inputs.length ? new Set(names.flat()) : undefined;
}

/** The parameters that enter the data's path at a node. */
function entries(node: NodeProto, origins: ReadonlyMap<string, Origin>): Set<string> {
  const names = inputsAt(node, ENTRIES[node.opType]).flatMap((name) => {
    const origin = origins.get(name);
    return origin?.kind === 'parameters' ? [...origin.names] : [];
  });
  return new Set(names);
}

/** The names of a node's inputs at some positions, optional ones that are left out aside. */
function inputsAt(node: NodeProto, positions: readonly number[] | 'all' | undefined): string[] {
  if (node.domain !== '' && node.domain !== 'ai.onnx') return [];
  const inputs = positions === 'all' ? node.input : (positions ?? []).map((i) => node.input[i]);
  return inputs.filter((name) => name !== undefined && name !== '');
}

const isLayered = (origin: Origin | undefined): boolean => origin?.kind === 'data' && origin.layered;

/** The given nodes and all that they depend on. */
function leadingTo(graph: GraphProto, nodes: readonly NodeProto[]): Set<NodeProto> {
  const makers = makersOf(graph);
  const found = new Set<NodeProto>();
  const open = [...nodes];
  for (let node = open.pop(); node; node = open.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    for (const name of node.input) {
      const maker = makers.get(name);
      if (maker) open.push(maker);
    }
  }
  return found;
}

/** Value → the node that makes it. */
const makersOf = (graph: GraphProto): Map<string, NodeProto> =>
  new Map(graph.node.flatMap((node) => node.output.map((name): [string, NodeProto] => [name, node])));

const nameOf = (node: NodeProto): string => node.name || node.output[0];

function findNode(graph: GraphProto, name: string): NodeProto {
  const node = graph.node.find((candidate) => nameOf(candidate) === name);
  if (node) return node;
  const near = graph.node
    .map((candidate) => ({ name: nameOf(candidate), distance: editDistance(nameOf(candidate), name) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 5);
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: 'the name of a node to freeze up to',
    got: `'${name}', which the graph lacks`,
    fix: `Similar names: ${near.map((candidate) => `'${candidate.name}'`).join(', ')}.`,
  });
}

/** The fewest insertions, deletions and replacements of one character that turn a into b (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
