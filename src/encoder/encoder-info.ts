/** What is known of an encoder: plain records that can be stored, compared and sent to a worker. */
import type { Preprocessing } from '../image/index.ts';

/**
 * How an output becomes one vector an image: `none` for [batch, dim]; `spatial`, the mean over space, for
 * [batch, dim, h, w]; `cls`, the first token, or `mean`, the mean of all tokens, for [batch, tokens, dim].
 */
export type Pooling = 'none' | 'spatial' | 'cls' | 'mean';

/** The element types that an encoder's image and embedding can have. */
export type FloatType = 'float32' | 'float16';

/** What a caller can say of a model that its files do not; every value here wins over the files. */
export interface ModelFlags {
  /** Name of the image input, where the model has several inputs. */
  input?: string;
  /** Name of the embedding output, where the model has several outputs. */
  output?: string;
  /** How to pool an output of rank 3. */
  pooling?: 'cls' | 'mean';
  /** Size of the input image, where the model leaves it open. */
  height?: number;
  width?: number;
  /** Channels of the input image, where the model leaves them open. */
  channels?: number;
  /** Normalisation per channel, in [0,1] pixel units: the model gets (x − mean)/std. */
  mean?: readonly number[];
  std?: readonly number[];
  /** What white is to a model without preprocessing files, mean and std: 1 (the default) or 255. */
  inputRange?: 1 | 255;
  /** `file`: the preprocessing is `unrounded`, for radii in the pixels of files; default `input`. */
  pixels?: 'input' | 'file';
}

/** An input that is not the image; it is always fed zeros. */
export interface OtherInput {
  name: string;
  type: 'float32' | 'float16' | 'int64' | 'int32' | 'bool';
  /** Its dimensions; `batch` stands for the number of images. */
  shape: (number | 'batch')[];
}

/** The image input of a model, as its file declares it: null where a dimension is open. */
export interface ImageInput {
  name: string;
  type: FloatType;
  batch: number | null;
  channels: number | null;
  height: number | null;
  width: number | null;
  others: OtherInput[];
}

/** The embedding output of a model, as its file declares it. `rank` is null where the file does not say. */
export interface EmbeddingOutput {
  name: string;
  type: FloatType;
  rank: number | null;
}

/** Everything about an encoder, as JSON. */
export interface EncoderInfo {
  /** Absolute path of the .onnx file. */
  modelPath: string;
  /** SHA-256 of the .onnx file; with external data, of it and them. */
  modelHash: string;
  /** SHA-256 of all that decides an embedding: model, input, output, pooling, size and preprocessing. */
  encoderHash: string;
  /** `batch` is the size that the file fixes, or null when any will do. */
  input: ImageInput & { channels: number; height: number; width: number };
  output: {
    name: string;
    type: FloatType;
    rank: 2 | 3 | 4;
    pooling: Pooling;
    /** Dimensions of the raw output for one image, without the batch. */
    shape: number[];
  };
  /** Length of an embedding. */
  dimension: number;
  preprocessing: Preprocessing;
  preprocessingHash: string;
  /** What was assumed, and what looks wrong: a sentence each, for the person who opens the model. */
  notes: string[];
  /** retrievalguard.json, where there is one: at least the σ that the encoder was trained with. */
  trainedWith?: TrainedWith;
}

/** The contents of retrievalguard.json, which our training writes beside a model. */
export interface TrainedWith {
  /** Standard deviation of the Gaussian noise in training, in [0,1] pixel units. */
  sigma: number;
  [other: string]: unknown;
}

/** How a session runs. */
export interface SessionOptions {
  /** Execution provider: cpu, cuda, webgpu, coreml, dml, … Default cpu. */
  provider?: string;
  /** Threads inside an operator. Default 1, the right number inside a worker. */
  threads?: number;
  /** Most images a run; a model with a fixed batch size has that. Default 1. */
  batch?: number;
  /** Run every batch at the full size, padded with zeros, so that each image always meets the same shape. */
  padded?: boolean;
}
