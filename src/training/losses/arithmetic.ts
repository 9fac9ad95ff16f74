/**
 * Graph snippets that several losses and miners use. On the path of the gradient they use only operators with plain
 * gradients; Cast, Greater and the choices made from them stop it.
 */
import { reduce } from '../../autodiff/site.ts';
import { ELEMENT_TYPES, type GraphBuilder, type Value } from '../../onnx/index.ts';

export { reduce };

/** Stands for −∞ in masked exponents and scores: finite, so that no NaN comes of it. */
export const NEVER = -1e9;

/** max(x, least) */
export function atLeast(g: GraphBuilder, x: Value, least: number): Value {
  return g.op('Clip', [x, g.float32(least)]);
}

/** A bool mask as 0 and 1. */
export function toFloat(g: GraphBuilder, mask: Value): Value {
  return g.op('Cast', [mask], { to: ELEMENT_TYPES.float32 });
}

/** Whether any entry along `axis` of a bool mask is true: 0 or 1, float32, without that axis. */
export function any(g: GraphBuilder, mask: Value, axis: number): Value {
  return reduce(g, 'ReduceMax', toFloat(g, mask), [axis], false);
}

/** matrix[a, places[a, t]] for matrix [B, C] and places [B, D]. */
export function gatherRows(g: GraphBuilder, matrix: Value, places: Value): Value {
  return g.op('GatherElements', [matrix, places], { axis: 1 });
}

/** The sum of a matrix: a scalar. */
export function sum(g: GraphBuilder, matrix: Value): Value {
  return reduce(g, 'ReduceSum', matrix, [0, 1], false);
}

/** The mean of a matrix: a scalar. */
export function mean(g: GraphBuilder, matrix: Value): Value {
  return reduce(g, 'ReduceMean', matrix, [0, 1], false);
}

/** The mean of a matrix's entries where `mask` (0 or 1) is 1; 0 if it is nowhere. */
export function maskedMean(g: GraphBuilder, matrix: Value, mask: Value): Value {
  return g.op('Div', [sum(g, g.op('Mul', [matrix, mask])), atLeast(g, sum(g, mask), 1)]);
}

/** max(x, 0), and 0 where `mask` (0 or 1) is 0. */
export function hinge(g: GraphBuilder, x: Value, mask: Value): Value {
  return g.op('Mul', [g.op('Relu', [x]), mask]);
}

/** How many entries of matrices are above 0: a scalar, float32. */
export function countActive(g: GraphBuilder, matrices: readonly Value[]): Value {
  return matrices
    .map((matrix) => sum(g, toFloat(g, g.op('Greater', [matrix, g.float32(0)]))))
    .reduce((a, b) => g.op('Add', [a, b]));
}

/** The mean of the entries above 0 of matrices without negative entries, taken together; 0 if there is none. */
export function activeMean(g: GraphBuilder, matrices: readonly Value[]): Value {
  const total = matrices.map((matrix) => sum(g, matrix)).reduce((a, b) => g.op('Add', [a, b]));
  return g.op('Div', [total, atLeast(g, countActive(g, matrices), 1)]);
}

/** part / whole, and 0 for 0 / 0, for counts. */
export function share(g: GraphBuilder, part: Value, whole: Value): Value {
  return g.op('Div', [part, atLeast(g, whole, 1)]);
}

/**
 * log(1 + Σ_c exp(x[r, c])) over the entries of each row where `mask` (bool) is true: [rows, 1] from [rows, C].
 * It neither overflows nor loses a large exponent; a row without entries gives exactly 0, with gradient 0.
 *
 * The 1 is exp of a zero in an extra first column, and log Σ exp = x₀ − logsoftmax(x)₀ whatever the column.
 */
export function log1pSumExp(g: GraphBuilder, x: Value, mask: Value, rows: number): Value {
  const zeros = g.constant(new Float32Array(rows), [rows, 1]);
  const extended = g.op('Concat', [zeros, g.op('Where', [mask, x, g.float32(NEVER)])], { axis: 1 });
  const first = g.op('Gather', [g.op('LogSoftmax', [extended], { axis: 1 }), g.int64([0])], { axis: 1 });
  return g.op('Sub', [g.float32(0), first]);
}
