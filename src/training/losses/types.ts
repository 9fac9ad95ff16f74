/** The parts that a training objective is put together from: a loss, and for some losses a miner. */
import type { Value } from '../../onnx/index.ts';
import type { EmbeddingBatch } from './batch.ts';
import type { Options, Settings } from './loss-settings.ts';

/** A learnable tensor of a loss: an input of the graph that the trainer feeds and updates. */
export interface LossParameter {
  /** Name of the graph input. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Initial value, row by row. */
  readonly data: Float32Array;
  /** Its own learning rate: the network's does not apply to it. */
  readonly learningRate: number;
}

/** An input of the graph to feed with fresh uniform values in (0, 1) at each step, float32. */
export interface NoiseInput {
  /** Name of the graph input. */
  readonly name: string;
  readonly shape: readonly number[];
}

/** What a loss adds to the graph. Every value is a float32 scalar, shape []. */
export interface LossGraph {
  /** To be minimised. */
  readonly loss: Value;
  /** The graph inputs to update. */
  readonly parameters: readonly LossParameter[];
  /** The graph inputs to draw anew. */
  readonly noise: readonly NoiseInput[];
  /**
   * For the log: `active`, the share of terms above 0; `positiveDistance` and `negativeDistance`, means over the
   * pairs that the loss looks at (0 without any); and what a loss adds, as `beta`.
   */
  readonly statistics: Readonly<Record<string, Value>>;
}

/** Whether a loss works on triplets that a miner chooses, may do so, or chooses its pairs itself. */
export type MinerUse = 'required' | 'optional' | 'none';

/** A metric-learning loss. */
export interface Loss {
  readonly name: string;
  readonly miner: MinerUse;
  /**
   * Adds the loss of a batch to the batch's graph. Call it once per graph: the names of its inputs are fixed.
   *
   * @throws RetrievalGuardError OPTION_INVALID when the miner is missing, or given to a loss that takes none
   */
  build(batch: EmbeddingBatch, miner?: Miner | null): LossGraph;
}

/**
 * Triplets (a, p, n) of a batch: `draws` slots for each of its B images as the anchor a. Slot t of row a holds the
 * places of p, of the same class, and n, of another. Where `valid` is 0 the places mean nothing, though they exist.
 */
export interface Triplets {
  /** int64 [B, draws] */
  readonly positives: Value;
  /** int64 [B, draws] */
  readonly negatives: Value;
  /** float32 [B, draws], 0 or 1 */
  readonly valid: Value;
  readonly noise: readonly NoiseInput[];
}

/** Chooses a negative for each pair of an anchor and a positive. No gradient flows through the choice. */
export interface Miner {
  readonly name: string;
  /** Adds the choice to the batch's graph. */
  mine(batch: EmbeddingBatch): Triplets;
}

/** A loss that can be chosen by name. */
export interface LossEntry<S extends Settings = Settings> {
  /** One line for help texts. */
  readonly summary: string;
  readonly settings: S;
  readonly miner: MinerUse;
  /** Whether it learns from pairs of pictures of one class. */
  readonly pairs: boolean;
  /** @throws RetrievalGuardError OPTION_INVALID for an unknown option or a value outside its range */
  create(options?: Options<S>): Loss;
}

/** A miner that can be chosen by name. */
export interface MinerEntry<S extends Settings = Settings> {
  /** One line for help texts. */
  readonly summary: string;
  readonly settings: S;
  /** @throws RetrievalGuardError OPTION_INVALID for an unknown option or a value outside its range */
  create(options?: Options<S>): Miner;
}
