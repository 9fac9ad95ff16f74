/** Reading the pictures of a dataset ahead of the work that needs them, leaving out those that cannot be read. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { sep } from 'node:path';
import type { Dataset, DatasetItem } from '../datasets/index.ts';
import { isRetrievalGuardError, RetrievalGuardError } from '../errors.ts';
import { type FilePixels, loadPicture, PictureLoader, type Preprocessing } from '../image/index.ts';
import type { Gallery } from '../gallery/index.ts';
import type { AnyManifest, Run, RunProgress } from '../runs/index.ts';
import type { Smoother } from '../smoothing/index.ts';

/** A picture ready for the encoder. */
export interface LoadedPicture {
  item: DatasetItem;
  /** [channels × height × width] in [0,1]. */
  pixels: Float32Array;
  /** What is known of its file, where the preprocessing is unrounded. */
  file?: FilePixels;
  /** SHA-256 of the file, in hex: equal files are equal pictures. */
  hash: string;
}

/** What to do with a picture that cannot be read. */
export interface SkipPolicy {
  /** Throw the error instead of leaving the picture out; default false. */
  strict?: boolean;
  /** Called for each picture left out. */
  onSkip?: (item: DatasetItem, error: Error) => void | Promise<void>;
  /** Largest picture, in pixels; default that of decodeImage. */
  maxPixels?: number;
}

/** Options of a run over a dataset. */
export interface DatasetRun<Manifest, Row> extends Omit<SkipPolicy, 'onSkip'> {
  /** The queries. */
  dataset: Dataset;
  gallery: Gallery;
  smoother: Smoother;
  /** run.json of the run; `options` decides whether an existing folder may be resumed. */
  manifest: Manifest;
  /** Run folder. */
  out: string;
  signal?: AbortSignal;
  /** Told of each row, of skipped queries, and first of the rows that are there already. */
  onProgress?: (event: RunProgress<Row>) => void;
}

/** What a run over a dataset's pictures tells of its units. */
export function picturesOf(
  { dataset, strict, maxPixels }: Pick<SkipPolicy, 'strict' | 'maxPixels'> & { dataset: Dataset },
  preprocessing: Preprocessing,
): Pick<Run<AnyManifest, LoadedPicture, unknown, unknown>, 'ids' | 'source' | 'read'> {
  return {
    ids: dataset.items.map(({ id }) => id),
    source: dataset.spec,
    read: (todo, onSkip) =>
      readPictures(
        dataset.items.filter(({ id }) => todo(id)),
        preprocessing,
        { strict, maxPixels, onSkip },
      ),
  };
}

/** Fewer pictures are decoded sooner than threads are started for them. */
const WORTH_THREADS = 12;
/** Pictures that are loaded ahead of the work, for each thread. */
const AHEAD = 3;

/** The readable pictures of `items`, in order, decoded ahead on all cores. */
export async function* readPictures(
  items: readonly DatasetItem[],
  preprocessing: Preprocessing,
  { strict = false, onSkip, maxPixels }: SkipPolicy = {},
): AsyncGenerator<LoadedPicture> {
  const loader = items.length >= WORTH_THREADS ? new PictureLoader({ preprocessing, maxPixels }) : null;
  const load = async (item: DatasetItem): Promise<LoadedPicture | { item: DatasetItem; error: Error }> => {
    try {
      const bytes = await item.read();
      const hash = createHash('sha256').update(bytes).digest('hex');
      const picture = await (loader ? loader.load(bytes) : loadPicture(bytes, preprocessing, { maxPixels }));
      return { item, ...picture, hash };
    } catch (error) {
      return { item, error: error as Error };
    }
  };
  const ahead: ReturnType<typeof load>[] = [];
  const most = loader ? AHEAD * loader.threads : AHEAD;
  try {
    for (let next = 0; next < items.length || ahead.length > 0; ) {
      while (ahead.length < most && next < items.length) ahead.push(load(items[next++]));
      const picture = await ahead.shift()!;
      if (!('error' in picture)) {
        yield picture;
        continue;
      }
      // only a picture can be skipped: anything else is a fault of the program or of the options
      if (strict || !isRetrievalGuardError(picture.error, 'IMAGE_UNREADABLE')) throw named(picture);
      if ((picture.error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT')
        await requireFolderOf(picture.item);
      await onSkip?.(picture.item, picture.error);
    }
  } finally {
    await loader?.close();
  }
}

/** A folder that was there when the dataset was opened, and is no more, means that the dataset has vanished: a disk or a share is gone. */
async function requireFolderOf({ path }: DatasetItem): Promise<void> {
  const parts = path?.split(sep) ?? [];
  // the class's folder may be a mistake of a list; two levels up something of the dataset has to be left
  const folder = parts.slice(0, -2).join(sep) || sep;
  if (path === undefined || (await stat(folder).catch(() => null))) return;
  throw new RetrievalGuardError('DATASET_LAYOUT', {
    expected: `${folder}, where the pictures of the dataset were`,
    got: 'nothing: it has vanished while the dataset was read',
    fix: 'Is the disk or the network share still there? Run the same command again to go on.',
  });
}

/** The error with the picture's id: the bytes that were decoded have no name. */
function named({ item, error }: { item: DatasetItem; error: Error }): Error {
  if (!isRetrievalGuardError(error) || error.message.includes(item.id)) return error;
  const { code, expected, got, fix } = error;
  return new RetrievalGuardError(code, { expected, got: `${got} in ${item.id}`, fix, cause: error });
}
