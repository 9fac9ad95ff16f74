/** Writing a gallery folder. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { CHUNK_BYTES, GALLERY_FILES } from './gallery-files.ts';
import { Gallery, type NewContent, vectorBytes } from './gallery.ts';
import { encodeItems } from './items.ts';
import type { GalleryManifest } from './manifest.ts';
import { npyHeader } from './npy.ts';
import { guard } from '../output.ts';
import { type StagedFolder, stageFolder } from './stage.ts';

/** Options of {@link writeGallery}. */
export interface WriteGalleryOptions {
  /** Replace a gallery that exists; default false. A folder that holds anything else is never replaced. */
  overwrite?: boolean;
}

/**
 * Writes a gallery folder, all or nothing: `gallery.json`, `vectors.npy` (NumPy format) and `items.jsonl`. A writer that is killed
 * leaves the former gallery as it was. (Where a gallery is replaced, two renames follow each other; killed between them, the former
 * gallery stays complete in a hidden sibling that `openGallery` names.)
 * @returns the manifest as written, with count, dimension and hashes.
 * @throws OUTPUT_UNWRITABLE when the place is taken or cannot be written; GALLERY_INVALID or DATASET_LABELS for bad content.
 */
export async function writeGallery(
  folder: string,
  content: NewContent | Gallery,
  options: WriteGalleryOptions = {},
): Promise<GalleryManifest> {
  const gallery = content instanceof Gallery ? content : Gallery.create(content);
  const staged = await stageGallery(folder, gallery, options);
  try {
    await staged.commit();
  } catch (error) {
    await staged.discard();
    throw error;
  }
  return gallery.manifest;
}

/** All of {@link writeGallery} but the final rename. @internal */
export async function stageGallery(
  folder: string,
  gallery: Gallery,
  options: WriteGalleryOptions,
): Promise<StagedFolder> {
  const staged = await stageFolder(folder, { ...options, known: Object.values(GALLERY_FILES) });
  const { manifest, vectors, clean } = gallery;
  try {
    await guard(folder, async () => {
      const header = npyHeader(manifest.count, manifest.dimension);
      await writeFlushed(join(staged.path, GALLERY_FILES.vectors), [header, vectorBytes(vectors)]);
      if (manifest.cleanHash && clean) {
        await writeFlushed(join(staged.path, GALLERY_FILES.clean), [header, vectorBytes(clean)]);
      }
      await writeFlushed(join(staged.path, GALLERY_FILES.items), [encodeItems(gallery)]);
      const text = `${JSON.stringify(manifest, null, 2)}\n`;
      await writeFlushed(join(staged.path, GALLERY_FILES.manifest), [Buffer.from(text)]);
    });
  } catch (error) {
    await staged.discard();
    throw error;
  }
  return staged;
}

async function writeFlushed(path: string, parts: readonly Buffer[]): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    for (const part of parts) {
      for (let at = 0; at < part.length; ) {
        const { bytesWritten } = await handle.write(part, at, Math.min(CHUNK_BYTES, part.length - at));
        at += bytesWritten;
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}
