/** Which files beside a model hold tensors of it, and the model with those inside. */
import { open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RetrievalGuardError } from '../errors.ts';
import { subgraphsOf } from './attributes.ts';
import {
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type SparseTensorProto,
  type TensorProto,
  TensorProto_DataLocation,
} from './generated/onnx_pb.ts';
import { readModel } from './model.ts';

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

/**
 * Reads a model with the tensors that lie in files beside it.
 * @throws RetrievalGuardError ONNX_INVALID, MODEL_NOT_FOUND for a file that is missing or too short
 */
export async function readWholeModel(path: string): Promise<ModelProto> {
  const model = readModel(await readFile(path), path);
  for (const tensor of tensorsOf(model)) {
    if (tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) continue;
    const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
    const file = join(dirname(path), entries.get('location') ?? '');
    tensor.rawData = await readPart(
      file,
      Number(entries.get('offset') ?? 0),
      entries.get('length'),
      tensor.name,
    );
    tensor.dataLocation = TensorProto_DataLocation.DEFAULT;
    tensor.externalData = [];
  }
  return model;
}

async function readPart(
  file: string,
  offset: number,
  length: string | undefined,
  tensor: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const missing = (got: string, cause?: unknown): RetrievalGuardError =>
    new RetrievalGuardError('MODEL_NOT_FOUND', {
      expected: `the values of '${tensor}' in ${file}`,
      got,
      fix: 'Weights of this model are stored in that file; put it beside the .onnx file.',
      cause,
    });
  const handle = await open(file).catch((cause: unknown) => {
    throw missing('a file that cannot be opened', cause);
  });
  try {
    const size = (await handle.stat()).size;
    const bytes = new Uint8Array(length === undefined ? Math.max(0, size - offset) : Number(length));
    if (offset + bytes.length > size) throw missing(`${size} bytes, ${offset + bytes.length} needed`);
    await handle.read(bytes, 0, bytes.length, offset);
    return bytes;
  } finally {
    await handle.close();
  }
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
    for (const graph of subgraphsOf(attribute)) yield* tensorsOfGraph(graph);
  }
}

function* tensorsOfSparse(sparse: SparseTensorProto): Generator<TensorProto> {
  if (sparse.values) yield sparse.values;
  if (sparse.indices) yield sparse.indices;
}
