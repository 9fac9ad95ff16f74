import { describe, expect, test } from 'vitest';
import { type ByteImage, encodePng, loadImage, type Preprocessing, resize } from '../../../image/index.ts';
import { affineNoise, noiseKey, perturbReference, Xoshiro128 } from '../../../noise/index.ts';
import { affineRanges, randomInverseMap } from './affine.ts';
import { Canvas } from './canvas.ts';
import { RandomStream, trainingKey } from '../random.ts';

const key = noiseKey({ seed: 1, query: 'canvas', phase: 'training' });

const preprocessingOf = (channels: 1 | 3, height: number, width: number): Preprocessing => ({
  channels,
  height,
  width,
  resize: null,
  resample: 'bilinear',
  centerCrop: null,
  mean: [0.485, 0.456, 0.406].slice(0, channels),
  std: [0.229, 0.224, 0.225].slice(0, channels),
});

/** Random bytes, with neighbours alike enough that a shift by a pixel shows. */
function randomPicture(channels: 1 | 3, height: number, width: number): ByteImage {
  const words = new Xoshiro128([height, width, channels, 9]);
  const data = Uint8Array.from({ length: height * width * channels }, () => words.next() & 255);
  return { data, height, width, channels };
}

const shapes = [
  [1, 28, 28],
  [3, 9, 14],
  [1, 1, 1],
  [3, 33, 5],
] as const;

