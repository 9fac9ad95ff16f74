/**
 * Distance-weighted negatives. Two random unit vectors of dimension n are at distance d with density proportional to
 *
 *     q(d) = d^(n−2) (1 − d²/4)^((n−3)/2),
 *
 * which has all its mass near √2. Negatives are drawn with weight 1/q(d), so that all distances occur alike; below
 * `cutoff` with the weight of the cutoff, and beyond `limit` never, as they would give no loss.
 *
 * At 512 dimensions the weights of one anchor span hundreds of powers of ten, and those of different anchors as many
 * again. So they stay logarithms, normalised for each anchor by itself.
 *
 * Source: Wu, Manmatha, Smola, Krähenbühl, "Sampling matters in deep embedding learning", ICCV 2017, section 4.1.
 */
import { RetrievalGuardError } from '../../errors.ts';
import type { Value } from '../../onnx/index.ts';
import { any, NEVER } from '../losses/arithmetic.ts';
import type { EmbeddingBatch } from '../losses/batch.ts';
import { asColumn, gumbelDraws } from './choices.ts';
import { defineMiner } from './define-miner.ts';

/**
 * One negative for each pair of an anchor and a positive, drawn with the inverse of the density of its distance.
 * An anchor whose negatives are all at `limit` or beyond has no triplet. Refuses a cutoff that is not below the limit.
 */
export const distanceWeighted = defineMiner({
  name: 'distance-weighted',
  summary: 'negatives of all distances alike (Wu et al. 2017)',
  settings: {
    cutoff: { default: 0.5, min: 0.01, max: 1.99, summary: 'distances below count as this one' },
    limit: { default: 1.4, min: 0.01, max: 1.99, summary: 'negatives this far or farther are never drawn' },
  },
  check({ cutoff, limit }) {
    if (cutoff < limit) return;
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'cutoff < limit for the distance-weighted miner',
      got: `cutoff = ${cutoff}, limit = ${limit}`,
    });
  },
  choose(batch, { cutoff, limit }) {
    const { g } = batch;
    const near = g.op('Less', [batch.distances(), g.float32(limit)]);
    const admissible = g.op('And', [batch.negatives(), near]);
    const draws = gumbelDraws(batch, logProbabilities(batch, admissible, cutoff, limit));
    return { ...draws, found: asColumn(g, any(g, admissible, 1)) };
  },
});

/** The logarithm of each negative's probability for its anchor, [B, B]; {@link NEVER} where not admissible. */
function logProbabilities(batch: EmbeddingBatch, admissible: Value, cutoff: number, limit: number): Value {
  const { g, dimension: n } = batch;
  const d = g.op('Clip', [batch.distances(), g.float32(cutoff), g.float32(limit)]);
  const rest = g.op('Sub', [g.float32(1), g.op('Mul', [g.op('Mul', [d, d]), g.float32(0.25)])]);
  const logDensity = g.op('Add', [
    g.op('Mul', [g.op('Log', [d]), g.float32(n - 2)]),
    g.op('Mul', [g.op('Log', [rest]), g.float32((n - 3) / 2)]),
  ]);
  const logWeight = g.op('Where', [admissible, g.op('Neg', [logDensity]), g.float32(NEVER)]);
  return g.op('LogSoftmax', [logWeight], { axis: 1 });
}
