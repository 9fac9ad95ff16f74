/** The noise of the engine is the exact one: what it samples, against the definition, through encoders that are not sensitive. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  cellTable,
  exactNoiseKey,
  exactPerturbRealReference,
  exactPerturbReference,
  fixedPointPicture,
  greyAffine,
  positionTable,
} from '../../src/noise/exact/index.ts';
import type { Phase } from '../../src/noise/index.ts';
import { Smoother } from '../../src/smoothing/index.ts';
import { writeEncoder } from '../helpers/encoders.ts';
import { Random } from '../helpers/random.ts';

const SIGMA = 0.25;
const SAMPLES = 150;
const SIZE = 3 * 2 * 7;
let folder: string;
let smoothers: Smoother[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'noise-'));
  // the embedding is the picture itself, at length 1
  await writeEncoder(folder, [3, 2, 7], SIZE, (_, pixels) => pixels);
  smoothers = [
    await Smoother.open(folder, { threads: 1, batch: 1 }),
    await Smoother.open(folder, { threads: 2, batch: 8 }),
  ];
});
afterAll(async () => {
  await Promise.all(smoothers.map((smoother) => smoother.close()));
  await rm(folder, { recursive: true, force: true });
});

const random = new Random(5);
const bytes = Uint8Array.from({ length: SIZE }, () => Math.floor(256 * random.uniform()));
const pixelsOfBytes = Float32Array.from(bytes, (byte) => byte / 255);
const pixelsReal = Float32Array.from({ length: SIZE }, () => random.uniform());

const affine = greyAffine({ mean: [0.4, 0.4, 0.4], std: [0.25, 0.25, 0.25] });

/** The mean of the rows at length 1, after the encoder's own way back to pixels. */
function meanOf(rows: Float32Array): number[] {
  const mean = Array.from({ length: SIZE }, () => 0);
  const count = rows.length / SIZE;
  for (let row = 0; row < count; row++) {
    const pixels = rows.slice(row * SIZE, (row + 1) * SIZE).map((x) => x * 0.25 + 0.4);
    const norm = Math.hypot(...pixels);
    for (const [i, x] of pixels.entries()) mean[i] += x / norm / count;
  }
  return mean;
}

const keyOf = (query: string, phase: Phase, seed: number | Uint8Array = 0) =>
  exactNoiseKey({ seed, query, phase });

/** How far two vectors are apart in any value. */
const apart = (a: Float64Array, b: ArrayLike<number>): number =>
  a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0);

describe('a smoothed embedding is the mean over samples of the exact noise', () => {
  test('of a picture of bytes, whatever threads and batch', async () => {
    const expected = meanOf(
      exactPerturbReference({
        ...affine,
        key: keyOf('q', 'gallery'),
        firstSample: 0,
        count: SAMPLES,
        table: cellTable(SIGMA),
        base: bytes,
      }),
    );
    const found = await Promise.all(
      smoothers.map((smoother) =>
        smoother.embed({ id: 'q', pixels: pixelsOfBytes }, { sigma: SIGMA, samples: SAMPLES }),
      ),
    );
    expect(apart(found[0], expected)).toBeLessThan(1e-6);
    expect(found[1]).toEqual(found[0]);
  });

  test('of a picture that is not of bytes', async () => {
    const expected = meanOf(
      exactPerturbRealReference({
        ...affine,
        key: keyOf('q', 'evaluation', 7),
        firstSample: 0,
        count: SAMPLES,
        table: positionTable(SIGMA),
        picture: fixedPointPicture(pixelsReal),
      }),
    );
    const settings = { sigma: SIGMA, samples: SAMPLES, seed: 7, phase: 'evaluation' as const };
    const found = await Promise.all(
      smoothers.map((smoother) => smoother.embed({ id: 'q', pixels: pixelsReal }, settings)),
    );
    expect(apart(found[0], expected)).toBeLessThan(1e-6);
    expect(found[1]).toEqual(found[0]);
  });

  test('of a secret seed', async () => {
    const secret = Uint8Array.from({ length: 32 }, (_, i) => i);
    const image = { id: 'q', pixels: pixelsOfBytes };
    const [one, again, other] = await Promise.all(
      [secret, secret, 0].map((seed) => smoothers[0].embed(image, { sigma: SIGMA, samples: 16, seed })),
    );
    expect(one).toEqual(again);
    expect(one).not.toEqual(other);
    await expect(
      smoothers[0].embed(image, { sigma: SIGMA, samples: 16, seed: new Uint8Array(31) }),
    ).rejects.toThrow(/OPTION_INVALID.*32 bytes.*31 bytes/);
  });

  test('without noise it is the picture', async () => {
    for (const pixels of [pixelsOfBytes, pixelsReal]) {
      const norm = Math.hypot(...pixels);
      const clean = await smoothers[0].embedClean({ id: 'q', pixels });
      const unit = pixels.map((x) => x / norm);
      expect(apart(clean, unit)).toBeLessThan(1e-6);
    }
  });
});

