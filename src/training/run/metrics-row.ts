/** The lines of metrics.jsonl. */
import * as z from 'zod';
import { retrievalMetricsSchema } from './retrieval-metrics.ts';

/** A statistic of a loss; one that was not a number is null in JSON. */
const statistic = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);

/** A line of metrics.jsonl. */
export const epochSchema = z.object({
  epoch: z.int().nonnegative(),
  /** Steps done since the beginning. */
  steps: z.int().nonnegative(),
  /**
   * Means over the epoch's steps: the loss that was minimised, the norm of its gradient, and statistics of the loss (share of active terms, mean
   * distances, beta); null at epoch 0.
   */
  training: z.object({ loss: z.number(), gradientNorm: z.number() }).catchall(statistic).nullable(),
  /** Of the epoch's last step. */
  learningRate: z.number().nonnegative(),
  /** Retrieval among the held-out pictures; null without any. */
  clean: retrievalMetricsSchema.nullable(),
  /** The same under noise, one draw a picture; null where the noise of validation is 0. */
  noisy: retrievalMetricsSchema.nullable(),
  /** Whether this is the best trained model so far, and was kept. The model before training does not take part: see `keptBelowUntrained`. */
  best: z.boolean(),
  /** Wall-clock seconds of the epoch's steps. */
  seconds: z.number().nonnegative(),
  imagesPerSecond: z.number().nonnegative(),
});

/** One epoch of a training; epoch 0 is the model before the first step. */
export interface EpochRow extends z.infer<typeof epochSchema> {}

/** What makes one model better than another: Recall@1 under noise where it trains with noise of `sigma` > 0, else clean. */
export function scoreOf({ clean, noisy }: Pick<EpochRow, 'clean' | 'noisy'>, sigma: number): number | null {
  return ((sigma > 0 ? noisy : clean) ?? clean)?.recallAt1 ?? null;
}

/** The epoch whose model was kept and that before training, where the training made the model worse; else null. */
export function keptBelowUntrained(
  history: readonly EpochRow[],
  sigma: number,
): { kept: EpochRow; untrained: EpochRow } | null {
  const kept = history.findLast(({ best }) => best);
  const untrained = history.find(({ epoch }) => epoch === 0);
  const [now, before] = [kept, untrained].map((row) => row && scoreOf(row, sigma));
  return kept && untrained && typeof now === 'number' && typeof before === 'number' && now < before
    ? { kept, untrained }
    : null;
}
