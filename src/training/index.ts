/**
 * Trains encoders: metric learning with Gaussian augmentation, on gradients that are ONNX graphs.
 *
 * @module training
 */
export * from './backbones/index.ts';
export * from './data/index.ts';
export { buildTrainingGraph, type TrainingGraph, type TrainingGraphOptions } from './graph/training-graph.ts';
export { type StepStatistics, TrainingSession } from './graph/training-session.ts';
export { initialModel, type InitialModel, type InitialModelOptions } from './initial-model.ts';
export * from './losses/index.ts';
export * from './miners/index.ts';
export * from './optimizers/index.ts';
export type { Chosen, TrainingConfiguration, TrainingManifest } from './run/configuration.ts';
export { TRAINING_FILES } from './run/files.ts';
export type { EpochRow } from './run/metrics-row.ts';
export { type RetrievalMetrics, retrievalMetrics } from './run/retrieval-metrics.ts';
export {
  train,
  type TrainingEvent,
  type TrainingResult,
  type TrainOptions,
} from './run/trainer.ts';
export {
  PAPER_SCHEDULE,
  type RunLength,
  type Schedule,
  schedule,
  type ScheduleOptions,
  type ScheduleShape,
} from './schedule.ts';
export { type TrainableParameter, trainableParameters, type TrainableOptions } from './trainable.ts';
