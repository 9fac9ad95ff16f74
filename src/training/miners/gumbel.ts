/** Random choice inside a graph. */
import type { Value } from '../../onnx/index.ts';
import type { EmbeddingBatch } from '../losses/batch.ts';
import type { NoiseInput } from '../losses/types.ts';

/** Uniform values are kept this far from 0 and 1, so that their logarithms are finite. */
const MARGIN = 1e-7;

/**
 * `draws` independent draws per anchor from the columns, with probabilities proportional to exp(logWeights [B, B]):
 * places int64 [B, draws]. By the Gumbel-max trick: the argument of the maximum of log w_j − log(−log u_j) with uniform
 * u_j is j with probability w_j / Σ w (Gumbel 1954). It needs one uniform value for each draw and column.
 */
export function gumbelDraws(
  batch: EmbeddingBatch,
  logWeights: Value,
): { places: Value; noise: readonly NoiseInput[] } {
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
  return { places: g.op('ArgMax', [scores], { axis: 2, keepdims: 0 }), noise: [noise] };
}
