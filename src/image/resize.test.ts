import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ByteImage } from './byte-image.ts';
import { decodeImage } from './decode.ts';
import { RESAMPLE_FILTERS, type ResampleFilter } from './filters.ts';
import { difference, expected, fixture, unpackBytes } from './fixtures/expected.ts';
import { resize } from './resize.ts';

describe('resize equals PIL.Image.resize', () => {
  it.each(RESAMPLE_FILTERS)('%s: no sample differs, at any size', async (filter) => {
    const cases = expected.resized.filter((each) => each.filter === filter);
    expect(cases.length).toBeGreaterThanOrEqual(15);
    for (const { source, height, width, shape, base64 } of cases) {
      const image = await decodeImage(fixture(source), source === 'grey.png' ? 1 : 3);
      const out = resize(image, { height, width }, filter);
      expect([out.height, out.width, out.channels]).toEqual(shape);
      const { differing, max } = difference(out.data, unpackBytes({ shape, base64 }));
      expect({ source, height, width, differing, max }).toEqual({
        source,
        height,
        width,
        differing: 0,
        max: 0,
      });
    }
  });
});

describe('resize', () => {
  const side = fc.integer({ min: 1, max: 40 });
  const anyFilter = fc.constantFrom<ResampleFilter>(...RESAMPLE_FILTERS);
  const byte = fc.integer({ min: 0, max: 255 });

  it('keeps a constant image constant', () => {
    fc.assert(
      fc.property(
        side,
        side,
        side,
        side,
        anyFilter,
        fc.tuple(byte, byte, byte),
        (h, w, h2, w2, filter, rgb) => {
          const data = Uint8Array.from({ length: h * w * 3 }, (_, i) => rgb[i % 3]);
          const out = resize({ data, height: h, width: w, channels: 3 }, { height: h2, width: w2 }, filter);
          expect(out.data).toEqual(Uint8Array.from({ length: h2 * w2 * 3 }, (_, i) => rgb[i % 3]));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('treats channels alike: RGB of equal planes is grey three times', () => {
    fc.assert(
      fc.property(
        fc.array(byte, { minLength: 63, maxLength: 63 }),
        side,
        side,
        anyFilter,
        (samples, h, w, filter) => {
          const grey: ByteImage = { data: Uint8Array.from(samples), height: 9, width: 7, channels: 1 };
          const data = Uint8Array.from({ length: 189 }, (_, i) => samples[Math.floor(i / 3)]);
          const one = resize(grey, { height: h, width: w }, filter);
          const three = resize({ ...grey, data, channels: 3 }, { height: h, width: w }, filter);
          expect(three.data).toEqual(
            Uint8Array.from({ length: h * w * 3 }, (_, i) => one.data[Math.floor(i / 3)]),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('refuses a size that is none', () => {
    const image: ByteImage = { data: new Uint8Array(1), height: 1, width: 1, channels: 1 };
    for (const size of [
      { height: 0, width: 3 },
      { height: 2, width: 1.5 },
      { height: NaN, width: 1 },
    ]) {
      expect(() => resize(image, size, 'box')).toThrow('OPTION_INVALID');
    }
  });
});
