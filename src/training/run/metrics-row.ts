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
  /** The same under the training noise, one draw a picture; null without noise. */
  noisy: RetrievalMetrics | null;
  /** Whether this is the best model so far. */
  best: boolean;
  /** Wall-clock seconds of the epoch's steps. */
  seconds: number;
  imagesPerSecond: number;
}

/** What makes one model better than another: Recall@1 under noise where it trains with noise, else clean. */
export function scoreOf({ clean, noisy }: Pick<EpochRow, 'clean' | 'noisy'>): number | null {
  return (noisy ?? clean)?.recallAt1 ?? null;
}
