/** A hash that tells whether two runs saw the same images. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { FoundItem } from './dataset.ts';

/** Files asked for their size at a time. */
const BATCH = 64;

/**
 * SHA-256 (hex) over one JSON line [id, label, size] per item, in order. The size is null for a missing file. Contents
 * are not read: an edit that keeps a file's length goes unnoticed.
 */
export async function fingerprintOf(found: readonly FoundItem[]): Promise<string> {
  const hash = createHash('sha256');
  for (let start = 0; start < found.length; start += BATCH) {
    const batch = found.slice(start, start + BATCH);
    const sizes = await Promise.all(batch.map(sizeOf));
    batch.forEach(({ item }, i) => hash.update(`${JSON.stringify([item.id, item.label, sizes[i]])}\n`));
  }
  return hash.digest('hex');
}

async function sizeOf({ item, size }: FoundItem): Promise<number | null> {
  if (size !== undefined) return size;
  if (item.path === undefined) return null;
  return stat(item.path).then(
    (file) => file.size,
    () => null,
  );
}
