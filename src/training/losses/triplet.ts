/**
 * Triplet loss: max(0, d(a, p)^k − d(a, n)^k + margin), averaged over the triplets above 0; k is 1 or 2.
 *
 * Source: Schroff, Kalenichenko, Philbin, "FaceNet", CVPR 2015, which has k = 2 and the sum.
 */
import { activeMean, countActive, hinge, share, sum } from './arithmetic.ts';
import { atTriplets, defineLoss } from './define-loss.ts';

/** The triplet loss: see the top of this file. Exactly 0 for a batch without triplets. */
export const triplet = defineLoss({
  name: 'triplet',
  summary: 'triplet loss (Schroff et al. 2015)',
  settings: {
    margin: { default: 0.2, min: 0, max: 4, summary: 'by how much the negative must be farther' },
    power: { default: 1, min: 1, max: 2, integer: true, summary: 'exponent of the distances: 1 or 2' },
  },
  miner: 'required',
  pairs: true,
  build(batch, { margin, power }, triplets) {
    const { g } = batch;
    const distances = power === 2 ? batch.squaredDistances() : batch.distances();
    const { positive, negative } = atTriplets(batch, distances, triplets);
    const violation = g.op('Add', [g.op('Sub', [positive, negative]), g.float32(margin)]);
    const terms = [hinge(g, violation, triplets.valid)];
    const active = share(g, countActive(g, terms), sum(g, triplets.valid));
    return { loss: activeMean(g, terms), active };
  },
});
