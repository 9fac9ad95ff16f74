/** Choices inside a graph. */
import type { GraphBuilder, Value } from '../../onnx/index.ts';
import type { EmbeddingBatch } from '../losses/batch.ts';
import type { NoiseInput } from '../losses/types.ts';

/** Uniform values are kept this far from 0 and 1, so that their logarithms are finite. */
const MARGIN = 1e-7;

/**
 * `draws` independent draws per anchor from the columns, with probabilities proportional to exp(logWeights [B, B]):
 * their places, int64 [B, draws]. By the Gumbel-max trick: the argument of the maximum of log w_j − log(−log u_j) with uniform
 * u_j is j with probability w_j / Σ w (Gumbel 1954). It needs one uniform value for each draw and column.
 */
export function gumbelDraws(
  batch: EmbeddingBatch,
  logWeights: Value,
): { negatives: Value; noise: readonly NoiseInput[] } {
  const { g, size, draws } = batch;
  const noise: NoiseInput = { name: 'loss.noise', shape: [size, draws, size] };
  const uniform = g.op('Clip', [
    g.input(noise.name, 'float32', noise.shape),
    g.float32(MARGIN),
    g.float32(1 - MARGIN),
  ]);
  const exponential = g.op('Neg', [g.op('Log', [uniform])]);
  const columns = g.op('Unsqueeze', [logWeights, g.int64([1])]);
  const scores = g.op('Sub', [columns, g.op('Log', [exponential])]);
  return { negatives: g.op('ArgMax', [scores], { axis: 2, keepdims: 0 }), noise: [noise] };
}

/** Farther than any two unit vectors. */
const FAR = 9;

/**
 * The place along `axis` of the smallest distance where the mask (bool) is true, int64, without that axis; the first
 * of equal ones, and place 0 if there is none.
 */
export function nearest(g: GraphBuilder, distances: Value, mask: Value, axis: number): Value {
  return g.op('ArgMin', [g.op('Where', [mask, distances, g.float32(FAR)])], { axis, keepdims: 0 });
}

/** [B] as [B, 1]. */
export const asColumn = (g: GraphBuilder, perAnchor: Value): Value =>
  g.op('Unsqueeze', [perAnchor, g.int64([1])]);
