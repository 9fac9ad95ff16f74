import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { decodeFile } from './decode.ts';
import { FileMap, contrastOf } from './file-map.ts';
import { RESAMPLE_FILTERS } from './filters.ts';
import { fixture } from './fixtures/expected.ts';
import { loadImage, loadPicture } from './load-image.ts';
import { PictureLoader } from './picture-loader.ts';
import type { Preprocessing } from './preprocessing.ts';
import { cropTaps, filterTaps } from './taps.ts';

const preprocessing = (over: Partial<Preprocessing>): Preprocessing => ({
  channels: 3,
  height: 6,
  width: 5,
  resize: { kind: 'exact', height: 6, width: 5 },
  resample: 'bilinear',
  centerCrop: null,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  unrounded: true,
  ...over,
});

/** Shapes of files, ways to the model and filters. */
const anyCase = fc.record({
  width: fc.integer({ min: 1, max: 24 }),
  height: fc.integer({ min: 1, max: 24 }),
  file: fc.constantFrom<1 | 3>(1, 3),
  channels: fc.constantFrom<1 | 3>(1, 3),
  resample: fc.constantFrom(...RESAMPLE_FILTERS),
  resized: fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 })),
  cropped: fc.option(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))),
  seed: fc.integer({ min: 1, max: 1e6 }),
});
type Case = typeof anyCase extends fc.Arbitrary<infer T> ? T : never;

function mapOf({ width, height, file, channels, resample, resized, cropped }: Case): FileMap {
  const [h, w] = cropped ?? resized;
  return new FileMap(
    { width, height, channels: file },
    preprocessing({
      channels,
      height: h,
      width: w,
      resample,
      resize: { kind: 'exact', height: resized[0], width: resized[1] },
      centerCrop: cropped && { height: cropped[0], width: cropped[1] },
    }),
  );
}

/** Values of no pattern from 0 to `most`. */
const values = (length: number, seed: number, most: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => {
    const x = Math.sin(i * 12.9898 + seed) * 43758.5453;
    return (x - Math.floor(x)) * most;
  });

/** 2^60 A f, in whole numbers: nothing is rounded but the weights' bits below 2^-60. */
function exactly(c: Case, file: Uint8Array): bigint[] {
  const [h, w] = c.cropped ?? c.resized;
  const axis = (input: number, resized: number, final: number) =>
    cropTaps(filterTaps(input, resized, c.resample), Math.floor((resized - final) / 2), final);
  const [horizontal, vertical] = [axis(c.width, c.resized[1], w), axis(c.height, c.resized[0], h)];
  const scaled = (x: number): bigint => BigInt(Math.round(x * 2 ** 30 * 2 ** 22)) << 8n;
  const one = 1n << 60n;
  const out: bigint[] = [];
  for (let p = 0; p < c.channels; p++) {
    const weights = c.file === 1 ? [one] : [0, 1, 2].map((i) => (i === p ? one : 0n));
    const colours = c.file === 3 && c.channels === 1 ? [19595n, 38470n, 7471n].map((v) => v << 44n) : weights;
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        let sum = 0n;
        for (let s = 0; s < vertical.count[y]; s++)
          for (let t = 0; t < horizontal.count[x]; t++) {
            const at = ((vertical.first[y] + s) * c.width + horizontal.first[x] + t) * c.file;
            const level = colours.reduce((total, weight, i) => total + weight * BigInt(file[at + i]), 0n);
            const weight =
              scaled(vertical.weights[y * vertical.stride + s]) *
              scaled(horizontal.weights[x * horizontal.stride + t]);
            sum += (level * weight) >> 120n;
          }
        out.push(sum);
      }
    }
  }
  return out;
}