describe('fill', () => {
  test.each(shapes)(
    '%i × %i × %i: the bits that certify gives the encoder',
    async (channels, height, width) => {
      const preprocessing = preprocessingOf(channels, height, width);
      const image = randomPicture(channels, height, width);
      const area = height * width;
      const planes = Float32Array.from(
        { length: image.data.length },
        (_, i) => image.data[(i % area) * channels + Math.floor(i / area)] / 255,
      );
      const x = await loadImage(await encodePng(planes, channels, height, width), preprocessing);
      const { base } = affineNoise(x, 0, preprocessing);

      const clean = new Canvas({ preprocessing, sigma: 0 });
      clean.fill(image);
      expect(clean.noisy(key, 5)).toEqual(base);

      const noisy = new Canvas({ preprocessing, sigma: 0.25 });
      noisy.fill(image);
      const affine = affineNoise(x, 0.25, preprocessing);
      expect(noisy.noisy(key, 5)).toEqual(perturbReference({ key, firstSample: 5, count: 1, ...affine }));

      clean.fill(image, true);
      const mirrored = base.map((_, i) => base[i - (i % width) + width - 1 - (i % width)]);
      expect(clean.noisy(key, 5)).toEqual(mirrored);
    },
  );

  test('refuses a picture of another size', () => {
    const canvas = new Canvas({ preprocessing: preprocessingOf(1, 4, 6), sigma: 0 });
    expect(() => canvas.fill(randomPicture(1, 6, 4))).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });

  test.each([-0.1, NaN, Infinity])('refuses sigma %s', (sigma) => {
    expect(() => new Canvas({ preprocessing: preprocessingOf(1, 4, 6), sigma })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });
});

describe('fillResized', () => {
  const cases = [
    { channels: 3, from: { top: 0, left: 0, height: 60, width: 80 }, to: [24, 20] },
    { channels: 3, from: { top: 7, left: 11, height: 31, width: 45 }, to: [24, 24] },
    { channels: 1, from: { top: 12, left: 3, height: 48, width: 70 }, to: [28, 31] },
    { channels: 1, from: { top: 59, left: 79, height: 1, width: 1 }, to: [5, 3] }, // the last pixel, enlarged
    { channels: 3, from: { top: 40, left: 60, height: 20, width: 20 }, to: [33, 50] },
  ] as const;
  test.each(cases)(
    '$channels channels, $from to $to: as Pillow, but for its rounding to bytes',
    ({ channels, from, to }) => {
      const image = randomPicture(channels, 60, 80);
      const [height, width] = to;
      const preprocessing = preprocessingOf(channels, height, width);
      const rows = Array.from({ length: from.height }, (_, y) => {
        const first = ((from.top + y) * 80 + from.left) * channels;
        return [...image.data.subarray(first, first + from.width * channels)];
      });
      const cut: ByteImage = {
        data: Uint8Array.from(rows.flat()),
        height: from.height,
        width: from.width,
        channels,
      };
      const expected = resize(cut, { height, width }, 'bilinear');
      const canvas = new Canvas({ preprocessing, sigma: 0 });
      canvas.fill(randomPicture(channels, height, width)); // what was there before does not matter
      for (const mirror of [false, true]) {
        canvas.fillResized(image, from, mirror);
        const planes = canvas.noisy(key, 0);
        let worst = 0;
        for (let i = 0; i < planes.length; i++) {
          const c = Math.floor(i / (height * width));
          const x = i % width;
          const pixel = i - c * height * width - x + (mirror ? width - 1 - x : x);
          const byte = (planes[i] * preprocessing.std[c] + preprocessing.mean[c]) * 255;
          worst = Math.max(worst, Math.abs(byte - expected.data[pixel * channels + c]));
        }
        // Pillow rounds twice, once after each pass
        expect(worst).toBeLessThan(1.01);
      }
    },
  );

  test('a constant picture stays constant, and a ramp a ramp away from its ends', () => {
    const preprocessing = { ...preprocessingOf(1, 10, 16), mean: [0], std: [1] };
    const canvas = new Canvas({ preprocessing, sigma: 0 });
    const whole = { top: 0, left: 0, height: 40, width: 64 };
    const of = (value: (y: number, x: number) => number): ByteImage => ({
      data: Uint8Array.from({ length: 40 * 64 }, (_, i) => value(Math.floor(i / 64), i % 64)),
      height: 40,
      width: 64,
      channels: 1,
    });
    canvas.fillResized(
      of(() => 200),
      whole,
    );
    for (const v of canvas.noisy(key, 0)) expect(v).toBeCloseTo(200 / 255, 6);
    canvas.fillResized(
      of((_, x) => 4 * x),
      whole,
    );
    const ramp = canvas.noisy(key, 0);
    // the centre of output column x is input column 4x + 1.5
    for (let x = 1; x < 15; x++) expect(ramp[x] * 255).toBeCloseTo(4 * (4 * x + 1.5), 3);
  });

  test('pictures of any size one after another', () => {
    const preprocessing = preprocessingOf(3, 16, 16);
    const canvas = new Canvas({ preprocessing, sigma: 0.1 });
    const small = randomPicture(3, 20, 20);
    const large = randomPicture(3, 700, 900);
    const at = (image: ByteImage): Float32Array => {
      canvas.fillResized(image, { top: 0, left: 0, height: image.height, width: image.width });
      return canvas.noisy(key, 1).slice();
    };
    const before = at(small);
    const big = at(large);
    expect(at(small)).toEqual(before);
    expect(at(large)).toEqual(big);
  });
});

describe('warp', () => {
  /** The map, pixel by pixel, in double precision. */
  function naive(
    planes: Float32Array,
    { channels, height, width, mean, std }: Preprocessing,
    map: { column: readonly number[]; row: readonly number[] },
    border: 'edge' | number,
  ): number[] {
    const value = (c: number, y: number, x: number): number => {
      const inside = y >= 0 && x >= 0 && y < height && x < width;
      if (!inside && border !== 'edge') return (border - mean[c]) / std[c];
      const yy = Math.min(height - 1, Math.max(0, y));
      const xx = Math.min(width - 1, Math.max(0, x));
      return planes[(c * height + yy) * width + xx];
    };
    const out: number[] = [];
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const column = map.column[0] * x + map.column[1] * y + map.column[2];
          const row = map.row[0] * x + map.row[1] * y + map.row[2];
          let sum = 0;
          for (let i = Math.floor(row); i <= Math.floor(row) + 1; i++) {
            for (let j = Math.floor(column); j <= Math.floor(column) + 1; j++)
              sum += (1 - Math.abs(row - i)) * (1 - Math.abs(column - j)) * value(c, i, j);
          }
          out.push(sum);
        }
      }
    }
    return out;
  }

  const borders = ['edge', 1, 0.25] as const;
  test.each(shapes.flatMap(([c, h, w]) => borders.map((border) => [c, h, w, border] as const)))(
    '%i × %i × %i, border %s: as a double loop has it',
    (channels, height, width, border) => {
      const preprocessing = preprocessingOf(channels, height, width);
      const canvas = new Canvas({ preprocessing, sigma: 0, border });
      const image = randomPicture(channels, height, width);
      const ranges = affineRanges({ rotation: 180, scale: [0.5, 1.5], shear: 0.5, shift: 0.4, border });
      for (let step = 0; step < 10; step++) {
        const map = randomInverseMap(preprocessing, ranges, new RandomStream(trainingKey(0, 'affine'), step));
        canvas.fill(image);
        const planes = canvas.noisy(key, 0).slice();
        canvas.warp(map);
        const expected = naive(planes, preprocessing, map, border);
        const warped = canvas.noisy(key, 0);
        expect(Math.max(...expected.map((v, i) => Math.abs(warped[i] - v)))).toBeLessThan(1e-5);
      }
    },
  );

  test('the identity changes no bit', () => {
    const preprocessing = preprocessingOf(3, 7, 8);
    const canvas = new Canvas({ preprocessing, sigma: 0, border: 1 });
    canvas.fill(randomPicture(3, 7, 8));
    const before = canvas.noisy(key, 0).slice();
    canvas.warp({ column: [1, 0, 0], row: [0, 1, 0] });
    expect(canvas.noisy(key, 0)).toEqual(before);
  });

  test('a shift by whole pixels moves the picture right and down, with the border behind it', () => {
    const preprocessing = { ...preprocessingOf(1, 3, 4), mean: [0], std: [1] };
    const canvas = new Canvas({ preprocessing, sigma: 0, border: 1 });
    canvas.fill({ data: new Uint8Array(12), height: 3, width: 4, channels: 1 });
    // t = (2, 1): output (x, y) comes from (x − 2, y − 1)
    canvas.warp({ column: [1, 0, -2], row: [0, 1, -1] });
    expect([...canvas.noisy(key, 0)]).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0]);
  });
});
