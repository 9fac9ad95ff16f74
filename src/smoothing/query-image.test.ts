import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { greyAffine } from '../noise/exact/index.ts';
import { queryImage, roundingOf, writeClean } from './query-image.ts';

const sizes = { minLength: 1, maxLength: 40 };

describe('the picture of a query', () => {
  test('is of bytes where each pixel is a byte over 255', () => {
    fc.assert(
      fc.property(fc.uint8Array(sizes), (bytes) => {
        const image = queryImage(
          Float32Array.from(bytes, (byte) => byte / 255),
          bytes.length,
          0.25,
        );
        expect(image.kind).toBe('bytes');
        expect([...image.pixels]).toEqual([...bytes]);
        expect(roundingOf(image)).toBe(0);
      }),
    );
  });

  test('else in fixed point, no further from it than is said', () => {
    const pixel = fc.float({ min: -4, max: 5, noNaN: true });
    fc.assert(
      fc.property(fc.array(pixel, sizes), (pixels) => {
        const image = queryImage(Float32Array.from([...pixels, 0.1234]), pixels.length + 1, 0.25);
        expect(image.kind).toBe('real');
        const moved = Math.hypot(...pixels.map((x, i) => image.pixels[i] / 2 ** 16 / 255 - x));
        expect(moved).toBeLessThanOrEqual(roundingOf(image));
      }),
    );
    const photo = queryImage(new Float32Array(3 * 224 * 224).fill(0.1234), 3 * 224 * 224, 0.25);
    expect(roundingOf(photo)).toBeCloseTo(388 / 2 ** 17 / 255, 7);
  });

  test('one unit in the last place away from a byte is none', () => {
    const next = new Float32Array(new Int32Array([0x3f000001]).buffer)[0];
    expect(queryImage(Float32Array.of(Math.fround(128 / 255)), 1, 0.25).kind).toBe('bytes');
    expect(queryImage(Float32Array.of(next), 1, 0.25).kind).toBe('real');
    expect(queryImage(Float32Array.of(256 / 255), 1, 0.25).kind).toBe('real');
    expect(queryImage(Float32Array.of(-1 / 255), 1, 0.25).kind).toBe('real');
    expect(queryImage(Float32Array.of(-0), 1, 0.25).kind).toBe('bytes');
  });

  test('the clean picture goes through the function of noisy ones', () => {
    const affine = greyAffine({ mean: [0.4, 0.1], std: [0.25, 0.5] });
    const out = new Float32Array(4);
    const bytes = Float32Array.of(0, 17 / 255, 200 / 255, 1);
    writeClean(queryImage(bytes, 4, 0), affine, out);
    const at = (m: number, channel: number): number =>
      Math.fround(Math.fround(affine.scale[channel] * m) + affine.offset[channel]);
    expect([...out]).toEqual([at(0, 0), at(17, 0), at(200, 1), at(255, 1)]);
    writeClean(queryImage(Float32Array.of(0.5, 0, 0, 0), 4, 0), affine, out);
    expect(out[0]).toBeCloseTo((0.5 - 0.4) / 0.25, 5);
  });

  test('what is no picture is refused', () => {
    expect(() => queryImage(new Float32Array(3), 4, 0.25)).toThrow(/OPTION_INVALID.*4 pixels.*got 3/);
    for (const wrong of [Number.NaN, Infinity, 1e6])
      expect(() => queryImage(Float32Array.of(0.5, wrong), 2, 0.25)).toThrow(/OPTION_INVALID.*pixel/);
  });
});
