/** Reverse-mode differentiation: extends a graph by the nodes that compute its gradient. */
import { RetrievalGuardError } from '../errors.ts';
import type { GraphBuilder, NodeProto, Value } from '../onnx/index.ts';
import { type MeasuredGraph, subgraphsOf, type TensorInfo, usesOf } from './measure.ts';
import { isDifferentiable, RULES, STOPS } from './rules.ts';
import { type Known, Site } from './site.ts';

/** The gradients use operators of this version and later. */
const OLDEST_OPSET = 9;

/** What to differentiate. */
export interface GradientRequest {
  /** By name of a value of the graph: the gradient of the loss with respect to it, of its shape. A scalar loss gets a constant 1. */
  upstream: Readonly<Record<string, Value>>;
  /** Names of the values whose gradients are wanted: inputs, initializers or outputs of nodes. */
  wrt: readonly string[];
}

/**
 * Adds to `g` the nodes that compute the gradients asked for, and nothing that is not needed for them. `g` extends the
 * measured model (`GraphBuilder.extending(measured.model)`).
 *
 * The result may hold operators of the domain `retrievalguard` that stand for a whole gradient, such as that of a
 * convolution's weights; `lowerForCpu` writes them out before the model runs.
 *
 * @returns the gradient of each name in `wrt`; a name that the loss does not depend on is missing
 * @throws RetrievalGuardError GRADIENT_UNSUPPORTED, naming the node, for an operator without a rule, for float16 and for
 *   quantised models; ONNX_INVALID for names that the graph does not have and for upstream gradients of another type or shape
 */
export function addGradients(
  g: GraphBuilder,
  measured: MeasuredGraph,
  { upstream, wrt }: GradientRequest,
): Map<string, Value> {
  checkRequest(measured, { upstream, wrt });
  const reached = reachedFrom(measured, wrt);
  const gradients = new Map<string, Value[]>();
  for (const [name, value] of Object.entries(upstream)) gradients.set(name, [value]);

  const totals = new Map<string, Value>();
  const total = (name: string): Value | null => {
    const known = totals.get(name);
    if (known) return known;
    const parts = gradients.get(name);
    if (parts === undefined) return null;
    const sum = parts.length === 1 ? parts[0] : parts.length === 2 ? g.op('Add', parts) : g.op('Sum', parts);
    totals.set(name, sum);
    return sum;
  };
  const know = (name: string): Known | null => {
    const info = measured.tensors.get(name);
    return info ? { ...info, value: g.value(name) } : null;
  };

  for (const node of measured.graph.node.toReversed()) {
    if (!node.output.some((name) => reached.has(name) && gradients.has(name))) continue;
    if (!passesOn(node, reached)) continue;
    const rule = ruleOf(node);
    refuseHalf(measured, node);
    const needs = node.input.map((name) => reached.has(name));
    const site = new Site({
      g,
      node,
      inputs: node.input.map(know),
      outputs: node.output.map(know),
      needs,
    });
    const results = rule(site, node.output.map(total));
    for (const [i, result] of results.entries()) {
      if (!needs[i]) continue;
      const gradient = typeof result === 'function' ? result() : result;
      if (gradient === null) continue;
      const name = node.input[i];
      const parts = gradients.get(name);
      if (parts) parts.push(gradient);
      else gradients.set(name, [gradient]);
    }
  }
  return new Map(
    wrt.flatMap((name) => {
      const gradient = total(name);
      return gradient ? [[name, gradient] as const] : [];
    }),
  );
}

/**
 * The values that a gradient with respect to `wrt` passes through: those computed from them in floating point, other than by
 * operators that stop it.
 */
function reachedFrom({ graph, tensors }: MeasuredGraph, wrt: readonly string[]): Set<string> {
  const reached = new Set(wrt);
  for (const node of graph.node) {
    if (!passesOn(node, reached)) continue;
    refuseQuantized(node);
    for (const name of node.output) {
      const info = tensors.get(name);
      if (isFloat(info) || isHalf(info)) reached.add(name);
    }
  }
  return reached;
}

/** Whether a node passes gradients on to one of the values. */
const passesOn = (node: NodeProto, values: ReadonlySet<string>): boolean =>
  !STOPS.has(node.opType) && usesOf(node).some((name) => values.has(name));

const isFloat = (info: TensorInfo | undefined): boolean =>
  info?.type === 'float32' || info?.type === 'float64';
const isHalf = (info: TensorInfo | undefined): boolean => info?.type === 'float16';

function checkRequest({ tensors, opset }: MeasuredGraph, { upstream, wrt }: GradientRequest): void {
  if (opset < OLDEST_OPSET) {
    throw new RetrievalGuardError('GRADIENT_UNSUPPORTED', {
      expected: `a model of operator set ${OLDEST_OPSET} or later`,
      got: `operator set ${opset}`,
      fix: 'Export the model with a later opset_version, or convert it with onnx.version_converter.',
    });
  }
  for (const name of [...wrt, ...Object.keys(upstream)]) {
    const info = tensors.get(name);
    if (isFloat(info)) continue;
    throw new RetrievalGuardError('ONNX_INVALID', {
      expected: `a value '${name}' of float32 or float64 in the graph to differentiate`,
      got: info?.type ?? 'none',
    });
  }
  for (const [name, { type, shape }] of Object.entries(upstream)) {
    const info = tensors.get(name)!;
    const fits =
      shape === undefined ||
      (shape.length === info.shape.length &&
        info.shape.every((size, i) => size === shape[i] || typeof shape[i] === 'string'));
    if (fits && (type === undefined || type === info.type)) continue;
    throw new RetrievalGuardError('ONNX_INVALID', {
      expected: `an upstream gradient for '${name}' of its type and shape, ${info.type} [${info.shape.join(', ')}]`,
      got: `${type} [${shape?.join(', ')}]`,
    });
  }
}

function refuseHalf({ tensors }: MeasuredGraph, { name, opType, input, output }: NodeProto): void {
  if (![...input, ...output].some((value) => isHalf(tensors.get(value)))) return;
  throw new RetrievalGuardError('GRADIENT_UNSUPPORTED', {
    expected: `float32 or float64 at node '${name}' (${opType})`,
    got: 'float16',
    fix: 'Export the model in float32 to differentiate it.',
  });
}

/** What is rounded to integers would look like something that the loss does not depend on. */
function refuseQuantized({ name, opType }: NodeProto): void {
  if (opType !== 'QuantizeLinear' && opType !== 'DynamicQuantizeLinear') return;
  throw new RetrievalGuardError('GRADIENT_UNSUPPORTED', {
    expected: `a model that computes in float32, also at node '${name}'`,
    got: opType,
    fix: 'Differentiate the model as it was before quantisation.',
  });
}

function ruleOf(node: NodeProto) {
  const { opType, domain, name } = node;
  const advice =
    subgraphsOf(node).length > 0
      ? 'Control flow has no gradient here: a model exported with fixed shapes usually needs none.'
      : `Rules exist for: ${Object.keys(RULES).sort().join(', ')}.`;
  if ((domain === '' || domain === 'ai.onnx' || domain === 'com.microsoft') && isDifferentiable(opType)) {
    return RULES[opType];
  }
  throw new RetrievalGuardError('GRADIENT_UNSUPPORTED', {
    expected: `an operator with a gradient rule at node '${name}'`,
    got: domain === '' ? opType : `${domain}.${opType}`,
    fix: `${advice} Freeze the network up to that node, or export it without the operator.`,
  });
}
