/** A thread that decodes, resizes and crops pictures for a {@link PictureLoader}. */
import { parentPort, workerData } from 'node:worker_threads';
import { packError } from '../threads.ts';
import { loadPicture } from './load-image.ts';
import type { FromLoader, LoaderSetup, ToLoader } from './picture-loader.ts';

const { preprocessing, maxPixels } = workerData as LoaderSetup;
const port = parentPort!;

// one at a time: what is decoded of large pictures would else fill the memory
let queue: Promise<void> = Promise.resolve();
port.on('message', ({ id, bytes }: ToLoader) => {
  queue = queue.then(() =>
    loadPicture(bytes, preprocessing, { maxPixels }).then(
      (picture) =>
        port.postMessage({ id, picture } satisfies FromLoader, [picture.pixels.buffer as ArrayBuffer]),
      (error: unknown) => port.postMessage({ id, error: packError(error) } satisfies FromLoader),
    ),
  );
});
