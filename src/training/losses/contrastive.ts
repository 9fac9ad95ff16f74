/**
 * Contrastive loss: max(0, d − positiveMargin)^k over pairs of one class and max(0, margin − d)^k over pairs of two,
 * each averaged over its terms above 0, and added; k is 1 or 2. The pairs are those of the miner's triplets or, without
 * a miner, all pairs of the batch.
 *
 * Source: Hadsell, Chopra, LeCun, "Dimensionality reduction by learning an invariant mapping", CVPR 2006, which has
 * k = 2, no positive margin and the sum.
 */
import type { Value } from '../../onnx/index.ts';
import { activeMean, countActive, hinge, share, sum, toFloat } from './arithmetic.ts';
import type { EmbeddingBatch } from './batch.ts';
import { atTriplets, pairStatistics, tripletStatistics } from './pairs.ts';
import { type Options, resolveSettings, type Settings } from './loss-settings.ts';
import type { Loss, Miner, NoiseInput } from './types.ts';

/** Options of {@link contrastiveLoss}. */
export const contrastiveSettings = {
  margin: { default: 1, min: 0, max: 2, summary: 'distance beyond which two classes are far enough apart' },
  positiveMargin: { default: 0, min: 0, max: 2, summary: 'distance within which one class is close enough' },
  power: { default: 2, min: 1, max: 2, integer: true, summary: 'exponent of the terms: 1 or 2' },
} satisfies Settings;

/**
 * The contrastive loss: see the top of this file. Exactly 0 for a batch without triplets when there is a miner; without
 * one, pairs of one kind alone still count.
 */
export function contrastiveLoss(options: Options<typeof contrastiveSettings> = {}): Loss {
  const settings = resolveSettings('the contrastive loss', contrastiveSettings, options);
  return {
    name: 'contrastive',
    miner: 'optional',
    build(batch, miner) {
      const { g } = batch;
      const pairs = choosePairs(batch, miner);
      const { positive, negative } = pairs;
      const over = g.op('Sub', [positive.distances, g.float32(settings.positiveMargin)]);
      const under = g.op('Sub', [g.float32(settings.margin), negative.distances]);
      const hinges = [hinge(g, over, positive.mask), hinge(g, under, negative.mask)];
      const terms = settings.power === 2 ? hinges.map((term) => g.op('Mul', [term, term])) : hinges;
      const pairCount = g.op('Add', [sum(g, positive.mask), sum(g, negative.mask)]);
      return {
        loss: g.op('Add', [activeMean(g, [terms[0]]), activeMean(g, [terms[1]])]),
        parameters: [],
        noise: pairs.noise,
        statistics: { active: share(g, countActive(g, hinges), pairCount), ...pairs.statistics },
      };
    },
  };
}

interface Pairs {
  distances: Value;
  /** 0 or 1, float32 */
  mask: Value;
}

function choosePairs(
  batch: EmbeddingBatch,
  miner: Miner | null | undefined,
): { positive: Pairs; negative: Pairs; noise: readonly NoiseInput[]; statistics: Record<string, Value> } {
  const { g } = batch;
  const distances = batch.distances();
  if (!miner)
    return {
      positive: { distances, mask: toFloat(g, batch.positives()) },
      negative: { distances, mask: toFloat(g, batch.negatives()) },
      noise: [],
      statistics: pairStatistics(batch),
    };
  const triplets = miner.mine(batch);
  const { positive, negative } = atTriplets(batch, distances, triplets);
  return {
    positive: { distances: positive, mask: triplets.valid },
    negative: { distances: negative, mask: triplets.valid },
    noise: triplets.noise,
    statistics: tripletStatistics(batch, triplets),
  };
}
