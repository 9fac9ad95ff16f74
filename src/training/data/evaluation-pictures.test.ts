import { expect, test } from 'vitest';
import { defaultPreprocessing, loadImage } from '../../image/index.ts';
import { fixture } from '../../image/fixtures/expected.ts';
import { affineNoise, noiseKey, perturbReference } from '../../noise/index.ts';
import { type EvaluationDraw, EvaluationPictures } from './evaluation-pictures.ts';
import { missingItem } from './testing/pictures.ts';

const names = ['rgb.png', 'grey.png', 'rgba.png', 'baseline-420.jpg', 'orientation-6.jpg'];
const files = names.map((name, i) => ({
  id: `set/${name}`,
  label: i < 3 ? 'png' : 'jpeg',
  path: fixture(name),
  read: () => Promise.reject(new Error('the path is there to be read')),
}));
const items = [...files.slice(0, 2), missingItem('png'), ...files.slice(2)];
const preprocessing = defaultPreprocessing({ channels: 3, height: 10, width: 12, mean: 0.4, std: 0.3 });

const all = async (pictures: EvaluationPictures, draw: EvaluationDraw): Promise<Float32Array[]> => {
  const rows: Float32Array[] = [];
  for await (const { first, count, images } of pictures.batches(draw)) {
    expect(first).toBe(rows.length);
    for (let i = 0; i < count; i++) rows.push(images.slice(i * 360, (i + 1) * 360));
  }
  return rows;
};

test('rows are the pixels of loadImage, with the noise of (seed, id, draw), whatever the batch', async () => {
  const warned: string[] = [];
  const pictures = await EvaluationPictures.open({
    items,
    preprocessing,
    memory: 800, // two of five
    onSkip: ({ id }) => warned.push(id),
  });
  expect(warned).toEqual(['png/missing.png']);
  expect(pictures.skipped).toMatchObject([{ id: 'png/missing.png' }]);
  expect(pictures.items).toEqual(files);
  expect(pictures.classNames).toEqual(['jpeg', 'png']);
  expect([...pictures.classes]).toEqual([1, 1, 1, 0, 0]);

  const clean = await all(pictures, {});
  const noisy = await all(pictures, { sigma: 0.25, seed: 9, draw: 2, batch: 2 });
  for (const [i, { path, id }] of files.entries()) {
    const x = await loadImage(path, preprocessing);
    expect(clean[i]).toEqual(affineNoise(x, 0, preprocessing).base);
    const key = noiseKey({ seed: 9, query: id, phase: 'evaluation' });
    const affine = affineNoise(x, 0.25, preprocessing);
    expect(noisy[i]).toEqual(perturbReference({ key, firstSample: 2, count: 1, ...affine }));
  }
  expect(await all(pictures, { sigma: 0.25, seed: 9, draw: 2, batch: 64 })).toEqual(noisy);
  expect((await all(pictures, { sigma: 0.25, seed: 9, draw: 3 }))[0]).not.toEqual(noisy[0]);
});

test('strict, cancelled, and options out of range', async () => {
  await expect(EvaluationPictures.open({ items, preprocessing, strict: true })).rejects.toMatchObject({
    code: 'IMAGE_UNREADABLE',
  });
  await expect(
    EvaluationPictures.open({ items, preprocessing, signal: AbortSignal.abort() }),
  ).rejects.toMatchObject({ code: 'CANCELLED' });
  const pictures = await EvaluationPictures.open({ items: files, preprocessing });
  for (const draw of [{ batch: 0 }, { batch: 1.5 }, { sigma: -1 }, { seed: -1 }, { draw: -1, sigma: 1 }])
    await expect(all(pictures, draw)).rejects.toMatchObject({ code: 'OPTION_INVALID' });
});
