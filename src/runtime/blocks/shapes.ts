/** Types and shapes of all values of a finished graph, as far as ONNX Runtime finds them without running it. */
import { clone, create } from '@bufbuild/protobuf';
import { InferenceSession } from 'onnxruntime-node';
import { fixShape, initializerInfo, type TensorInfo } from '../../autodiff/measure.ts';
import { ARRAY_CONSTRUCTORS, type ElementType, type ModelProto, writeModel } from '../../onnx/index.ts';
import { ModelProtoSchema, ValueInfoProtoSchema } from '../../onnx/generated/onnx_pb.ts';

/**
 * The values whose shape is known, by name. Missing are those that depend on what is fed, and scalars that nodes give: ONNX
 * Runtime declares them as it declares tensors of unknown rank.
 *
 * @param shapes - of inputs whose dimensions the file leaves open, by name
 */
export async function knownShapes(
  model: ModelProto,
  shapes: Readonly<Record<string, readonly number[]>>,
): Promise<Map<string, TensorInfo>> {
  const probe = clone(ModelProtoSchema, model);
  const graph = probe.graph!;
  const found = new Map<string, TensorInfo>();
  for (const tensor of graph.initializer) {
    const info = initializerInfo(tensor);
    if (info) found.set(tensor.name, info);
  }
  for (const input of graph.input) {
    const asked = shapes[input.name];
    if (asked) fixShape(input, asked);
  }
  graph.valueInfo.length = 0;
  graph.output.length = 0;
  for (const node of graph.node) {
    for (const name of node.output)
      if (name !== '') graph.output.push(create(ValueInfoProtoSchema, { name }));
  }
  const session = await InferenceSession.create(writeModel(probe), {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  });
  try {
    const note = (declared: InferenceSession.ValueMetadata, scalars: boolean): void => {
      if (!declared.isTensor || !(declared.type in ARRAY_CONSTRUCTORS)) return;
      const { name, type, shape } = declared;
      const known = shape.every((size) => typeof size === 'number') && (scalars || shape.length > 0);
      if (known) found.set(name, { name, type: type as ElementType, shape: shape.map(Number) });
    };
    for (const input of session.inputMetadata) note(input, true);
    for (const output of session.outputMetadata) note(output, false);
  } finally {
    await session.release();
  }
  return found;
}
