/** Opening a gallery folder: the manifest and sizes first, the vectors when they are asked for. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RetrievalGuardError } from '../errors.ts';
import { CHUNK_BYTES, GALLERY_FILES } from './files.ts';
import { Gallery, vectorBytes } from './gallery.ts';
import { parseItems } from './items.ts';
import { type GalleryManifest, parseManifest } from './manifest.ts';
import { NPY_HEAD_BYTES, parseNpyHeader } from './npy.ts';
import { strandedCopy } from './stage.ts';

/** A gallery folder whose manifest and file sizes were found right. */
export interface GalleryHandle {
  /** The folder as it was given. */
  readonly folder: string;
  readonly manifest: GalleryManifest;
  /** Reads vectors and items and verifies their hashes. @throws GALLERY_INVALID naming the file that is wrong. */
  load(): Promise<Gallery>;
}

/**
 * Opens a gallery folder without reading its vectors.
 * @throws GALLERY_INVALID when a file is missing, the manifest is wrong, or vectors.npy has another type, shape or size.
 */
export async function openGallery(folder: string): Promise<GalleryHandle> {
  const file = join(folder, GALLERY_FILES.manifest);
  const text = await reading(file, () => readFile(file, 'utf8')).catch(async (error: unknown) => {
    const stranded = await strandedCopy(folder);
    if (!stranded) throw error;
    throw new RetrievalGuardError('GALLERY_INVALID', {
      expected: `${file} to exist`,
      got: `none, but a writer that was killed left the former gallery in ${stranded}`,
      fix: `Rename that folder to ${folder}, or build the gallery again.`,
      cause: error,
    });
  });
  const manifest = parseManifest(text, file);
  await withVectors(join(folder, GALLERY_FILES.vectors), manifest, async () => {});
  if (manifest.cleanHash) await withVectors(join(folder, GALLERY_FILES.clean), manifest, async () => {});
  const items = join(folder, GALLERY_FILES.items);
  await reading(items, () => stat(items));
  return { folder, manifest, load: () => load(folder, manifest) };
}

async function load(folder: string, manifest: GalleryManifest): Promise<Gallery> {
  const vectors = await loadVectors(folder, GALLERY_FILES.vectors, manifest, manifest.vectorsHash);
  const clean = manifest.cleanHash
    ? await loadVectors(folder, GALLERY_FILES.clean, manifest, manifest.cleanHash)
    : undefined;
  const file = join(folder, GALLERY_FILES.items);
  const bytes = await reading(file, () => readFile(file));
  const { ids, labels } = parseItems(bytes, file);
  if (ids.length !== manifest.count) {
    throw new RetrievalGuardError('GALLERY_INVALID', {
      expected: `${file} to hold ${manifest.count} lines, as ${GALLERY_FILES.manifest} says`,
      got: `${ids.length}`,
      fix: 'Build the gallery again.',
    });
  }
  verify(file, createHash('sha256').update(bytes).digest('hex'), manifest.itemsHash);
  return new Gallery(manifest, { vectors, clean, labels, ids });
}

/** Reads and verifies one file of vectors. */
async function loadVectors(
  folder: string,
  name: string,
  manifest: GalleryManifest,
  expected: string,
): Promise<Float32Array> {
  const vectors = new Float32Array(manifest.count * manifest.dimension);
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
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    throw new RetrievalGuardError('GALLERY_INVALID', {
      expected: missing ? `${file} to exist` : `${file} to be readable`,
      got: missing ? 'no such file' : cause instanceof Error ? cause.message : String(cause),
      fix: missing
        ? 'Name a folder that the gallery command made, or build the gallery.'
        : 'Check its permissions, or build the gallery again.',
      cause,
    });
  }
}
