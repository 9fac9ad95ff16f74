import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from './decode.ts';
import { difference, expected, fixture, unpackBytes, unpackFloats } from './fixtures/expected.ts';
import { encodePng, loadImage, thumbnail } from './load-image.ts';
import { defaultPreprocessing } from './preprocessing.ts';
import { parsePreprocessing } from './preprocessor-config.ts';

/** Interleaved bytes to CHW. */
const planes = (bytes: Uint8Array, [height, width, channels]: number[]): number[] =>
  Array.from({ length: bytes.length }, (_, i) => {
    const area = height * width;
    return bytes[(i % area) * channels + Math.floor(i / area)];
  });

describe('loadImage equals the pipeline of transformers', () => {
  it.each(expected.pipelines)(
    '$source, $config',
    async ({ source, channels, config, image, inputFloat32 }) => {
      const settings = { do_normalize: 'image_mean' in config, ...config };
      const preprocessing = parsePreprocessing(settings, { channels });
      const { height, width, mean, std } = preprocessing;
      expect([height, width, channels]).toEqual(image.shape);

      const x = await loadImage(fixture(source), preprocessing);
      const bytes = planes(unpackBytes(image), image.shape);
      const lossless = !source.endsWith('.jpg');
      const { differing, max } = difference(
        x,
        Float32Array.from(bytes, (v) => v / 255),
      );
      if (lossless) expect(differing).toBe(0);
      else expect(max, `${differing} of ${x.length} differ`).toBeLessThanOrEqual(1.0001 / 255);

      // What the graph gets, up to the rounding of float32 (the fold of the scale reorders the operations).
      const area = height * width;
      const input = x.map((v, i) => (v - mean[Math.floor(i / area)]) / std[Math.floor(i / area)]);
      const tolerance = lossless ? 0 : 1.0001 / 255 / Math.min(...std);
      const largest = Math.max(...unpackFloats(inputFloat32).map(Math.abs));
      expect(difference(input, unpackFloats(inputFloat32)).max).toBeLessThanOrEqual(
        tolerance + 1e-6 * largest,
      );
    },
  );
});

describe('loadImage', () => {
  it('returns single-precision v / 255 from bytes or a path', async () => {
    const preprocessing = { ...defaultPreprocessing({ channels: 3, height: 29, width: 43 }), resize: null };
    const x = await loadImage(fixture('rgb.png'), preprocessing);
    const { data } = await decodeImage(fixture('rgb.png'), 3);
    expect(x).toBeInstanceOf(Float32Array);
    expect(x[29 * 43 + 1]).toBe(Math.fround(data[4] / 255));
    expect(await loadImage(readFileSync(fixture('rgb.png')), preprocessing)).toEqual(x);
  });

  it('refuses a picture of another size where nothing resizes it', async () => {
    const preprocessing = { ...defaultPreprocessing({ channels: 1, height: 28, width: 28 }), resize: null };
    await expect(loadImage(fixture('rgb.png'), preprocessing)).rejects.toThrow(
      /PREPROCESSING_INVALID.*28×28.*29×43 from .*rgb\.png/,
    );
  });

  it('refuses a strip that would fill the memory', async () => {
    const raw = { width: 60_000, height: 1, channels: 1 } as const;
    const strip = await sharp(new Uint8Array(60_000), { raw }).png().toBuffer();
    const preprocessing = parsePreprocessing(
      { size: { shortest_edge: 256 }, crop_size: 224, do_normalize: false },
      { channels: 3 },
    );
    await expect(loadImage(strip, preprocessing)).rejects.toThrow(/IMAGE_UNREADABLE.*1×60000/);
  });
});

describe('thumbnail', () => {
  it('is an upright JPEG within the size, never enlarged', async () => {
    const small = await sharp(await thumbnail(fixture('rgb.png'), 20)).metadata();
    expect([small.format, small.width, small.height]).toEqual(['jpeg', 20, 13]);
    const turned = await sharp(await thumbnail(fixture('orientation-6.jpg'), 64)).metadata();
    expect([turned.width, turned.height]).toEqual([8, 13]);
  });

  it('refuses size 0', async () => {
    await expect(thumbnail(fixture('rgb.png'), 0)).rejects.toThrow('OPTION_INVALID');
  });
});

describe('encodePng', () => {
  it.each([1, 3] as const)('brings %i channels back to the same pixels', async (channels) => {
    const preprocessing = defaultPreprocessing({ channels, height: 9, width: 5 });
    const x = await loadImage(fixture('rgb.png'), preprocessing);
    const png = await encodePng(x, channels, 9, 5);
    expect((await sharp(png).metadata()).channels).toBe(channels);
    expect(await loadImage(png, preprocessing)).toEqual(x);
  });

  it('clips noise', async () => {
    const png = await encodePng(Float32Array.of(-3, 0.5, 1.2, 1), 1, 2, 2);
    expect([...(await decodeImage(png, 1)).data]).toEqual([0, 128, 255, 255]);
  });

  it('refuses a wrong number of values', async () => {
    await expect(encodePng(new Float32Array(5), 1, 2, 2)).rejects.toThrow('OPTION_INVALID');
  });
});
