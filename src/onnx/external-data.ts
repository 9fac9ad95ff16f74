/** Which files beside a model hold tensors of it. */
import {
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type SparseTensorProto,
  type TensorProto,
  TensorProto_DataLocation,
} from './generated/onnx_pb.ts';

/** Locations, relative to the model's folder, of all external data that the model refers to; sorted, no repeats. */
export function externalDataLocations(model: ModelProto): string[] {
  const found = new Set<string>();
  for (const tensor of tensorsOf(model)) {
    if (tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) continue;
    const location = tensor.externalData.find((entry) => entry.key === 'location');
    if (location) found.add(location.value);
  }
  return [...found].sort();
}

/** Every tensor of a model: initializers and attributes, in subgraphs and functions too. */
export function* tensorsOf(model: ModelProto): Generator<TensorProto> {
  if (model.graph) yield* tensorsOfGraph(model.graph);
  for (const training of model.trainingInfo) {
    if (training.initialization) yield* tensorsOfGraph(training.initialization);
    if (training.algorithm) yield* tensorsOfGraph(training.algorithm);
  }
  for (const fn of model.functions) yield* tensorsOfNodes(fn.node);
}

function* tensorsOfGraph(graph: GraphProto): Generator<TensorProto> {
  yield* graph.initializer;
  for (const sparse of graph.sparseInitializer) yield* tensorsOfSparse(sparse);
  yield* tensorsOfNodes(graph.node);
}

function* tensorsOfNodes(nodes: readonly NodeProto[]): Generator<TensorProto> {
  for (const attribute of nodes.flatMap((node) => node.attribute)) {
    if (attribute.t) yield attribute.t;
    yield* attribute.tensors;
    if (attribute.sparseTensor) yield* tensorsOfSparse(attribute.sparseTensor);
    for (const sparse of attribute.sparseTensors) yield* tensorsOfSparse(sparse);
    if (attribute.g) yield* tensorsOfGraph(attribute.g);
    for (const graph of attribute.graphs) yield* tensorsOfGraph(graph);
  }
}

function* tensorsOfSparse(sparse: SparseTensorProto): Generator<TensorProto> {
  if (sparse.values) yield sparse.values;
  if (sparse.indices) yield sparse.indices;
}
