import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeImage } from './decode.ts';
import { difference, expected, fixture, unpackBytes } from './fixtures/expected.ts';

/** JPEG and lossy WebP decoders may round differently from version to version; everything else is exact. */
const isLossy = (name: string): boolean => name.endsWith('.jpg') || name === 'lossy.webp';
const unreadable = expect.objectContaining({ code: 'IMAGE_UNREADABLE' }) as unknown;

describe('decodeImage equals Pillow', () => {
  it.each(Object.keys(expected.decoded))('%s', async (name) => {
    for (const [channels, want] of [
      [3, expected.decoded[name].rgb],
      [1, expected.decoded[name].grey],
    ] as const) {
      const image = await decodeImage(fixture(name), channels);
      expect([image.height, image.width, image.channels]).toEqual(want.shape);
      const { differing, max } = difference(image.data, unpackBytes(want));
      if (isLossy(name)) expect(max, `${differing} of ${image.data.length} differ`).toBeLessThanOrEqual(1);
      else expect(differing).toBe(0);
    }
  });

  it('takes bytes as well as a path', async () => {
    const bytes = new Uint8Array(readFileSync(fixture('rgb.png')));
    expect(await decodeImage(bytes, 3)).toEqual(await decodeImage(fixture('rgb.png'), 3));
  });
});

describe('decodeImage refuses', () => {
  const folder = mkdtempSync(join(tmpdir(), 'image-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(expected.truncated)('$source cut to $kept bytes, as Pillow does', async ({ source, kept }) => {
    await expect(decodeImage(readFileSync(fixture(source)).subarray(0, kept), 3)).rejects.toEqual(unreadable);
  });

  it('a PNG with a flipped bit', async () => {
    const bytes = readFileSync(fixture('rgb.png'));
    bytes[bytes.length >> 1] ^= 1;
    await expect(decodeImage(bytes, 3)).rejects.toEqual(unreadable);
  });

  it('empty bytes, an empty file, a text file, a folder and a missing file, naming the path', async () => {
    const empty = join(folder, 'empty.jpg');
    const text = join(folder, 'text.png');
    writeFileSync(empty, '');
    writeFileSync(text, 'not a picture, whatever its name says\n'.repeat(50));
    await expect(decodeImage(new Uint8Array(0), 3)).rejects.toThrow(/IMAGE_UNREADABLE.*0 bytes: it is empty/);
    for (const path of [empty, text, folder, join(folder, 'missing.png')]) {
      await expect(decodeImage(path, 1)).rejects.toEqual(unreadable);
      await expect(decodeImage(path, 1)).rejects.toThrow(path);
    }
  });

  it('in the same words however many are read at once', async () => {
    const bytes = readFileSync(fixture('rgb.png'));
    const truncated = bytes.subarray(0, bytes.length - 40);
    const text = Buffer.from('no picture '.repeat(20));
    const refused = await Promise.allSettled(
      Array.from({ length: 200 }, (_, i) => decodeImage(i % 2 === 0 ? truncated : text, 3)),
    );
    const words = new Set(
      refused.map((one) => (one.status === 'rejected' ? String(one.reason) : 'accepted')),
    );
    expect([...words]).toEqual([
      expect.stringContaining(`${truncated.length} bytes: its image data are damaged or cut short`),
      expect.stringContaining(`${text.length} bytes: it does not begin as an image does`),
    ]);
  });

  it('vector graphics', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
    await expect(decodeImage(Buffer.from(svg), 3)).rejects.toThrow('it is an SVG drawing');
  });
});

/** The first box of an ISO media file, with bytes after it. */
function isoMedia(main: string, ...compatible: string[]): Buffer {
  const box = Buffer.alloc(16 + 4 * compatible.length);
  box.writeUInt32BE(box.length);
  box.write(`ftyp${main}`, 4, 'latin1');
  for (const [i, brand] of compatible.entries()) box.write(brand, 16 + 4 * i, 'latin1');
  return Buffer.concat([box, Buffer.alloc(200, 7)]);
}

/** A TIFF directory with one entry. */
function tiffWith(tag: number): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.write('II*\0', 'latin1');
  bytes.writeUInt32LE(8, 4);
  bytes.writeUInt16LE(1, 8);
  bytes.writeUInt16LE(tag, 10);
  return bytes;
}

describe('decodeImage says what a file is', () => {
  it.each<[string, string | Buffer, RegExp]>([
    ['heic', isoMedia('heic', 'mif1', 'heic'), /it is a HEIC picture.*Convert it to JPEG or PNG/],
    ['hevm', isoMedia('hevm', 'msf1'), /it is a HEIC picture/],
    ['mif1 of HEIC', isoMedia('mif1', 'heic'), /it is a HEIC picture/],
    ['heic cut off in its first box', isoMedia('heic').subarray(0, 12), /it is a HEIC picture/],
    ['MP4', isoMedia('iso5', 'dash'), /it is a video/],
    ['QuickTime', isoMedia('qt  '), /it is a video/],
    ['Matroska', '\x1aE\xdf\xa3', /it is a video/],
    ['CR3', isoMedia('crx '), /it is the raw file of a camera/],
    ['DNG', tiffWith(0xc612), /it is the raw file of a camera/],
    ['a web page after a byte order mark', '\xef\xbb\xbf\n<!DOCTYPE html>', /it is a page of HTML/],
    ['zeros', '\0'.repeat(500), /nothing but zeros/],
    ['a PNG cut in its header', '\x89PNG\r\n\x1a\n\0\0', /damaged or cut short/],
    ['an AVIF cut short', isoMedia('mif1', 'avif'), /damaged or cut short/],
    ['a JPEG of 20 bytes', `\xff\xd8\xff\xe0${'a'.repeat(16)}`, /damaged or cut short/],
    ['a TIFF that is no DNG', tiffWith(0x100), /damaged or cut short/],
    ['anything else', 'a diary', /does not begin as an image does/],
  ])('%s', async (_name, content, words) => {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
    await expect(decodeImage(bytes, 3)).rejects.toEqual(unreadable);
    await expect(decodeImage(bytes, 3)).rejects.toThrow(words);
  });

  it('an AVIF whatever its main brand', async () => {
    const picture = sharp({ create: { width: 5, height: 3, channels: 3, background: '#a02040' } });
    const avif = await picture.avif().toBuffer();
    expect(await decodeImage(avif, 3)).toMatchObject({ width: 5, height: 3 });
    avif.write('mif1', 8, 'latin1');
    expect(await decodeImage(avif, 3)).toMatchObject({ width: 5, height: 3 });
  });
});
