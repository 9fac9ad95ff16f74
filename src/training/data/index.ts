/** From an opened dataset to training batches: sampling, augmentation, noise, and pictures for evaluation. */
export { ClassBalancedSampler, type SamplerOptions } from './class-balanced-sampler.ts';
export {
  type EvaluationBatch,
  type EvaluationDraw,
  EvaluationPictures,
} from './evaluation-pictures.ts';
export { BatchLoader, type BatchLoaderOptions } from './loader.ts';
export { type Purpose, RandomStream, trainingKey } from './random.ts';
export {
  type AffineOptions,
  type AugmentOptions,
  type BatchShape,
  CHARACTER_AUGMENTATION,
  type CropOptions,
  PHOTO_AUGMENTATION,
  type ReadingOptions,
  type SkippedPicture,
  type TrainingBatch,
} from './types.ts';
