/**
 * Triplet loss: max(0, d(a, p)^k − d(a, n)^k + margin), averaged over the triplets above 0; k is 1 or 2.
 *
 * Source: Schroff, Kalenichenko, Philbin, "FaceNet", CVPR 2015, which has k = 2 and the sum.
 */
import { activeMean, countActive, hinge, share, sum } from './arithmetic.ts';
import { atTriplets, distancePower, requireMiner, tripletStatistics } from './pairs.ts';
import { type Options, resolveSettings, type Settings } from './loss-settings.ts';
import type { Loss } from './types.ts';

/** Options of {@link tripletLoss}. */
export const tripletSettings = {
  margin: { default: 0.2, min: 0, max: 4, summary: 'by how much the negative must be farther' },
  power: { default: 1, min: 1, max: 2, integer: true, summary: 'exponent of the distances: 1 or 2' },
} satisfies Settings;

/** The triplet loss: see the top of this file. Exactly 0 for a batch without triplets. */
export function tripletLoss(options: Options<typeof tripletSettings> = {}): Loss {
  const { margin, power } = resolveSettings('the triplet loss', tripletSettings, options);
  return {
    name: 'triplet',
    miner: 'required',
    build(batch, miner) {
      const { g } = batch;
      const triplets = requireMiner('triplet', miner).mine(batch);
      const { positive, negative } = atTriplets(batch, distancePower(batch, power), triplets);
      const violation = g.op('Add', [g.op('Sub', [positive, negative]), g.float32(margin)]);
      const terms = [hinge(g, violation, triplets.valid)];
      return {
        loss: activeMean(g, terms),
        parameters: [],
        noise: triplets.noise,
        statistics: {
          active: share(g, countActive(g, terms), sum(g, triplets.valid)),
          ...tripletStatistics(batch, triplets),
        },
      };
    },
  };
}
