/** What all miners have in common: checked options, and the positives. */
import type { Value } from '../../onnx/index.ts';
import type { EmbeddingBatch } from '../losses/batch.ts';
import { type Values, type Options, resolveSettings, type Settings } from '../losses/loss-settings.ts';
import type { MinerEntry, NoiseInput } from '../losses/types.ts';

/** What a miner is, beside what all have in common. */
interface MinerDefinition<S extends Settings> extends Omit<MinerEntry<S>, 'create'> {
  readonly name: string;
  /** Throws for options that do not go together. */
  check?(settings: Values<S>): void;
  /**
   * Chooses a negative for each positive at `places`, int64 [B, draws]. `found`: whether there is one, float32 0 or 1,
   * [B, draws] or [B, 1].
   */
  choose(
    batch: EmbeddingBatch,
    settings: Values<S>,
    places: Value,
  ): { negatives: Value; found: Value; noise?: readonly NoiseInput[] };
}

/** A miner of triplets whose positives are those of {@link EmbeddingBatch.positiveSlots}. */
export function defineMiner<const S extends Settings>(definition: MinerDefinition<S>): MinerEntry<S> {
  const { name, summary, settings } = definition;
  const create = (options: Options<S> = {}) => {
    const chosen = resolveSettings(`the ${name} miner`, settings, options);
    definition.check?.(chosen);
    return {
      name,
      mine(batch: EmbeddingBatch) {
        const { places, valid } = batch.positiveSlots();
        const { negatives, found, noise = [] } = definition.choose(batch, chosen, places);
        return { positives: places, negatives, valid: batch.g.op('Mul', [valid, found]), noise };
      },
    };
  };
  return { summary, settings, create };
}