describe('certificates', () => {
  const gallery = {
    vectors: new Float32Array(2 * SIZE),
    dimension: SIZE,
    count: 2,
    labelIndex: Int32Array.of(0, 1),
  };
  gallery.vectors.set(Array.from({ length: SIZE }, () => 1 / Math.sqrt(SIZE)));
  gallery.vectors[SIZE] = 1;
  const settings = { sigma: SIGMA, selection: 32, stopping: { exactly: 300 } };

  test('with shared noise pictures of bytes and others have what each has alone', async () => {
    const queries = [
      { id: 'a', pixels: pixelsOfBytes },
      { id: 'b', pixels: pixelsReal },
      { id: 'c', pixels: Float32Array.from(pixelsOfBytes).reverse() },
    ];
    for (const smoother of smoothers) await smoother.setGallery(gallery);
    const shared = { ...settings, sharedNoise: true };
    const [together, again] = await Promise.all(
      smoothers.map((smoother) => smoother.certifyGroup(queries, shared)),
    );
    for (const [slot, query] of queries.entries()) {
      const [alone] = await smoothers[0].certifyGroup([query], shared);
      expect(together[slot].counters).toEqual(alone.counters);
      expect(again[slot].counters).toEqual(alone.counters);
      expect(together[slot].certificates).toEqual(alone.certificates);
    }
    // the empty name is that of the shared noise
    const [same] = await smoothers[1].certifyGroup([{ ...queries[0], id: '' }], settings);
    expect(same.counters).toEqual(together[0].counters);
  });

  test('say what they paid for the noise, and for the rounding of a picture', async () => {
    const [smoother] = smoothers;
    await smoother.setGallery(gallery);
    const [ofBytes, ofReal] = await Promise.all(
      [pixelsOfBytes, pixelsReal].map((pixels) => smoother.certifyOnce({ id: 'q', pixels }, settings)),
    );
    expect(ofBytes.eta).toBeGreaterThan(0);
    expect(ofBytes.eta).toBeLessThan(1e-13);
    expect(ofBytes.pictureRounding).toBe(0);
    expect(ofReal.pictureRounding).toBeCloseTo(Math.sqrt(SIZE) / 2 ** 17 / 255, 12);
  });

  test('a sigma that has no table, or an alpha that eta is not small beside, is refused', async () => {
    const [smoother] = smoothers;
    await smoother.setGallery(gallery);
    const image = { id: 'q', pixels: pixelsOfBytes };
    for (const sigma of [0, 0.001, 14, Number.NaN]) {
      await expect(smoother.certifyOnce(image, { ...settings, sigma })).rejects.toThrow(
        /OPTION_INVALID.*sigma/,
      );
      await expect(smoother.embed(image, { sigma, samples: 10 })).rejects.toThrow(/OPTION_INVALID.*sigma/);
    }
    await expect(smoother.certifyOnce(image, { ...settings, alpha: 1e-12 })).rejects.toThrow(
      /OPTION_INVALID.*alpha.*1000 times eta/,
    );
  });
});