describe('FileMap', () => {
  test('is within e of A f, clipped', () => {
    fc.assert(
      fc.property(anyCase, (c) => {
        const map = mapOf(c);
        const file = Uint8Array.from(values(c.width * c.height * c.file, c.seed, 255.99));
        const exact = exactly(c, file).map((v) => Math.min(255, Math.max(0, Number(v) / 2 ** 60)) / 255);
        const x = map.apply(file);
        // the float32 stands for a whole number of 2^-16 grey level
        const read = Array.from(x, (v) => Math.round(v * 255 * 65536) / (255 * 65536));
        expect(read.length).toBe(exact.length);
        expect(Math.hypot(...read.map((v, i) => v - exact[i]))).toBeLessThanOrEqual(map.error);
      }),
      { numRuns: 200 },
    );
  });

  test('moves no picture further than its norm says', () => {
    fc.assert(
      fc.property(anyCase, fc.double({ min: 0.01, max: 255, noNaN: true }), (c, most) => {
        const map = mapOf(c);
        const n = c.width * c.height * c.file;
        const [a, d] = [values(n, c.seed, 255), values(n, c.seed + 1, most)];
        const b = a.map((v, i) => Math.min(255, Math.max(0, v + d[i] - most / 2)));
        const moved = Math.hypot(...a.map((v, i) => (v - b[i]) / 255));
        const [x, y] = [map.apply(a), map.apply(b)];
        expect(Math.hypot(...x.map((v, i) => v - y[i]))).toBeLessThanOrEqual(
          map.norm * moved + 2 * map.error + 1e-6,
        );
      }),
      { numRuns: 200 },
    );
  });

  test('the worst direction reaches the norm, of grey in three channels and of colours made grey too', () => {
    for (const file of [1, 3] as const)
      for (const channels of [1, 3] as const) {
        const map = new FileMap(
          { width: 20, height: 18, channels: file },
          preprocessing({ channels, resample: 'lanczos' }),
        );
        let direction = values(20 * 18 * file, 3, 1);
        let norm = 0;
        for (let step = 0; step < 200; step++) {
          const length = Math.hypot(...direction);
          // small about the middle, where nothing is clipped and all is linear
          const grey = direction.map((v) => 127 + (60 * v) / length);
          const [x, centre] = [map.apply(grey), map.apply(new Float64Array(grey.length).fill(127))];
          const image = x.map((v, i) => v - centre[i]);
          norm = Math.hypot(...image) / (60 / 255);
          direction = map.pullBack(image);
        }
        expect(norm).toBeLessThan(map.norm);
        expect(map.norm / norm).toBeLessThan(1.02);
      }
  });

  test('pulls gradients back by the transpose: ⟨g, A d⟩ = ⟨Aᵀ g, d⟩', () => {
    fc.assert(
      fc.property(anyCase, (c) => {
        const map = mapOf(c);
        const n = c.width * c.height * c.file;
        const d = values(n, c.seed, 100).map((v) => v + 70);
        const zero = map.apply(new Float64Array(n).fill(120));
        const x = map.apply(d);
        if (x.some((v) => v === 0 || v === 1)) return;
        const g = values(x.length, c.seed + 2, 2);
        const forth = x.reduce((sum, v, i) => sum + g[i] * (v - zero[i]), 0);
        const back = map.pullBack(g).reduce((sum, v, i) => sum + (v * (d[i] - 120)) / 255, 0);
        expect(Math.abs(forth - back)).toBeLessThan(1e-4 * (1 + Math.abs(forth)));
      }),
      { numRuns: 100 },
    );
  });

  test('every whole number of 2^-16 grey level is read back from its float32', () => {
    let wrong = 0;
    const single = new Float32Array(1);
    for (let level = 0; level <= 255 * 65536; level += 7) {
      single[0] = level / (255 * 65536);
      if (Math.round(255 * single[0] * 65536) !== level) wrong++;
    }
    expect(wrong).toBe(0);
  });

  test('is the bytes where nothing is resized', async () => {
    const name = fixture('rgb.png');
    const { height, width } = await decodeFile(name);
    const same = preprocessing({ height, width, resize: null });
    const { pixels, file } = await loadPicture(name, same);
    expect(pixels).toEqual(await loadImage(name, { ...same, unrounded: undefined }));
    expect(file).toMatchObject({ height, width, channels: 3 });
    expect(file?.norm).toBeCloseTo(1, 5);
  });

  test('is within a level or two of the rounded resize', async () => {
    // filters with negative weights are clipped by Pillow after each pass, and here once
    for (const resample of ['nearest', 'box', 'bilinear', 'hamming'] as const) {
      const p = preprocessing({ resample, height: 20, width: 22, centerCrop: { height: 20, width: 22 } });
      const q = { ...p, resize: { kind: 'shortest_edge', edge: 24 } as const };
      const unrounded = await loadImage(fixture('rgb.png'), q);
      const rounded = await loadImage(fixture('rgb.png'), { ...q, unrounded: undefined });
      const most = unrounded.reduce((m, v, i) => Math.max(m, Math.abs(v - rounded[i])), 0);
      expect(most).toBeLessThan(1.6 / 255);
    }
  });

  test('refuses what does not fit', () => {
    const invalid = expect.objectContaining({ code: 'PREPROCESSING_INVALID' });
    const file = { width: 8, height: 9, channels: 3 } as const;
    expect(() => new FileMap(file, preprocessing({ resize: null }))).toThrow(invalid);
    const map = new FileMap(file, preprocessing({}));
    const option = expect.objectContaining({ code: 'OPTION_INVALID' });
    expect(() => map.apply(new Uint8Array(5))).toThrow(option);
    expect(() => map.pullBack(new Uint8Array(5))).toThrow(option);
    const strip = { width: 60_000, height: 1, channels: 3 } as const;
    const tall = preprocessing({ resize: { kind: 'shortest_edge', edge: 2000 } });
    expect(() => new FileMap(strip, tall)).toThrow(expect.objectContaining({ code: 'IMAGE_UNREADABLE' }));
  });
});

