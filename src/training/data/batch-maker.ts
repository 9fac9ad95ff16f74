/** Makes the batch of a step on one thread. The worker is a thin shell around it; tests use it in process. */
import { type ByteImage, type ImageSource, loadBytes } from '../../image/index.ts';
import { Augmenter, type AugmenterOptions } from './augment/augmenter.ts';
import { rotatedLabels, rotatedNames } from './augment/rotations.ts';
import { ClassBalancedSampler } from './class-balanced-sampler.ts';
import { loadForCrops, type PictureStore } from './picture-store.ts';
import type { BatchShape, TrainingBatch } from './types.ts';

/** Everything that decides what the batches hold, but for the pictures. Plain data. */
export interface BatchPlan extends AugmenterOptions, BatchShape {
  /** Shorter edge of the pictures that random crops are cut from, pixels. */
  readonly storedEdge: number;
}

/** Labels as numbers: the distinct ones sorted by UTF-16 code units, and the place of each label among them. */
export function numberLabels(labels: readonly string[]): { names: string[]; indices: Int32Array } {
  // the default order compares code units, the same on every machine
  const names = [...new Set(labels)].sort();
  const place = new Map(names.map((name, i) => [name, i]));
  return { names, indices: Int32Array.from(labels, (label) => place.get(label)!) };
}

/** Loads a picture as the plan needs it: at the model's size, or larger for random crops. */
export function loadForPlan(source: ImageSource, plan: BatchPlan): Promise<ByteImage> {
  const { preprocessing, augment, storedEdge } = plan;
  return augment.crop
    ? loadForCrops(source, preprocessing.channels, storedEdge)
    : loadBytes(source, preprocessing);
}

/** Makes batches out of the pictures that could be read. */
export class BatchMaker {
  /** Names of the classes: entry c is what label c stands for. */
  readonly classNames: readonly string[];
  readonly stepsPerEpoch: number;
  readonly #plan: BatchPlan;
  readonly #augmenter: Augmenter;
  readonly #sampler: ClassBalancedSampler;
  /** Class of each picture and rotation, see rotatedLabels. */
  readonly #classes: Int32Array;
  readonly #positions: Int32Array;

  /**
   * @param labels of all pictures
   * @param positions of those to train on, ascending
   * @throws RetrievalGuardError OPTION_INVALID as {@link Augmenter} and {@link ClassBalancedSampler} do
   */
  constructor(plan: BatchPlan, labels: readonly string[], positions: Int32Array) {
    const { names, indices } = numberLabels(Array.from(positions, (position) => labels[position]));
    const { rotations } = plan.augment;
    this.#plan = plan;
    this.#augmenter = new Augmenter(plan);
    this.classNames = rotations ? rotatedNames(names) : names;
    this.#classes = rotations ? rotatedLabels(indices, names.length) : indices;
    this.#positions = positions;
    this.#sampler = new ClassBalancedSampler(this.#classes, plan);
    this.stepsPerEpoch = this.#sampler.stepsPerEpoch;
  }

  /** The batch of a step: the same bits every time. Throws OPTION_INVALID for a bad step, or as reading a picture does. */
  async batch(step: number, store: PictureStore): Promise<TrainingBatch> {
    const drawn = this.#sampler.batch(step);
    const { channels, height, width } = this.#plan.preprocessing;
    const size = channels * height * width;
    const count = this.#positions.length;
    const images = new Float32Array(drawn.length * size);
    const classes = drawn.map((i) => this.#classes[i]);
    const pictures = drawn.map((i) => this.#positions[i % count]);
    await store.each(pictures, (image, position) => {
      const quarters = Math.floor(drawn[position] / count);
      const row = images.subarray(position * size, (position + 1) * size);
      this.#augmenter.write(image, { step, position, quarters }, row);
    });
    return { step, images, labels: BigInt64Array.from(classes, BigInt), classes, pictures };
  }
}
