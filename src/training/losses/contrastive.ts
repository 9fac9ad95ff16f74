/**
 * Contrastive loss: max(0, d − positiveMargin)^k over pairs of one class and max(0, margin − d)^k over pairs of two,
 * each averaged over its terms above 0, and added; k is 1 or 2. The pairs are those of the miner's triplets or, without
 * a miner, all pairs of the batch.
 *
 * Source: Hadsell, Chopra, LeCun, "Dimensionality reduction by learning an invariant mapping", CVPR 2006, which has
 * k = 2, no positive margin and the sum.
 */
import { activeMean, countActive, hinge, share, sum, toFloat } from './arithmetic.ts';
import { atTriplets, defineLoss } from './define-loss.ts';

/**
 * The contrastive loss: see the top of this file. Exactly 0 for a batch without triplets when there is a miner; without
 * one, pairs of one kind alone still count.
 */
export const contrastive = defineLoss({
  name: 'contrastive',
  summary: 'contrastive loss (Hadsell et al. 2006)',
  settings: {
    margin: { default: 1, min: 0, max: 2, summary: 'distance beyond which two classes are far enough apart' },
    positiveMargin: {
      default: 0,
      min: 0,
      max: 2,
      summary: 'distance within which one class is close enough',
    },
    power: { default: 2, min: 1, max: 2, integer: true, summary: 'exponent of the terms: 1 or 2' },
  },
  miner: 'optional',
  pairs: true,
  build(batch, { margin, positiveMargin, power }, triplets) {
    const { g } = batch;
    const all = batch.distances();
    const distances = triplets ? atTriplets(batch, all, triplets) : { positive: all, negative: all };
    // which of them are pairs: 0 or 1, float32
    const positives = triplets?.valid ?? toFloat(g, batch.positives());
    const negatives = triplets?.valid ?? toFloat(g, batch.negatives());
    const over = g.op('Sub', [distances.positive, g.float32(positiveMargin)]);
    const under = g.op('Sub', [g.float32(margin), distances.negative]);
    const hinges = [hinge(g, over, positives), hinge(g, under, negatives)];
    const terms = power === 2 ? hinges.map((term) => g.op('Mul', [term, term])) : hinges;
    const pairCount = g.op('Add', [sum(g, positives), sum(g, negatives)]);
    return {
      loss: g.op('Add', [activeMean(g, [terms[0]]), activeMean(g, [terms[1]])]),
      active: share(g, countActive(g, hinges), pairCount),
    };
  },
});
