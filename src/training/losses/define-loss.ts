/** What all losses have in common: checked options, the miner's triplets, and the distances that they tell. */
import { RetrievalGuardError } from '../../errors.ts';
import type { Value } from '../../onnx/index.ts';
import { gatherRows, maskedMean, toFloat } from './arithmetic.ts';
import type { EmbeddingBatch } from './batch.ts';
import { type Values, type Options, resolveSettings, type Settings } from './loss-settings.ts';
import type { Loss, LossEntry, LossParameter, Miner, MinerUse, Triplets } from './types.ts';

/** What a loss is, beside what all have in common. */
interface LossDefinition<S extends Settings, Use extends MinerUse> extends Omit<LossEntry<S>, 'create'> {
  readonly name: string;
  readonly miner: Use;
  /** Adds the loss. `active`: the share of terms above 0; `statistics`: further ones, for the log. */
  build(
    batch: EmbeddingBatch,
    settings: Values<S>,
    triplets: { required: Triplets; optional: Triplets | null; none: null }[Use],
  ): {
    loss: Value;
    active: Value;
    parameters?: readonly LossParameter[];
    statistics?: Readonly<Record<string, Value>>;
  };
}

/** A loss whose options are checked, whose triplets the miner has chosen, and which tells the distances of its pairs. */
export function defineLoss<const S extends Settings, Use extends MinerUse>(
  definition: LossDefinition<S, Use>,
): LossEntry<S> {
  const { name, summary, settings, miner: use, pairs } = definition;
  const create = (options: Options<S> = {}): Loss => {
    const chosen = resolveSettings(`the ${name} loss`, settings, options);
    return {
      name,
      miner: use,
      build(batch, miner) {
        checkMiner(name, use, miner);
        const triplets = miner?.mine(batch) ?? null;
        const built = definition.build(batch, chosen, triplets as Triplets & null);
        const distances = triplets ? tripletStatistics(batch, triplets) : pairStatistics(batch);
        return {
          loss: built.loss,
          parameters: built.parameters ?? [],
          noise: triplets?.noise ?? [],
          statistics: { active: built.active, ...distances, ...built.statistics },
        };
      },
    };
  };
  return { summary, settings, miner: use, pairs, create };
}

function checkMiner(loss: string, use: MinerUse, miner: Miner | null | undefined): void {
  if (use === 'required' && !miner) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: `a miner for the ${loss} loss`,
      got: 'none',
      fix: 'Choose one of MINERS.',
    });
  }
  if (use === 'none' && miner) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: `no miner for the ${loss} loss, which chooses its pairs itself`,
      got: miner.name,
      fix: 'Leave the miner out.',
    });
  }
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
function tripletStatistics(batch: EmbeddingBatch, triplets: Triplets): Record<string, Value> {
  const { positive, negative } = atTriplets(batch, batch.distances(), triplets);
  return {
    positiveDistance: maskedMean(batch.g, positive, triplets.valid),
    negativeDistance: maskedMean(batch.g, negative, triplets.valid),
  };
}

/** Mean distances over all pairs of the batch. */
function pairStatistics(batch: EmbeddingBatch): Record<string, Value> {
  const { g } = batch;
  return {
    positiveDistance: maskedMean(g, batch.distances(), toFloat(g, batch.positives())),
    negativeDistance: maskedMean(g, batch.distances(), toFloat(g, batch.negatives())),
  };
}
