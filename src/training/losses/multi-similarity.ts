/**
 * Multi-similarity loss. With cosines S, an anchor i keeps the negatives k with S_ik > min over its positives − ε and
 * the positives k with S_ik < max over its negatives + ε; over those it kept, P_i and N_i,
 *
 *     (1/B) Σ_i  (1/α) log(1 + Σ_{k ∈ P_i} exp(−α (S_ik − λ))) + (1/β) log(1 + Σ_{k ∈ N_i} exp(β (S_ik − λ))).
 *
 * Source: Wang, Han, Huang, Dong, Scott, "Multi-similarity loss with general pair weighting for deep metric learning",
 * CVPR 2019, which prints λ = 1; λ = 0.5 is what is in use.
 */
import type { Value } from '../../onnx/index.ts';
import { any, log1pSumExp, mean, NEVER, reduce } from './arithmetic.ts';
import type { EmbeddingBatch } from './batch.ts';
import { defineLoss } from './define-loss.ts';

/** The multi-similarity loss: see the top of this file. Exactly 0 for a batch without triplets. */
export const multiSimilarity = defineLoss({
  name: 'multi-similarity',
  summary: 'multi-similarity loss with its own mining of pairs (Wang et al. 2019)',
  settings: {
    alpha: { default: 2, min: 1e-3, max: 1e4, summary: 'scale of positive similarities' },
    beta: { default: 50, min: 1e-3, max: 1e4, summary: 'scale of negative similarities' },
    lambda: { default: 0.5, min: -1, max: 1, summary: 'similarity that the exponents are relative to' },
    epsilon: { default: 0.1, min: 0, max: 2, summary: 'slack of the mining of pairs, a similarity' },
  },
  miner: 'none',
  pairs: true,
  build(batch, { alpha, beta, lambda, epsilon }) {
    const { g, size } = batch;
    const kept = minePairs(batch, epsilon);
    const relative = g.op('Sub', [batch.similarities(), g.float32(lambda)]);
    const part = (scale: number, mask: Value) =>
      g.op('Div', [
        log1pSumExp(g, g.op('Mul', [relative, g.float32(scale)]), mask, size),
        g.float32(Math.abs(scale)),
      ]);
    const perAnchor = g.op('Add', [part(-alpha, kept.positives), part(beta, kept.negatives)]);
    const active = any(g, g.op('Or', [kept.positives, kept.negatives]), 1);
    return { loss: mean(g, perAnchor), active: reduce(g, 'ReduceMean', active, [0], false) };
  },
});

/** The pairs that are kept, bool [B, B]. Without positives no negative is kept, and the other way round. */
function minePairs(batch: EmbeddingBatch, epsilon: number): { positives: Value; negatives: Value } {
  const { g } = batch;
  const positives = batch.positives();
  const negatives = batch.negatives();
  const similarity = batch.similarities();
  const largest = (mask: Value, x: Value) =>
    reduce(g, 'ReduceMax', g.op('Where', [mask, x, g.float32(NEVER)]), [1]);
  // the least similar positive: minus the largest −S
  const minusPositive = largest(positives, g.op('Neg', [similarity]));
  const leastPositive = g.op('Sub', [g.op('Neg', [minusPositive]), g.float32(epsilon)]);
  const mostNegative = g.op('Add', [largest(negatives, similarity), g.float32(epsilon)]);
  return {
    positives: g.op('And', [positives, g.op('Less', [similarity, mostNegative])]),
    negatives: g.op('And', [negatives, g.op('Greater', [similarity, leastPositive])]),
  };
}
