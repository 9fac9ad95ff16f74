/** Small labelled pictures for tests, in memory or as files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatasetItem } from '../../../datasets/index.ts';
import { RetrievalGuardError } from '../../../errors.ts';
import { encodePng } from '../../../image/index.ts';

/** What the pictures of {@link itemsOf} look like. */
export interface PictureShape {
  channels: 1 | 3;
  height: number;
  width: number;
}

/** Pixels of picture `i`, CHW in [0,1], each an exact byte; no two pictures or rows alike, no picture its own mirror image. */
export function pixelsOf(i: number, { channels, height, width }: PictureShape): Float32Array {
  return Float32Array.from(
    { length: channels * height * width },
    (_, at) => ((17 * i + 31 * (at % width) + 7 * Math.floor(at / width) + 3) % 256) / 255,
  );
}

/** A damaged picture. */
export const DAMAGED = 'damaged';

/**
 * One item a label, without a path: picture i shows {@link pixelsOf} i, but one labelled 'damaged' (or 'X damaged', of
 * label X) cannot be decoded.
 */
export async function itemsOf(labels: readonly string[], shape: PictureShape): Promise<DatasetItem[]> {
  const { channels, height, width } = shape;
  return Promise.all(
    labels.map(async (text, i) => {
      const [label, state] = text.split(' ');
      const png = await encodePng(pixelsOf(i, shape), channels, height, width);
      const bytes = state === DAMAGED ? png.subarray(0, png.length / 2) : png;
      return { id: `${label}/${i}.png`, label, read: () => Promise.resolve(bytes) };
    }),
  );
}

/** The same items as files with paths, and what removes them. */
export async function asFiles(
  items: readonly DatasetItem[],
): Promise<{ items: DatasetItem[]; remove: () => void }> {
  const root = mkdtempSync(join(tmpdir(), 'retrievalguard-pictures-'));
  const files = await Promise.all(
    items.map(async (item, i) => {
      const path = join(root, `${i}.png`);
      writeFileSync(path, await item.read());
      return { ...item, path, read: () => Promise.reject(new Error('the path is there to be read')) };
    }),
  );
  return { items: files, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** An item whose bytes cannot be had. */
export function missingItem(label: string): DatasetItem {
  const error = new RetrievalGuardError('IMAGE_UNREADABLE', { expected: 'a file', got: 'none' });
  return { id: `${label}/missing.png`, label, read: () => Promise.reject(error) };
}
