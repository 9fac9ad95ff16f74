/** Nodes whose output is drawn anew in every run. */
import { intOf, subgraphsOf } from './attributes.ts';
import { opsetOf } from './model.ts';
import type { GraphProto, ModelProto, NodeProto } from './generated/onnx_pb.ts';
import { readTensor } from './tensor.ts';

/** Operators that draw numbers. */
export const RANDOM: ReadonlySet<string> = new Set([
  'Bernoulli',
  'Multinomial',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
]);

/**
 * The random nodes that a model's outputs depend on, as "RandomNormal 'name'": generators, whether they have a seed or not (a seed starts
 * a sequence, it does not repeat a number), and dropout in training form with a ratio that is not 0. Empty for a deterministic model.
 */
export function randomNodes(model: ModelProto): string[] {
  if (!model.graph) return [];
  const needed = new Set(model.graph.output.map(({ name }) => name));
  return randomIn(model.graph, needed, opsetOf(model), new Map());
}

function randomIn(
  graph: GraphProto,
  needed: Set<string>,
  opset: number,
  outer: ReadonlyMap<string, number>,
): string[] {
  const constants = new Map([...outer, ...constantsOf(graph)]);
  const found: string[] = [];
  // from the outputs backwards: a graph's nodes are in the order in which they can run
  for (const node of graph.node.toReversed()) {
    if (!node.output.some((name) => needed.has(name))) continue;
    for (const name of node.input) needed.add(name);
    for (const sub of node.attribute.flatMap(subgraphsOf)) {
      const names = new Set(sub.output.map(({ name }) => name));
      found.push(...randomIn(sub, names, opset, constants));
      for (const name of names) needed.add(name);
    }
    if (RANDOM.has(node.opType) || drops(node, opset, constants))
      found.push(`${node.opType} '${node.name || node.output[0]}'`);
  }
  return found;
}

/** Whether a node is dropout in training form. A ratio or a mode that is computed counts as one. */
function drops(node: NodeProto, opset: number, constants: ReadonlyMap<string, number>): boolean {
  const { opType, input } = node;
  if (opType !== 'Dropout') return false;
  if (opset < 7) return intOf(node, 'is_test', 0) === 0;
  if (opset < 12 || !input[2]) return false;
  if (constants.get(input[2]) === 0) return false;
  return !input[1] || constants.get(input[1]) !== 0;
}

/** Initializers and Constant nodes of one number, by name. */
function constantsOf(graph: GraphProto): Map<string, number> {
  const found = new Map<string, number>();
  const note = (name: string, tensor: Parameters<typeof readTensor>[0] | undefined): void => {
    if (!tensor || tensor.dims.some((size) => size !== 1n)) return;
    try {
      found.set(name, Number(readTensor(tensor).data[0]));
    } catch {
      // external data, or a type that is no number
    }
  };
  for (const tensor of graph.initializer) note(tensor.name, tensor);
  for (const node of graph.node) {
    if (node.opType !== 'Constant') continue;
    const value = node.attribute.find(({ name }) => name.startsWith('value'));
    if (value?.name === 'value') note(node.output[0], value.t);
    else if (value?.name === 'value_float') found.set(node.output[0], value.f);
    else if (value?.name === 'value_int') found.set(node.output[0], Number(value.i));
  }
  return found;
}
