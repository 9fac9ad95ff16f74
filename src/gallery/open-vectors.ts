/** A gallery of plain vectors: a .npy file of any program, without labels, pictures or a word of where it comes from. */
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { RetrievalGuardError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { CHUNK_BYTES } from './gallery-files.ts';
import { Gallery, vectorBytes } from './gallery.ts';
import { NPY_HEAD_BYTES, parseNpyHeader } from './npy.ts';

/** Stands for the hash of a model in a gallery whose vectors say of none. */
export const ANY_MODEL = '';

/**
 * Reads float32 vectors [count × dimension]. The id of an item is the number of its row, from 0, and its label its id. They are taken for clean
 * embeddings by the model that queries are made with.
 * @throws GALLERY_INVALID where the file is no such array, is cut short, or holds what is not finite
 */
export async function readVectors(file: string): Promise<Gallery> {
  const handle = await open(file, 'r').catch((cause: unknown) => {
    throw new RetrievalGuardError('GALLERY_INVALID', {
      expected: `${file} to be a readable file`,
      got: cause instanceof Error ? cause.message : String(cause),
      fix: 'Name a .npy file, or a gallery folder.',
      cause,
    });
  });
  try {
    const head = Buffer.alloc(NPY_HEAD_BYTES);
    const { bytesRead } = await handle.read(head, 0, NPY_HEAD_BYTES, 0);
    const { rows, columns, offset } = parseNpyHeader(head.subarray(0, bytesRead), file);
    const { size, mtime } = await handle.stat();
    const wanted = offset + 4 * rows * columns;
    if (size !== wanted)
      throw new RetrievalGuardError('GALLERY_INVALID', {
        expected: `${file} to be ${wanted} bytes long, as its header says`,
        got: `${size}`,
        fix: 'Copy or save the file again.',
      });
    const vectors = new Float32Array(new SharedArrayBuffer(4 * rows * columns));
    const bytes = vectorBytes(vectors);
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(CHUNK_BYTES, bytes.length - at);
      const read = await handle.read(bytes, at, length, offset + at);
      if (read.bytesRead === 0)
        throw new RetrievalGuardError('GALLERY_INVALID', {
          expected: `${file} to stay as it is`,
          got: 'a file that was cut short meanwhile',
        });
      at += read.bytesRead;
    }
    return Gallery.create({
      manifest: {
        sigma: 0,
        samples: 0,
        seed: 0,
        modelHash: ANY_MODEL,
        preprocessingHash: ANY_MODEL,
        data: resolve(file),
        dataFingerprint: '',
        created: mtime.toISOString(),
        retrievalguard: VERSION,
      },
      vectors,
      ids: Array.from({ length: rows }, (_, row) => String(row)),
    });
  } finally {
    await handle.close();
  }
}
