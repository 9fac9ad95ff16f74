import { afterAll, describe, expect, test } from 'vitest';
import type { DatasetItem } from '../../datasets/index.ts';
import { defaultPreprocessing } from '../../image/index.ts';
import { BatchMaker, loadForPlan } from './batch-maker.ts';
import { BatchLoader } from './loader.ts';
import { PictureStore } from './picture-store.ts';
import { asFiles, itemsOf, missingItem } from './testing/pictures.ts';
import { CHARACTER_AUGMENTATION } from './types.ts';

const shape = { channels: 3, height: 12, width: 12 } as const;
const preprocessing = defaultPreprocessing({ ...shape, mean: 0.5, std: 0.5 });
const labels = Array.from({ length: 24 }, (_, i) => `c${i % 4}`);
const items = await itemsOf(labels, shape);
const options = {
  preprocessing,
  classes: 3,
  perClass: 2,
  sigma: 0.2,
  seed: 8,
  augment: CHARACTER_AUGMENTATION,
};

const removals: (() => void)[] = [];
afterAll(() => removals.forEach((remove) => remove()));

/** What the batches must be, made in this thread. */
async function expectedBatches(of: readonly DatasetItem[]) {
  const plan = { ...options, storedEdge: 18 };
  const store = await PictureStore.open(of.length, async (i) => loadForPlan(await of[i].read(), plan));
  const maker = new BatchMaker(
    plan,
    of.map(({ label }) => label),
    store.readable,
  );
  return { maker, batch: (step: number) => maker.batch(step, store) };
}

describe('BatchLoader', () => {
  test('gives the bits of the maker, for items with and without paths, kept or not, in any order of steps', async () => {
    const { items: files, remove } = await asFiles(items.slice(0, 12));
    removals.push(remove);
    const { maker, batch } = await expectedBatches(items);
    const progress: number[] = [];
    const loader = await BatchLoader.open({
      ...options,
      items: [...files, ...items.slice(12)],
      memory: 18 * 12 * 12 * 3, // 18 of 24 pictures
      onProgress: (done, total) => progress.push(done / total),
    });
    try {
      expect(progress.at(-1)).toBe(1);
      expect([loader.pictures, loader.kept, loader.skipped]).toEqual([24, 18, []]);
      expect(loader.classNames).toEqual(maker.classNames);
      expect(loader.stepsPerEpoch).toBe(maker.stepsPerEpoch);
      for (const step of [0, 1, 2, 7, 3, 3, 1000])
        expect(await loader.batch(step)).toEqual(await batch(step));
      const together = await Promise.all([40, 2, 41].map((step) => loader.batch(step)));
      expect(together.map(({ step }) => step)).toEqual([40, 2, 41]);
      await expect(loader.batch(-1)).rejects.toMatchObject({ code: 'OPTION_INVALID' });
      await expect(loader.batch(NaN)).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    } finally {
      await loader.close();
    }
    await expect(loader.batch(0)).rejects.toMatchObject({ code: 'CANCELLED' });
    await loader.close();
  });

  test('leaves out pictures that cannot be read; the batches are those of the others', async () => {
    const broken = await itemsOf([...labels.slice(0, 23), 'c3 damaged'], shape);
    const warned: string[] = [];
    const loader = await BatchLoader.open({
      ...options,
      items: [...broken, missingItem('alone')],
      onSkip: (item, error) => warned.push(`${item.id} ${error.code}`),
    });
    try {
      expect(warned).toEqual(['c3/23.png IMAGE_UNREADABLE', 'alone/missing.png IMAGE_UNREADABLE']);
      expect(loader.skipped.map(({ id }) => id)).toEqual(['c3/23.png', 'alone/missing.png']);
      expect(loader.pictures).toBe(23);
      expect(loader.classNames.slice(0, 4)).toEqual(['c0', 'c1', 'c2', 'c3']);
      const { batch } = await expectedBatches(items.slice(0, 23));
      expect(await loader.batch(4)).toEqual(await batch(4));
    } finally {
      await loader.close();
    }
    await expect(BatchLoader.open({ ...options, items: broken, strict: true })).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
    });
  });

  test('a picture that goes while training fails the batch that needs it, not the loader', async () => {
    const { items: files, remove } = await asFiles(items);
    const loader = await BatchLoader.open({ ...options, items: files, memory: 0, prefetch: 0 });
    try {
      await loader.batch(0);
      remove();
      await expect(loader.batch(1)).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
      await expect(loader.batch(0)).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
    } finally {
      await loader.close();
    }
  });

  test('closes while batches are being made, and while pictures are being read', async () => {
    const loader = await BatchLoader.open({ ...options, items, memory: 0 });
    const waiting = [0, 1, 2, 50].map((step) => loader.batch(step));
    const outcomes = Promise.allSettled(waiting);
    await loader.close();
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'CANCELLED' } });

    // pictures that never come
    const never = items.map((item) => ({ ...item, read: () => new Promise<never>(() => {}) }));
    const abort = new AbortController();
    const opening = BatchLoader.open({ ...options, items: never, signal: abort.signal });
    setTimeout(() => abort.abort(), 300);
    await expect(opening).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(BatchLoader.open({ ...options, items, signal: abort.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });

  test.each([
    [{ classes: 17 }, 'OPTION_INVALID'],
    [{ sigma: -1 }, 'OPTION_INVALID'],
    [{ prefetch: -1 }, 'OPTION_INVALID'],
    [{ storedEdge: 0 }, 'OPTION_INVALID'],
    [{ augment: { crop: { scale: [2, 3] } } }, 'OPTION_INVALID'],
    [{ items: [missingItem('a'), missingItem('b')], classes: 1 }, 'DATASET_EMPTY'],
    [{ preprocessing: { ...preprocessing, resize: null, height: 9 }, augment: {} }, 'PREPROCESSING_INVALID'],
  ] as [Partial<Parameters<typeof BatchLoader.open>[0]>, string][])('refuses %o', async (wrong, code) => {
    await expect(BatchLoader.open({ ...options, items, ...wrong })).rejects.toMatchObject({ code });
  });
});