describe('decodeFile', () => {
  test.each([
    ['grey.png', 1],
    ['grey.jpg', 1],
    ['one-bit.png', 1],
    ['rgb.png', 3],
    ['palette4.png', 3],
    ['icc-profile.png', 3],
    ['baseline-420.jpg', 3],
    ['lossy.webp', 3],
  ])('%s has %i channel(s)', async (name, channels) => {
    expect((await decodeFile(fixture(name))).channels).toBe(channels);
  });

  test.each([
    ['cmyk.jpg', /'cmyk'/],
    ['grey16.png', /'grey16'/],
    ['rgb16.png', /'rgb16'/],
    ['rgba.png', /transparent/],
    ['grey-alpha.png', /transparent/],
    ['palette8-transparent.png', /transparent/],
  ])('%s is refused, with the reason', async (name, reason) => {
    await expect(decodeFile(fixture(name))).rejects.toThrow(reason);
    await expect(decodeFile(fixture(name))).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
  });

  test('an opaque alpha channel is let through', async () => {
    const data = Uint8Array.from({ length: 4 * 12 }, (_, i) => (i % 4 === 3 ? 255 : i));
    const png = await sharp(data, { raw: { width: 4, height: 3, channels: 4 } })
      .png()
      .toBuffer();
    const file = await decodeFile(png);
    expect(file.data).toEqual(data.filter((_, i) => i % 4 !== 3));
  });
});

test('threads load the same', async () => {
  const p = preprocessing({});
  const loader = new PictureLoader({ preprocessing: p }, 1);
  const bytes = new Uint8Array(await sharp(fixture('rgb.png')).png().toBuffer());
  expect(await loader.load(bytes)).toEqual(await loadPicture(bytes, p));
  await loader.close();
});

test('contrast is the distance to the uniform picture', () => {
  expect(contrastOf([0, 255, 0, 255], 255)).toBeCloseTo(1, 12);
  expect(contrastOf([0.5, 0.5], 1)).toBe(0);
});
