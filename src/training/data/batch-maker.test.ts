import { describe, expect, test } from 'vitest';
import { defaultPreprocessing } from '../../image/index.ts';
import { BatchMaker, type BatchPlan, loadForPlan, numberLabels } from './batch-maker.ts';
import { PictureStore } from './picture-store.ts';
import { itemsOf, pixelsOf } from './testing/pictures.ts';
import { type AugmentOptions, CHARACTER_AUGMENTATION, type TrainingBatch } from './types.ts';

const shape = { channels: 1, height: 14, width: 14 } as const;
const preprocessing = defaultPreprocessing({ ...shape, mean: 0.4, std: 0.5 });
// 12 classes of 6 pictures
const labels = Array.from({ length: 72 }, (_, i) => `class-${i % 12}`);
const items = await itemsOf(labels, shape);

const planOf = (augment: AugmentOptions, more: Partial<BatchPlan> = {}): BatchPlan => ({
  preprocessing,
  classes: 8,
  perClass: 4,
  augment,
  sigma: 0,
  seed: 3,
  storedEdge: 12,
  ...more,
});

async function makerOf(plan: BatchPlan): Promise<(step: number) => Promise<TrainingBatch>> {
  const store = await PictureStore.open(items.length, async (i) => loadForPlan(await items[i].read(), plan));
  const maker = new BatchMaker(plan, labels, store.readable);
  return (step) => maker.batch(step, store);
}

const everything: AugmentOptions = { ...CHARACTER_AUGMENTATION, crop: {}, flip: true };

describe('BatchMaker', () => {
  test('the same step gives the same bits from another maker, in another order; another step others', async () => {
    const plan = planOf(everything, { sigma: 0.25 });
    const [one, two] = [await makerOf(plan), await makerOf(plan)];
    const [a0, a1] = [await one(0), await one(1)];
    const [b1, b0] = [await two(1), await two(0)];
    expect([b0, b1]).toEqual([a0, a1]);
    expect(a0.images).not.toEqual(a1.images);
    const seed = await makerOf({ ...plan, seed: 4 });
    expect((await seed(0)).images).not.toEqual(a0.images);
  });

  test('each random augmentation draws anew for every step and place', async () => {
    // one class of one picture, so that nothing but the augmentation differs
    for (const augment of [{ crop: {} }, { affine: { rotation: 20 } }] as AugmentOptions[]) {
      const plan = planOf(augment, { classes: 1, perClass: 6 });
      const store = await PictureStore.open(1, async () => loadForPlan(await items[0].read(), plan));
      const maker = new BatchMaker(plan, ['only'], store.readable);
      const rows = new Set<string>();
      for (const step of [0, 1]) {
        const { images } = await maker.batch(step, store);
        for (let i = 0; i < 6; i++) rows.add(images.subarray(i * 196, (i + 1) * 196).join());
      }
      expect(rows.size).toBe(12);
    }
  });

  test('without augmentation rows are the normalised pictures, labels their classes', async () => {
    const batch = await (await makerOf(planOf({})))(5);
    const { names, indices } = numberLabels(labels);
    expect(names[2]).toBe('class-10'); // in the order of strings
    for (let i = 0; i < 32; i++) {
      const picture = batch.pictures[i];
      expect(batch.classes[i]).toBe(indices[picture]);
      expect(batch.labels[i]).toBe(BigInt(batch.classes[i]));
      const row = batch.images.subarray(i * 196, (i + 1) * 196);
      const expected = pixelsOf(picture, shape).map((x) => (x - 0.4) / 0.5);
      expect(row).toEqual(expected);
    }
  });

  test('half of the rows are mirrored', async () => {
    const batch = await makerOf(planOf({ flip: true }));
    let mirrored = 0;
    const steps = 60;
    for (let step = 0; step < steps; step++) {
      const { images, pictures } = await batch(step);
      for (let i = 0; i < 32; i++) {
        const upright = pixelsOf(pictures[i], shape);
        const firstOf = (x: number): number => Math.fround((upright[x] - 0.4) / 0.5);
        const first = images[i * 196];
        expect([firstOf(0), firstOf(13)]).toContain(first);
        mirrored += Number(first === firstOf(13));
      }
    }
    // 5 standard deviations of a binomial share
    expect(Math.abs(mirrored / (steps * 32) - 0.5)).toBeLessThan((5 * 0.5) / Math.sqrt(steps * 32));
  });

  test('rotations make four classes of each, and rows are turned counter-clockwise', async () => {
    const plan = planOf({ rotations: true }, { classes: 20 });
    const store = await PictureStore.open(items.length, async (i) =>
      loadForPlan(await items[i].read(), plan),
    );
    const maker = new BatchMaker(plan, labels, store.readable);
    expect(maker.classNames).toHaveLength(48);
    expect(maker.stepsPerEpoch).toBe(Math.ceil((48 * 2) / 20));
    const seen = new Set<string>();
    for (let step = 0; step < maker.stepsPerEpoch; step++) {
      const { images, classes, pictures } = await maker.batch(step, store);
      for (let i = 0; i < classes.length; i++) {
        const [name, degrees = '0'] = maker.classNames[classes[i]].split('@');
        expect(name).toBe(labels[pictures[i]]);
        let pixels = pixelsOf(pictures[i], shape);
        for (let turned = 0; turned < Number(degrees); turned += 90) {
          const before = pixels;
          pixels = before.map((_, at) => before[(at % 14) * 14 + 13 - Math.floor(at / 14)]);
        }
        expect(images.subarray(i * 196, (i + 1) * 196)).toEqual(pixels.map((x) => (x - 0.4) / 0.5));
        seen.add(`${pictures[i]}@${degrees}`);
      }
    }
    expect(seen.size).toBe(4 * 72);
  });

  test('noise is Gaussian with sigma in pixel units, never clipped, drawn anew for every row and step', async () => {
    const sigma = 0.5;
    const [clean, noisy] = [await makerOf(planOf(everything)), await makerOf(planOf(everything, { sigma }))];
    const z: number[] = [];
    let outside = 0;
    for (let step = 0; step < 6; step++) {
      const [x, y] = [(await clean(step)).images, (await noisy(step)).images];
      for (let i = 0; i < x.length; i++) {
        z.push(((y[i] - x[i]) * 0.5) / sigma);
        const pixel = y[i] * 0.5 + 0.4;
        outside += Number(pixel < 0 || pixel > 1);
      }
    }
    const n = z.length;
    const moment = (k: number): number => z.reduce((sum, v) => sum + v ** k, 0) / n;
    // standard errors of the moments of a standard normal variable
    expect(Math.abs(moment(1))).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / n));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
    expect(outside / n).toBeGreaterThan(0.2);
    // rows and steps do not share noise
    const row = (i: number): string =>
      z
        .slice(i * 196, i * 196 + 4)
        .map((v) => v.toFixed(4))
        .join();
    expect(new Set(Array.from({ length: 6 * 32 }, (_, i) => row(i))).size).toBe(6 * 32);
  });

  test('refuses rotations where the model takes no squares', () => {
    const oblong = defaultPreprocessing({ channels: 1, height: 14, width: 10 });
    const plan = planOf({ rotations: true }, { preprocessing: oblong });
    expect(() => new BatchMaker(plan, labels, Int32Array.from(labels.keys()))).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });
});
