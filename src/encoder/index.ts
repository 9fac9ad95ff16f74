/**
 * Image encoders: ONNX models in ONNX Runtime.
 *
 * @module encoder
 */
export { describeEncoder } from './describe.ts';
export { type Encoder, encoderOver, type EncoderOptions, openEncoder, readEncoderInfo } from './encoder.ts';
export { type ModelFiles, resolveModel } from './model-files.ts';
export { choosePooling, inspectModel, type SessionMetadata } from './inspect.ts';
export { type BatchInvariance, probeBatchInvariance } from './invariance.ts';
export { loadSession } from './load-session.ts';
export { normalizePixels, normalizeRows } from './normalize-pixels.ts';
export { supportedProviders } from './load-session.ts';
export { EncoderSession } from './session.ts';
export type {
  EmbeddingOutput,
  EncoderInfo,
  FloatType,
  ImageInput,
  ModelFlags,
  OtherInput,
  Pooling,
  SessionOptions,
  TrainedWith,
} from './encoder-info.ts';
export { sigmaNotes } from './sigma-notes.ts';
