/** The pictures that a model is evaluated on during training: no augmentation, the pixels that certify uses. */
import type { DatasetItem } from '../../datasets/index.ts';
import type { RetrievalGuardError } from '../../errors.ts';
import { loadBytes, type Preprocessing } from '../../image/index.ts';
import { noiseKey } from '../../noise/index.ts';
import { Canvas } from './augment/canvas.ts';
import { numberLabels } from './batch-maker.ts';
import { PictureStore } from './picture-store.ts';
import { requireWhole } from './random.ts';
import type { ReadingOptions, SkippedPicture } from './types.ts';

/** How {@link EvaluationPictures.batches} hands the pictures out. */
export interface EvaluationDraw {
  /** Pictures a batch; the last one may have fewer. Default 64. */
  readonly batch?: number;
  /** Standard deviation of the noise in [0,1] pixel units; default 0: none. */
  readonly sigma?: number;
  /** A safe integer ≥ 0; default 0. */
  readonly seed?: number;
  /** Which of the noises of a seed: each number has noise of its own. Default 0. */
  readonly draw?: number;
}

/** Some neighbouring pictures. */
export interface EvaluationBatch {
  /** Position of the first one in `items`. */
  readonly first: number;
  readonly count: number;
  /** [count, channels, height, width]: (x + σz − mean) / std. */
  readonly images: Float32Array<ArrayBuffer>;
}

/** Decoded pictures with their labels. */
export class EvaluationPictures {
  /** The pictures that could be read, in the order they were given. */
  readonly items: readonly DatasetItem[];
  /** Class of each item: its place in `classNames`. */
  readonly classes: Int32Array;
  readonly classNames: readonly string[];
  /** Pictures left out because they could not be read. */
  readonly skipped: readonly SkippedPicture[];
  readonly #preprocessing: Preprocessing;
  readonly #store: PictureStore;

  private constructor(
    { items, preprocessing }: ReadingOptions,
    store: PictureStore,
    skipped: readonly SkippedPicture[],
  ) {
    this.items = Array.from(store.readable, (index) => items[index]);
    const { names, indices } = numberLabels(this.items.map(({ label }) => label));
    this.classNames = names;
    this.classes = indices;
    this.skipped = skipped;
    this.#preprocessing = preprocessing;
    this.#store = store;
  }

  /**
   * Decodes every picture once.
   *
   * @throws RetrievalGuardError DATASET_EMPTY when none can be read, PREPROCESSING_INVALID as loadImage does, IMAGE_UNREADABLE with
   * `strict`, CANCELLED
   */
  static async open(options: ReadingOptions): Promise<EvaluationPictures> {
    const { items, preprocessing, memory, strict, onSkip, onProgress, signal } = options;
    const skipped: SkippedPicture[] = [];
    const skip = (index: number, error: RetrievalGuardError): void => {
      skipped.push({ id: items[index].id, reason: error.got });
      onSkip?.(items[index], error);
    };
    const load = async (index: number) =>
      loadBytes(items[index].path ?? (await items[index].read()), preprocessing);
    const store = await PictureStore.open(items.length, load, {
      memory,
      onUnreadable: strict ? undefined : skip,
      onProgress,
      cancelled: () => signal?.aborted ?? false,
    });
    return new EvaluationPictures(options, store, skipped);
  }

  /**
   * All pictures in order. The noise of a picture depends on (seed, its id, draw) alone, not on the batch.
   *
   * @throws RetrievalGuardError OPTION_INVALID for options out of range
   */
  async *batches({
    batch = 64,
    sigma = 0,
    seed = 0,
    draw = 0,
  }: EvaluationDraw = {}): AsyncGenerator<EvaluationBatch> {
    requireWhole('batch', batch, 1);
    const canvas = new Canvas({ preprocessing: this.#preprocessing, sigma });
    const { channels, height, width } = this.#preprocessing;
    const size = channels * height * width;
    for (let first = 0; first < this.items.length; first += batch) {
      const indices = this.#store.readable.subarray(first, first + batch);
      const images = new Float32Array(indices.length * size);
      await this.#store.each(indices, (image, i) => {
        canvas.fill(image);
        const key = noiseKey({ seed, query: this.items[first + i].id, phase: 'evaluation' });
        images.set(canvas.noisy(key, draw), i * size);
      });
      yield { first, count: indices.length, images };
    }
  }
}
