/** Opening a gallery folder: the manifest and sizes first, the vectors when they are asked for. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RetrievalGuardError } from '../errors.ts';
import { isSystemError } from '../output.ts';
import { messageOf } from '../words.ts';
import { CHUNK_BYTES, GALLERY_FILES } from './gallery-files.ts';
import { Gallery, vectorBytes } from './gallery.ts';
import { parseItems } from './items.ts';
import { type GalleryManifest, parseManifest, requireUnedited } from './manifest.ts';
import { NPY_HEAD_BYTES, parseNpyHeader } from './npy.ts';
import { readVectors } from './open-vectors.ts';
import { whole } from './replaced.ts';

/** A gallery folder whose manifest and file sizes were found right. */
export interface GalleryHandle {
  /** The folder as it was given. */
  readonly folder: string;
  readonly manifest: GalleryManifest;
  /**
   * Reads vectors and items and verifies their hashes. Where the gallery was replaced since it was opened, the new one is read if
   * it was made by the same model with the same noise.
   * @throws GALLERY_INVALID naming the file that is wrong, or what the new gallery has that the former had not
   */
  load(): Promise<Gallery>;
}

/**
 * Opens a gallery folder without reading its vectors; one that is being replaced is waited for. Or reads a .npy file of plain vectors: clean
 * embeddings by whatever model it is used with, each its own label, with the number of its row for an id.
 * @throws GALLERY_INVALID when a file is missing, the manifest is wrong, or vectors.npy has another type, shape or size.
 */
export async function openGallery(folder: string): Promise<GalleryHandle> {
  if (folder.endsWith('.npy')) {
    const gallery = await readVectors(folder);
    return { folder, manifest: gallery.manifest, load: () => Promise.resolve(gallery) };
  }
  const manifest = await whole(folder, () => inspect(folder));
  const load = (): Promise<Gallery> =>
    whole(folder, async () => {
      const now = await inspect(folder);
      requireAlike(folder, manifest, now);
      return read(folder, now);
    });
  return { folder, manifest, load };
}

/** What decides which queries may be compared with a gallery: whoever opened it has looked at these. */
const SYSTEM = ['dimension', 'sigma', 'samples', 'alpha', 'modelHash', 'preprocessingHash'] as const;

function requireAlike(folder: string, opened: GalleryManifest, now: GalleryManifest): void {
  const other = SYSTEM.find((field) => opened[field] !== now[field]);
  if (other === undefined) return;
  throw new RetrievalGuardError('GALLERY_INVALID', {
    expected: `${folder} to stay as it was opened, with ${other} ${opened[other]}`,
    got: `another gallery in its place, with ${other} ${now[other]}`,
    fix: 'Run the command again for the new gallery.',
  });
}

/** The manifest, once all files were found to be there and of the right size. */
async function inspect(folder: string): Promise<GalleryManifest> {
  const file = join(folder, GALLERY_FILES.manifest);
  const manifest = parseManifest(await reading(file, () => readFile(file, 'utf8')), file);
  await withVectors(join(folder, GALLERY_FILES.vectors), manifest, async () => {});
  if (manifest.cleanHash) await withVectors(join(folder, GALLERY_FILES.clean), manifest, async () => {});
  const items = join(folder, GALLERY_FILES.items);
  await reading(items, () => stat(items));
  requireUnedited(manifest, file);
  return manifest;
}

async function read(folder: string, manifest: GalleryManifest): Promise<Gallery> {
  const vectors = await loadVectors(folder, GALLERY_FILES.vectors, manifest, manifest.vectorsHash);
  const clean = manifest.cleanHash
    ? await loadVectors(folder, GALLERY_FILES.clean, manifest, manifest.cleanHash)
    : undefined;
  const file = join(folder, GALLERY_FILES.items);
  const bytes = await reading(file, () => readFile(file));
  const { ids, labels, hashes } = parseItems(bytes, file);
  if (ids.length !== manifest.count) {
    throw new RetrievalGuardError('GALLERY_INVALID', {
      expected: `${file} to hold ${manifest.count} lines, as ${GALLERY_FILES.manifest} says`,
      got: `${ids.length}`,
      fix: 'Build the gallery again.',
    });
  }
  verify(file, createHash('sha256').update(bytes).digest('hex'), manifest.itemsHash);
  return new Gallery(manifest, { vectors, clean, labels, ids, hashes });
}

/** Reads and verifies one file of vectors. */
async function loadVectors(
  folder: string,
  name: string,
  manifest: GalleryManifest,
  expected: string,
): Promise<Float32Array> {
  // shared, so that no thread needs a copy
  const vectors = new Float32Array(new SharedArrayBuffer(4 * manifest.count * manifest.dimension));
  await withVectors(join(folder, name), manifest, async (handle, offset) => {
    const bytes = vectorBytes(vectors);
    const hash = createHash('sha256');
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await handle.read(
        bytes,
        at,
        Math.min(CHUNK_BYTES, bytes.length - at),
        offset + at,
      );
      if (bytesRead === 0) break; // shortened since it was opened: the hash tells
      hash.update(bytes.subarray(at, at + bytesRead));
      at += bytesRead;
    }
    verify(join(folder, name), hash.digest('hex'), expected);
  });
  return vectors;
}

function verify(file: string, got: string, expected: string): void {
  if (got === expected) return;
  throw new RetrievalGuardError('GALLERY_INVALID', {
    expected: `${file} to have the SHA-256 that ${GALLERY_FILES.manifest} records (${expected.slice(0, 12)}…)`,
    got: `${got.slice(0, 12)}…`,
    fix: 'The file was changed or damaged: restore it, or build the gallery again.',
  });
}

/** Opens a file of vectors, checks header and size against the manifest, and hands it on with the offset of the first value. */
async function withVectors(
  file: string,
  manifest: GalleryManifest,
  use: (handle: FileHandle, offset: number) => Promise<void>,
): Promise<void> {
  const handle = await reading(file, () => open(file, 'r'));
  try {
    const head = Buffer.alloc(NPY_HEAD_BYTES);
    const { bytesRead } = await reading(file, () => handle.read(head, 0, NPY_HEAD_BYTES, 0));
    const { rows, columns, offset } = parseNpyHeader(head.subarray(0, bytesRead), file);
    const { count, dimension } = manifest;
    if (rows !== count || columns !== dimension) {
      throw new RetrievalGuardError('GALLERY_INVALID', {
        expected: `${file} to hold ${count} × ${dimension} values, as ${GALLERY_FILES.manifest} says`,
        got: `${rows} × ${columns}`,
        fix: 'The files come from different galleries: restore them, or build the gallery again.',
      });
    }
    const { size } = await handle.stat();
    const expected = offset + 4 * count * dimension;
    if (size !== expected) {
      throw new RetrievalGuardError('GALLERY_INVALID', {
        expected: `${file} to be ${expected} bytes long`,
        got: `${size}${size < expected ? ': it was cut short' : ''}`,
        fix: 'Copy the file again, or build the gallery again.',
      });
    }
    await use(handle, offset);
  } finally {
    await handle.close();
  }
}

/** Runs a read and tells its failure as GALLERY_INVALID. */
async function reading<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const missing = isSystemError(cause, 'ENOENT') || isSystemError(cause, 'ENOTDIR');
    throw new RetrievalGuardError('GALLERY_INVALID', {
      expected: missing ? `${file} to exist` : `${file} to be readable`,
      got: missing ? 'no such file' : messageOf(cause),
      fix: missing
        ? 'Name a folder that the gallery command made, or build the gallery.'
        : 'Check its permissions, or build the gallery again.',
      cause,
    });
  }
}
