/** Frozen batch normalisation as part of the convolution before it, in the graph. */
import {
  GraphBuilder,
  type GraphProto,
  intOf,
  type ModelProto,
  type NodeProto,
  readTensor,
  type TensorProto,
} from '../onnx/index.ts';
import { copyAttributes } from './blocks/attributes.ts';

/**
 * Rewrites every Conv → BatchNormalization (inference form, constant statistics) as one Conv whose weights are computed in the
 * graph: with s = scale/√(var + ε),  BN(W ∗ x + b) = (s·W) ∗ x + (s·(b − mean) + bias).
 *
 * ONNX Runtime folds batch normalisation by itself only where W is a constant. While W trains it is an input, and each
 * normalisation would cost a pass over the activations. W stays the parameter, so the optimiser sees the same gradients as with
 * a separate, frozen normalisation.
 */
export function foldBatchNorm(model: ModelProto): ModelProto {
  const graph = model.graph!;
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const convOf = normalizedConvs(graph, constants);
  const folded = new Set(convOf.values());
  return GraphBuilder.rewriting(model, (norm, g) => {
    if (folded.has(norm)) return true; // written with its normalisation
    const conv = convOf.get(norm);
    if (conv === undefined) return false;
    const [scale, bias, mean, variance] = norm.input.slice(1).map((name) => valuesOf(constants.get(name)!));
    const epsilon = norm.attribute.find(({ name }) => name === 'epsilon')?.f ?? 1e-5;
    const factor = scale.map((value, c) => value / Math.sqrt(variance[c] + epsilon));
    const shift = bias.map((value, c) => value - mean[c] * factor[c]);
    const [x, w, b] = conv.input;
    const outputs = factor.length;
    const perOutput = g.constant(Float32Array.from(factor), [outputs, 1, 1, 1]);
    const weight = g.op('Mul', [g.value(w), perOutput]);
    const constantShift = g.constant(Float32Array.from(shift));
    const offset = b
      ? g.op('Add', [g.op('Mul', [g.value(b), g.constant(Float32Array.from(factor))]), constantShift])
      : constantShift;
    g.op('Conv', [g.value(x), weight, offset], copyAttributes(conv), { name: norm.output[0] });
    return true;
  }).toModel();
}

/** Batch normalisations with constant statistics → the convolution before, whose only user they are. */
function normalizedConvs(
  graph: GraphProto,
  constants: ReadonlyMap<string, TensorProto>,
): Map<NodeProto, NodeProto> {
  const users = new Map<string, NodeProto[]>();
  for (const node of graph.node) {
    for (const name of node.input) users.set(name, [...(users.get(name) ?? []), node]);
  }
  const outputs = new Set(graph.output.map(({ name }) => name));
  const found = new Map<NodeProto, NodeProto>();
  for (const node of graph.node) {
    if (node.opType !== 'Conv' || outputs.has(node.output[0])) continue;
    const [norm, ...others] = users.get(node.output[0]) ?? [];
    if (norm?.opType !== 'BatchNormalization' || others.length > 0 || norm.input[0] !== node.output[0])
      continue;
    if (!norm.input.slice(1).every((name) => constants.has(name))) continue;
    const extra = norm.output.slice(1).some((name) => name !== '');
    const training = intOf(norm, 'training_mode', 0) !== 0;
    if (!extra && !training && constants.get(node.input[1])?.dims.length === 4) found.set(norm, node);
  }
  return found;
}

const valuesOf = (tensor: TensorProto): number[] => Array.from(readTensor(tensor).data as Float32Array);
