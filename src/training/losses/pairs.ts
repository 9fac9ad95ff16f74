/** What losses do with pairs and triplets before their own formula. */
import { RetrievalGuardError } from '../../errors.ts';
import type { Value } from '../../onnx/index.ts';
import { gatherRows, maskedMean, toFloat } from './arithmetic.ts';
import type { EmbeddingBatch } from './batch.ts';
import type { Miner, Triplets } from './types.ts';

/** The miner, or an error that says which loss lacks it. */
export function requireMiner(loss: string, miner: Miner | null | undefined): Miner {
  if (miner) return miner;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: `a miner for the ${loss} loss`,
    got: 'none',
    fix: 'Choose one of MINERS.',
  });
}

/** Refuses a miner where it would be ignored. */
export function refuseMiner(loss: string, miner: Miner | null | undefined): void {
  if (!miner) return;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: `no miner for the ${loss} loss, which chooses its pairs itself`,
    got: miner.name,
    fix: 'Leave the miner out.',
  });
}

/** The distances to the power 1 or 2, [B, B]. */
export function distancePower(batch: EmbeddingBatch, power: number): Value {
  return power === 2 ? batch.squaredDistances() : batch.distances();
}

/** Entries of `matrix` [B, B] at the triplets' pairs: anchor–positive and anchor–negative, each [B, draws]. */
export function atTriplets(
  batch: EmbeddingBatch,
  matrix: Value,
  triplets: Triplets,
): { positive: Value; negative: Value } {
  return {
    positive: gatherRows(batch.g, matrix, triplets.positives),
    negative: gatherRows(batch.g, matrix, triplets.negatives),
  };
}

/** Mean distances over the valid triplets. */
export function tripletStatistics(batch: EmbeddingBatch, triplets: Triplets): Record<string, Value> {
  const { positive, negative } = atTriplets(batch, batch.distances(), triplets);
  return {
    positiveDistance: maskedMean(batch.g, positive, triplets.valid),
    negativeDistance: maskedMean(batch.g, negative, triplets.valid),
  };
}

/** Mean distances over all pairs of the batch. */
export function pairStatistics(batch: EmbeddingBatch): Record<string, Value> {
  const { g } = batch;
  return {
    positiveDistance: maskedMean(g, batch.distances(), toFloat(g, batch.positives())),
    negativeDistance: maskedMean(g, batch.distances(), toFloat(g, batch.negatives())),
  };
}
