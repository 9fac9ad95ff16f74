/** Metric-learning losses as parts of an ONNX graph. */
export { EmbeddingBatch, type EmbeddingBatchOptions, SMALLEST_SQUARED_DISTANCE } from './batch.ts';
export { contrastiveLoss, contrastiveSettings } from './contrastive.ts';
export { marginLoss, marginSettings } from './margin.ts';
export { multiSimilarityLoss, multiSimilaritySettings } from './multi-similarity.ts';
export { proxyAnchorLoss, proxyAnchorSettings } from './proxy-anchor.ts';
export { type LossEntry, type LossName, LOSSES } from './registry.ts';
export { type Options, resolveSettings, type Setting, type Settings } from './loss-settings.ts';
export { tripletLoss, tripletSettings } from './triplet.ts';
export type { Loss, LossGraph, LossParameter, Miner, MinerUse, NoiseInput, Triplets } from './types.ts';
