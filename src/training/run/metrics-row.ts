/** The lines of metrics.jsonl. */
import type { RetrievalMetrics } from './retrieval-metrics.ts';

/** One epoch of a training; epoch 0 is the model before the first step. */
export interface EpochRow {
  epoch: number;
  /** Steps done since the beginning. */
  steps: number;
  /** Means over the epoch's steps; null at epoch 0. */
  training: {
    /** The loss that was minimised. */
    loss: number;
    gradientNorm: number;
    /** Statistics of the loss: share of active terms, mean distances, beta. */
    [statistic: string]: number;
  } | null;
  /** Of the epoch's last step. */
  learningRate: number;
  /** Retrieval among the held-out pictures; null without any. */
  clean: RetrievalMetrics | null;
  /** The same under noise, one draw a picture; null where the noise of validation is 0. */
  noisy: RetrievalMetrics | null;
  /** Whether this is the best trained model so far, and was kept. The model before training does not take part: see `keptBelowUntrained`. */
  best: boolean;
  /** Wall-clock seconds of the epoch's steps. */
  seconds: number;
  imagesPerSecond: number;
}

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
