/** Reading the pictures of a dataset ahead of the work that needs them, leaving out those that cannot be read. */
import type { DatasetItem } from '../datasets/index.ts';
import { isRetrievalGuardError, RetrievalGuardError } from '../errors.ts';
import { loadImage, type Preprocessing } from '../image/index.ts';

/** A picture ready for the encoder. */
export interface LoadedPicture {
  item: DatasetItem;
  /** [channels × height × width] in [0,1]. */
  pixels: Float32Array;
}

/** What to do with a picture that cannot be read. */
export interface SkipPolicy {
  /** Throw the error instead of leaving the picture out; default false. */
  strict?: boolean;
  /** Called for each picture left out. */
  onSkip?: (item: DatasetItem, error: Error) => void | Promise<void>;
}

const AHEAD = 4;

/** The readable pictures of `items`, in order, decoded a few ahead. */
export async function* readPictures(
  items: readonly DatasetItem[],
  preprocessing: Preprocessing,
  { strict = false, onSkip }: SkipPolicy = {},
): AsyncGenerator<LoadedPicture> {
  const load = async (item: DatasetItem): Promise<LoadedPicture | { item: DatasetItem; error: Error }> => {
    try {
      return { item, pixels: await loadImage(await item.read(), preprocessing) };
    } catch (error) {
      return { item, error: error as Error };
    }
  };
  const ahead: ReturnType<typeof load>[] = [];
  for (let next = 0; next < items.length || ahead.length > 0; ) {
    while (ahead.length < AHEAD && next < items.length) ahead.push(load(items[next++]));
    const picture = await ahead.shift()!;
    if (!('error' in picture)) {
      yield picture;
      continue;
    }
    // only a picture can be skipped: anything else is a fault of the program or of the options
    if (strict || !isRetrievalGuardError(picture.error, 'IMAGE_UNREADABLE')) throw named(picture);
    await onSkip?.(picture.item, picture.error);
  }
}

/** The error with the picture's id: the bytes that were decoded have no name. */
function named({ item, error }: { item: DatasetItem; error: Error }): Error {
  if (!isRetrievalGuardError(error) || error.message.includes(item.id)) return error;
  const { code, expected, got, fix } = error;
  return new RetrievalGuardError(code, { expected, got: `${got} in ${item.id}`, fix, cause: error });
}
