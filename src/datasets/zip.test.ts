import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { afterAll, describe, expect, test } from 'vitest';
import { removeTrees, tree } from './fixtures/tree.ts';
import { listZip, readZipEntry } from './zip.ts';

const long = 'retrieval '.repeat(1000);

afterAll(removeTrees);

describe('zip archives', () => {
  const root = tree({});
  const file = join(root, 'a.zip');
  const bytes = zipSync({
    'folder/': new Uint8Array(),
    'folder/ä.txt': strToU8(long),
    'stored.bin': [strToU8('as it is'), { level: 0 }],
    empty: new Uint8Array(),
  });
  writeFileSync(file, bytes);

  test('lists files without folders and reads each alone', async () => {
    const entries = await listZip(file);
    expect(entries.map(({ name, size, method }) => [name, size, method])).toEqual([
      ['folder/ä.txt', long.length, 8],
      ['stored.bin', 8, 0],
      ['empty', 0, 8],
    ]);
    const texts = await Promise.all(entries.map((entry) => readZipEntry(file, entry)));
    expect(texts.map((text) => Buffer.from(text).toString())).toEqual([long, 'as it is', '']);
  });

  test('finds the directory behind a comment', async () => {
    const commented = Buffer.concat([bytes, Buffer.from('a comment')]);
    commented.writeUInt16LE(9, bytes.length - 2);
    const path = join(root, 'commented.zip');
    writeFileSync(path, commented);
    expect(await listZip(path)).toEqual(await listZip(file));
  });

  test('refuses what is no zip', async () => {
    for (const [name, content] of [
      ['text.zip', Buffer.from('not a zip')],
      ['nothing.zip', Buffer.alloc(0)],
      ['cut.zip', bytes.subarray(0, bytes.length - 30)],
    ] as const) {
      writeFileSync(join(root, name), content);
      await expect(listZip(join(root, name))).rejects.toThrow(new RegExp(`^DATASET_LAYOUT.*${name}`));
    }
    await expect(listZip(join(root, 'none.zip'))).rejects.toThrow(/no such file/);
  });

  test('a damaged entry fails alone', async () => {
    const damaged = Buffer.from(bytes);
    const [first, second] = await listZip(file);
    damaged.fill(0xff, first.offset + 60, first.offset + 90);
    const path = join(root, 'damaged.zip');
    writeFileSync(path, damaged);
    await expect(readZipEntry(path, first)).rejects.toThrow(/^IMAGE_UNREADABLE.*ä\.txt/);
    expect(Buffer.from(await readZipEntry(path, second)).toString()).toBe('as it is');
    await expect(readZipEntry(file, { ...first, method: 12 })).rejects.toThrow(/compression method 12/);
    await expect(readZipEntry(file, { ...first, size: 5 })).rejects.toThrow(/^IMAGE_UNREADABLE/);
  });
});
