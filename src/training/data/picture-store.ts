/**
 * The pictures of a training, decoded once and kept as bytes within a budget of memory; what does not fit is decoded
 * again each time. All are decoded at the beginning even then: which pictures cannot be read must be known before the
 * first batch, or the batches would depend on the budget.
 */
import { cancellation, isRetrievalGuardError, RetrievalGuardError } from '../../errors.ts';
import { type ByteImage, decodeImage, type ImageSource, resize, resizedSize } from '../../image/index.ts';
import { inOrder } from '../../runs/index.ts';

/** Pictures being decoded at the same time. */
const AHEAD = 4;

/** Bytes of pictures kept unless the caller says otherwise: 1 GiB. */
export const DEFAULT_MEMORY = 2 ** 30;

/** Options of {@link PictureStore.open}. */
export interface PictureStoreOptions {
  /** Bytes of decoded pictures to keep. Default {@link DEFAULT_MEMORY}. */
  memory?: number;
  /** Called for each picture that cannot be read and is left out; absent: the first one's error is thrown. */
  onUnreadable?: (index: number, error: RetrievalGuardError) => void;
  /** Called after each picture. */
  onProgress?: (done: number, total: number) => void;
  /** Asked before each picture; once true, opening throws CANCELLED. */
  cancelled?: () => boolean;
}

/** Decoded pictures, by their position in the list of all. */
export class PictureStore {
  /** Positions of the pictures that could be read, ascending. */
  readonly readable: Int32Array;
  readonly #kept: ReadonlyMap<number, ByteImage>;
  readonly #load: (index: number) => Promise<ByteImage>;

  private constructor(
    readable: Int32Array,
    kept: ReadonlyMap<number, ByteImage>,
    load: (index: number) => Promise<ByteImage>,
  ) {
    this.readable = readable;
    this.#kept = kept;
    this.#load = load;
  }

  /**
   * Decodes pictures 0 … count − 1 with `load`, which throws IMAGE_UNREADABLE for those that cannot be read.
   *
   * @throws RetrievalGuardError DATASET_EMPTY when none can be read, CANCELLED, and whatever else `load` throws
   */
  static async open(
    count: number,
    load: (index: number) => Promise<ByteImage>,
    options: PictureStoreOptions = {},
  ): Promise<PictureStore> {
    const { memory = DEFAULT_MEMORY, onUnreadable, onProgress, cancelled } = options;
    if (!(memory >= 0)) {
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: 'memory >= 0 in bytes',
        got: `memory = ${memory}`,
      });
    }
    const kept = new Map<number, ByteImage>();
    const readable: number[] = [];
    let left = memory;
    await loadInOrder(count, load, (index, result) => {
      if (cancelled?.()) throw cancellation();
      if ('error' in result) {
        const { error } = result;
        if (!onUnreadable || !isRetrievalGuardError(error, 'IMAGE_UNREADABLE')) throw error;
        onUnreadable(index, error);
      } else {
        readable.push(index);
        left -= result.image.data.length;
        if (left >= 0) kept.set(index, result.image);
      }
      onProgress?.(index + 1, count);
    });
    if (readable.length === 0) {
      throw new RetrievalGuardError('DATASET_EMPTY', {
        expected: 'at least one picture that can be read',
        got: `none of ${count}`,
      });
    }
    return new PictureStore(Int32Array.from(readable), kept, load);
  }

  /** How many pictures are kept in memory. */
  get kept(): number {
    return this.#kept.size;
  }

  /** A picture: kept, or decoded anew. Throws as `load` does. */
  async get(index: number): Promise<ByteImage> {
    return this.#kept.get(index) ?? this.#load(index);
  }

  /** Hands several pictures to `take` one after another, decoding those that are not kept a few ahead. */
  async each(indices: ArrayLike<number>, take: (image: ByteImage, i: number) => void): Promise<void> {
    await loadInOrder(
      indices.length,
      (i) => this.get(indices[i]),
      (i, result) => {
        if ('error' in result) throw result.error;
        take(result.image, i);
      },
    );
  }
}

/** What became of loading a picture. */
type Loaded = { image: ByteImage } | { error: unknown };

/** Loads 0 … count − 1, {@link AHEAD} at a time, and takes the results in order. Ends early when `take` throws. */
function loadInOrder(
  count: number,
  load: (i: number) => Promise<ByteImage>,
  take: (i: number, result: Loaded) => void,
): Promise<void> {
  const attempt = async (i: number): Promise<[number, Loaded]> =>
    load(i).then(
      (image) => [i, { image }],
      (error: unknown) => [i, { error }],
    );
  return inOrder(upTo(count), AHEAD, attempt, async ([i, result]) => take(i, result));
}

async function* upTo(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) yield i;
}

/** For random crops: the whole picture, its shorter edge made `edge` pixels where it is longer. */
export async function loadForCrops(source: ImageSource, channels: 1 | 3, edge: number): Promise<ByteImage> {
  const image = await decodeImage(source, channels);
  if (Math.min(image.height, image.width) <= edge) return image;
  return resize(image, resizedSize(image, { kind: 'shortest_edge', edge }), 'bilinear');
}
