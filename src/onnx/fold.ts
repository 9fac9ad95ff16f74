/** Constant folding: what does not depend on the inputs is computed once, by ONNX Runtime. */
import { create } from '@bufbuild/protobuf';
import { InferenceSession } from 'onnxruntime-node';
import { RetrievalGuardError } from '../errors.ts';
import { messageOf } from '../words.ts';
import { subgraphsOf } from './attributes.ts';
import { changed } from './changed.ts';
import { ELEMENT_TYPES, type ElementType, type TypedArray } from './element-types.ts';
import {
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  ValueInfoProtoSchema,
} from './generated/onnx_pb.ts';
import { writeModel } from './model.ts';
import { RANDOM } from './randomness.ts';
import { makeTensor } from './tensor.ts';

/**
 * The model with every node that depends on initializers only replaced by initializers of its outputs' names, and
 * without the initializers that nothing uses any more. Inputs, outputs and all other nodes stay as they are; the given
 * model is not changed. Nodes with subgraphs and random ones are left alone.
 *
 * @throws RetrievalGuardError ONNX_INVALID when a node cannot be computed
 */
export async function foldConstants(model: ModelProto): Promise<ModelProto> {
  const { graph } = model;
  if (graph === undefined)
    throw new RetrievalGuardError('ONNX_INVALID', { expected: 'a graph', got: 'none' });
  // Since IR 4 an initializer that is also an input is only a default: the caller may feed another.
  const overridable = new Set(model.irVersion < 4n ? [] : graph.input.map((input) => input.name));
  const constant = new Set(graph.initializer.map((tensor) => tensor.name));
  for (const name of overridable) constant.delete(name);
  const folded: NodeProto[] = [];
  const kept: NodeProto[] = [];
  for (const node of graph.node) {
    const known = node.input.every((name) => name === '' || constant.has(name));
    if (known && isPure(node)) {
      folded.push(node);
      for (const name of node.output) constant.add(name);
    } else kept.push(node);
  }
  const results = [...usedBy(kept, graph.output)].filter((name) =>
    folded.some((node) => node.output.includes(name)),
  );
  const computed = results.length > 0 ? await evaluate(model, folded, results) : [];
  const used = usedBy(kept, graph.output);
  const initializer = graph.initializer.filter(({ name }) => used.has(name) || overridable.has(name));
  return changed(model, {
    graph: changed(graph, { node: kept, initializer: [...initializer, ...computed] }),
  });
}

/** No subgraph, which could read values that are not listed, and the same result every time. */
const isPure = (node: NodeProto): boolean =>
  !RANDOM.has(node.opType) && node.attribute.every((attribute) => subgraphsOf(attribute).length === 0);

/** Every name that the nodes, with their subgraphs, and the outputs refer to. */
function usedBy(nodes: readonly NodeProto[], outputs: readonly { name: string }[]): Set<string> {
  const names = new Set(outputs.map(({ name }) => name));
  const visit = (list: readonly NodeProto[]): void => {
    for (const node of list) {
      for (const name of node.input) if (name !== '') names.add(name);
      for (const graph of node.attribute.flatMap(subgraphsOf)) {
        for (const { name } of graph.output) names.add(name);
        visit(graph.node);
      }
    }
  };
  visit(nodes);
  return names;
}

/** The values `names` of the given nodes, which need initializers only. */
async function evaluate(
  model: ModelProto,
  nodes: readonly NodeProto[],
  names: readonly string[],
): Promise<TensorProto[]> {
  const needed = usedBy(nodes, []);
  const part = create(ModelProtoSchema, {
    irVersion: model.irVersion,
    opsetImport: model.opsetImport,
    functions: model.functions,
    graph: create(GraphProtoSchema, {
      name: 'constants',
      node: [...nodes],
      initializer: model.graph?.initializer.filter(({ name }) => needed.has(name)) ?? [],
      // ONNX Runtime infers the types of outputs that do not declare them
      output: names.map((name) => create(ValueInfoProtoSchema, { name })),
    }),
  });
  try {
    const session = await InferenceSession.create(writeModel(part), {
      intraOpNumThreads: 1,
      logSeverityLevel: 3,
    });
    try {
      const values = await session.run({});
      return names.map((name) => {
        const { type, dims, data } = values[name];
        if (!isElementType(type)) throw new Error(`'${name}' is of type ${type}`);
        return makeTensor(name, data as TypedArray, dims, type);
      });
    } finally {
      await session.release();
    }
  } catch (cause) {
    throw new RetrievalGuardError('ONNX_INVALID', {
      expected: 'nodes that ONNX Runtime can compute from the initializers',
      got: messageOf(cause),
      cause,
    });
  }
}

const isElementType = (type: string): type is ElementType => Object.hasOwn(ELEMENT_TYPES, type);
