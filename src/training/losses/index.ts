/** Metric-learning losses as parts of an ONNX graph. */
import { contrastive } from './contrastive.ts';
import { margin } from './margin.ts';
import { multiSimilarity } from './multi-similarity.ts';
import { proxyAnchor } from './proxy-anchor.ts';
import { triplet } from './triplet.ts';

export { EmbeddingBatch, type EmbeddingBatchOptions, SMALLEST_SQUARED_DISTANCE } from './batch.ts';
export type { Options, Setting, Settings } from './loss-settings.ts';
export type * from './types.ts';

/** Every loss. */
export const LOSSES = {
  margin,
  contrastive,
  triplet,
  'multi-similarity': multiSimilarity,
  'proxy-anchor': proxyAnchor,
} as const;

/** Name of a loss. */
export type LossName = keyof typeof LOSSES;
