/** One item more changes nothing: not where galleries begin to be scanned in part, and not beyond. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CERTIFICATE_METHODS, type GalleryView, radiusOf } from '../../src/certify/index.ts';
import { Smoother } from '../../src/smoothing/index.ts';
import { linearMap, writeEncoder } from '../helpers/encoders.ts';
import { Random } from '../helpers/random.ts';

const DIMENSION = 16;
const CLASSES = 50;
const SIGMA = 0.1;

let folder: string;
let smoother: Smoother;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'large-'));
  // the pixels less their mean grey, as a vector
  const path = await writeEncoder(folder, [1, 4, 4], DIMENSION, (g, pixels) => {
    const identity = Array.from({ length: DIMENSION ** 2 }, (_, i) => (i % (DIMENSION + 1) === 0 ? 1 : 0));
    return linearMap(g, g.op('Sub', [pixels, g.float32(0.5)]), identity, DIMENSION);
  });
  smoother = await Smoother.open(path, { threads: 2 });
});
afterAll(async () => {
  await smoother.close();
  await rm(folder, { recursive: true });
});

const query = Float32Array.from(
  { length: DIMENSION },
  (_, i) => Math.round(255 * (i % 3 === 0 ? 0.95 : 0.3)) / 255,
);

/** Clusters of items around a direction for each class; the first is that of the query. */
function galleryOf(count: number): GalleryView {
  const random = new Random(3);
  const unit = (v: number[]): number[] => {
    const length = Math.hypot(...v);
    return v.map((x) => (0.95 * x) / length);
  };
  const centres = Array.from({ length: CLASSES }, (_, label) =>
    label === 0 ? unit([...query].map((x) => x - 0.5)) : unit(random.direction(DIMENSION)),
  );
  const vectors = new Float32Array(count * DIMENSION);
  for (let item = 0; item < count; item++) {
    const away = random.direction(DIMENSION);
    vectors.set(unit(centres[item % CLASSES].map((x, i) => x + 0.3 * away[i])), item * DIMENSION);
  }
  const labelIndex = Int32Array.from({ length: count }, (_, item) => item % CLASSES);
  return { vectors, dimension: DIMENSION, count, labelIndex };
}

async function radiiAt(count: number): Promise<number[]> {
  await smoother.setGallery(galleryOf(count));
  const settings = { sigma: SIGMA, stopping: { exactly: 2000 } };
  const { certificates } = await smoother.certifyOnce({ id: 'q', pixels: query }, settings);
  return CERTIFICATE_METHODS.map((method) => radiusOf(certificates[method]!));
}

test.each([
  [4096, 4097],
  [20_000, 20_001],
])('%i items and %i', async (few, more) => {
  const [before, after] = [await radiiAt(few), await radiiAt(more)];
  for (const [i, method] of CERTIFICATE_METHODS.entries()) {
    if (method !== 'paper') expect(before[i]).toBeGreaterThan(0);
    expect(Math.abs(after[i] - before[i])).toBeLessThanOrEqual(0.01 * before[i]);
  }
});
