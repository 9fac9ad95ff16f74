/** Reverse-mode differentiation: extends a graph by the nodes that compute its gradient. */
import { RetrievalGuardError } from '../errors.ts';
import type { GraphBuilder, NodeProto, Value } from '../onnx/index.ts';
import { dependents, type MeasuredGraph } from './measure.ts';
import { isDifferentiable, RULES, STOPS } from './rules.ts';
import { type Known, Site } from './site.ts';

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
 * convolution's weights; `lowerGraph` writes them out before the model runs.
 *
 * @returns the gradient of each name in `wrt`; a name that the loss does not depend on is missing
 * @throws RetrievalGuardError GRADIENT_UNSUPPORTED, naming the node, for an operator without a rule
 */
export function addGradients(
  g: GraphBuilder,
  measured: MeasuredGraph,
  { upstream, wrt }: GradientRequest,
): Map<string, Value> {
  for (const name of [...wrt, ...Object.keys(upstream)]) {
    if (measured.tensors.has(name)) continue;
    throw new RetrievalGuardError('ONNX_INVALID', {
      expected: `a value '${name}' in the graph to differentiate`,
      got: 'none',
    });
  }
  const wanted = dependents(measured.graph, new Set(wrt));
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
    if (!node.output.some((name) => wanted.has(name) && gradients.has(name))) continue;
    if (STOPS.has(node.opType)) continue;
    const needs = node.input.map((name) => wanted.has(name) && carriesGradient(measured, name));
    if (!needs.includes(true)) continue;
    const site = new Site({
      g,
      node,
      inputs: node.input.map(know),
      outputs: node.output.map(know),
      needs,
    });
    const results = ruleOf(node)(site, node.output.map(total));
    for (const [i, gradient] of results.entries()) {
      if (gradient === null || !needs[i]) continue;
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

function carriesGradient(measured: MeasuredGraph, name: string): boolean {
  const type = measured.tensors.get(name)?.type;
  return type === 'float32' || type === 'float64';
}

function ruleOf(node: NodeProto) {
  const { opType, domain, name } = node;
  if ((domain === '' || domain === 'ai.onnx' || domain === 'com.microsoft') && isDifferentiable(opType)) {
    return RULES[opType];
  }
  throw new RetrievalGuardError('GRADIENT_UNSUPPORTED', {
    expected: `an operator with a gradient rule at node '${name}'`,
    got: domain === '' ? opType : `${domain}.${opType}`,
    fix: `Rules exist for: ${Object.keys(RULES).sort().join(', ')}. Freeze the network up to that node, or export it without the operator.`,
  });
}
