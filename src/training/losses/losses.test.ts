import { describe, expect, test } from 'vitest';
import { MINERS, type MinerName } from '../miners/index.ts';
import { LOSSES } from './index.ts';
import {
  allPairs,
  distance,
  plainContrastive,
  plainMargin,
  plainMiners,
  plainMultiSimilarity,
  plainProxyAnchor,
  plainTriplet,
  plainTriplets,
  type PlainBatch,
  type PlainTriplet,
} from './testing/reference.ts';
import { clusters, runLoss } from './testing/run.ts';

/** Classes of 4, 3, 2 and 1 images, mixed: some slots are left over, one image is never an anchor. */
const UNEVEN = [0, 1, 0, 2, 1, 0, 3, 2, 0, 1];
const MINER_NAMES = Object.keys(MINERS) as MinerName[];

const batches: Record<string, PlainBatch> = {
  'dimension 8, uneven classes': clusters(UNEVEN, 8),
  'dimension 2': clusters([0, 0, 1, 1, 2, 2], 2, { seed: 3, spread: 0.4 }),
  'dimension 512': clusters([...UNEVEN, ...UNEVEN], 512, { seed: 2, centres: 0.3 }),
};

/** Every loss that works on triplets, with several options, and the same in plain loops. */
const tripletLosses: {
  loss: 'margin' | 'triplet' | 'contrastive';
  options: { [name: string]: number | undefined };
  plain: (batch: PlainBatch, triplets: PlainTriplet[]) => number;
}[] = [
  ...[{}, { beta: 0.6 }, { gamma: 0, beta: 1 }, { nu: 0.1, gamma: 0.4 }].map(
    (options: { beta?: number; gamma?: number; nu?: number }) => ({
      loss: 'margin' as const,
      options,
      plain: (batch: PlainBatch, triplets: PlainTriplet[]) =>
        plainMargin(batch, triplets, { beta: 1.2, gamma: 0.2, nu: 0, ...options }),
    }),
  ),
  ...[{}, { margin: 1, power: 2 }, { margin: 0.05 }].map((options) => ({
    loss: 'triplet' as const,
    options,
    plain: (batch: PlainBatch, triplets: PlainTriplet[]) =>
      plainTriplet(batch, triplets, { margin: 0.2, power: 1, ...options }),
  })),
  ...[{}, { power: 1 }, { positiveMargin: 0.4, margin: 1.3 }].map((options) => ({
    loss: 'contrastive' as const,
    options,
    plain: (batch: PlainBatch, triplets: PlainTriplet[]) =>
      plainContrastive(batch, triplets, { margin: 1, positiveMargin: 0, power: 2, ...options }),
  })),
];

const withDefaults = tripletLosses.filter(({ options }) => Object.keys(options).length === 0);
const withNu = tripletLosses.filter(({ options }) => (options.nu ?? 0) > 0);

describe('losses over mined triplets agree with plain loops', () => {
  for (const [name, batch] of Object.entries(batches)) {
    test.each(MINER_NAMES)(`${name}, %s negatives`, async (minerName) => {
      const all = name === 'dimension 8, uneven classes';
      for (const { loss, options, plain } of all ? tripletLosses : withDefaults) {
        const result = await runLoss(batch, LOSSES[loss].create(options), MINERS[minerName].create());
        const triplets = plainTriplets(batch, 3, plainMiners[minerName](), result.noise);
        const expected = plain(batch, triplets);
        // 2 − 2 x·y in float32 leaves an error of about 1e-7/d in a distance d.
        expect(result.loss, `${loss} ${JSON.stringify(options)}`).toBeCloseTo(expected, 4);
      }
    });
  }

  test('the tests see losses above 0 and triplets that are left out', async () => {
    const batch = batches['dimension 8, uneven classes'];
    for (const { loss, options } of tripletLosses) {
      const result = await runLoss(batch, LOSSES[loss].create(options), MINERS.random.create());
      expect(result.loss, `${loss} ${JSON.stringify(options)}`).toBeGreaterThan(0.01);
    }
    const semiHard = plainTriplets(batch, 3, plainMiners['semi-hard'](), []);
    const hard = plainTriplets(batch, 3, plainMiners.hard(), []);
    expect(semiHard.length).toBeGreaterThan(0);
    expect(semiHard.length).toBeLessThan(hard.length);
    expect(hard.length).toBeLessThan(3 * batch.labels.length);
  });

  test('statistics', async () => {
    const batch = batches['dimension 8, uneven classes'];
    const { rows } = batch;
    const [beta, gamma] = [0.9, 0.1];
    const loss = LOSSES.margin.create({ beta, gamma });
    const { statistics } = await runLoss(batch, loss, MINERS.hard.create());
    const triplets = plainTriplets(batch, 3, plainMiners.hard(), []);
    const near = triplets.map(({ a, p }) => distance(rows[a], rows[p]));
    const far = triplets.map(({ a, n }) => distance(rows[a], rows[n]));
    const active = near.filter((d) => d > beta - gamma).length + far.filter((d) => d < beta + gamma).length;
    const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    expect(Object.keys(statistics).sort()).toEqual([
      'active',
      'beta',
      'negativeDistance',
      'positiveDistance',
    ]);
    expect(statistics.beta).toBeCloseTo(beta, 6);
    expect(statistics.active).toBeCloseTo(active / (2 * triplets.length), 6);
    expect(statistics.positiveDistance).toBeCloseTo(mean(near), 5);
    expect(statistics.negativeDistance).toBeCloseTo(mean(far), 5);
  });

  test('the border is a parameter that is fed', async () => {
    const batch = batches['dimension 8, uneven classes'];
    const parameters = { 'loss.beta': Float32Array.of(0.8) };
    const result = await runLoss(batch, LOSSES.margin.create(), MINERS.hard.create(), { parameters });
    const triplets = plainTriplets(batch, 3, plainMiners.hard(), []);
    expect(result.loss).toBeCloseTo(
      plainMargin(batch, triplets, { beta: Math.fround(0.8), gamma: 0.2, nu: 0 }),
      5,
    );
    expect(result.parameters).toEqual([
      {
        name: 'loss.beta',
        shape: [],
        data: Float32Array.of(1.2),
        learningRate: 5e-4,
      },
    ]);
  });

  test('opset 18 gives the same', async () => {
    const batch = batches['dimension 8, uneven classes'];
    for (const miner of MINER_NAMES) {
      const build = (opset: number) =>
        runLoss(batch, LOSSES.margin.create(), MINERS[miner].create(), { opset });
      expect((await build(18)).loss).toBe((await build(17)).loss);
    }
  });
});

describe('losses over all pairs agree with plain loops', () => {
  test.each(Object.entries(batches))('contrastive without a miner, %s', async (_, batch) => {
    for (const options of [{}, { power: 1, margin: 1.3 }, { positiveMargin: 0.5 }]) {
      const { loss, statistics } = await runLoss(batch, LOSSES.contrastive.create(options), null);
      const settings = { margin: 1, positiveMargin: 0, power: 2, ...options };
      expect(loss).toBeCloseTo(plainContrastive(batch, null, settings), 5);
      const { positives } = allPairs(batch);
      const total = positives.reduce((sum, [i, j]) => sum + distance(batch.rows[i], batch.rows[j]), 0);
      expect(statistics.positiveDistance).toBeCloseTo(total / positives.length, 5);
    }
  });

  test.each(Object.entries(batches))('multi-similarity, %s', async (_, batch) => {
    for (const options of [{}, { epsilon: 0 }, { alpha: 4, beta: 20, lambda: 1, epsilon: 0.3 }]) {
      const { loss } = await runLoss(batch, LOSSES['multi-similarity'].create(options), null);
      const settings = { alpha: 2, beta: 50, lambda: 0.5, epsilon: 0.1, ...options };
      const expected = plainMultiSimilarity(batch, settings);
      expect(expected).toBeGreaterThan(0);
      expect(loss).toBeCloseTo(expected, 5);
    }
  });

  test('multi-similarity: the share of anchors with pairs, and scales far beyond the range of exp', async () => {
    const batch = clusters([0, 0, 1, 1, 2, 2], 4, { seed: 6, spread: 0.1, centres: 3 });
    const apart = await runLoss(batch, LOSSES['multi-similarity'].create({ epsilon: 0 }), null);
    expect(apart.loss).toBe(0);
    expect(apart.statistics.active).toBe(0);
    const options = { beta: 5000, lambda: 0, epsilon: 2 };
    const steep = await runLoss(batch, LOSSES['multi-similarity'].create(options), null);
    expect(steep.statistics.active).toBe(1);
    // With a steep scale the negative part is the largest similarity, where it is above lambda.
    const settings = { alpha: 2, beta: 300, lambda: 0, epsilon: 2 };
    expect(steep.loss).toBeCloseTo(plainMultiSimilarity(batch, settings), 2);
  });

  test.each(Object.entries(batches))('proxy-anchor, %s', async (_, batch) => {
    const dimension = batch.rows[0].length;
    for (const options of [{}, { alpha: 5, delta: 0.3, seed: 9 }]) {
      const loss = LOSSES['proxy-anchor'].create(options);
      const result = await runLoss(batch, loss, null, { classes: 6 });
      const [{ data, shape, learningRate }] = result.parameters;
      expect(shape).toEqual([6, dimension]);
      expect(learningRate).toBe(1e-2);
      const proxies = shape[0] === 6 ? rowsOf(data, dimension) : [];
      const expected = plainProxyAnchor(batch, proxies, { alpha: 32, delta: 0.1, ...options });
      expect(Math.abs(result.loss / expected - 1)).toBeLessThan(2e-6);
    }
  });

  test('proxies come from their seed and have no preferred direction', async () => {
    const proxies = async (seed: number) => {
      const loss = LOSSES['proxy-anchor'].create({ seed });
      const { parameters } = await runLoss(batches['dimension 2'], loss, null, { classes: 2000 });
      return parameters[0].data;
    };
    const first = await proxies(0);
    expect(await proxies(0)).toEqual(first);
    expect(await proxies(1)).not.toEqual(first);
    const angles = rowsOf(first, 2).map(([x, y]) => Math.atan2(y, x));
    for (const k of [1, 2, 4]) {
      const resultant = Math.hypot(
        angles.reduce((sum, angle) => sum + Math.cos(k * angle), 0),
        angles.reduce((sum, angle) => sum + Math.sin(k * angle), 0),
      );
      // Rayleigh's test: 2 R²/n is χ² with 2 degrees of freedom; 27.6 is passed with probability 1e-6.
      expect((2 * resultant ** 2) / angles.length).toBeLessThan(27.6);
    }
  });
});

describe('batches without triplets', () => {
  const opposite = [
    [1, 0, 0],
    [1, 0, 0],
    [-1, 0, 0],
    [-1, 0, 0],
  ];
  const cases: [string, PlainBatch, MinerName[]][] = [
    ['one class only', clusters([0, 0, 0, 0], 8), MINER_NAMES],
    ['every class of one image', clusters([0, 1, 2, 3], 8), MINER_NAMES],
    ['every negative too far', { rows: opposite, labels: [0, 0, 1, 1] }, ['distance-weighted', 'semi-hard']],
  ];
  for (const [name, batch, miners] of cases) {
    test.each(miners)(`${name}, %s: the loss is exactly 0`, async (miner) => {
      for (const { loss, options } of [...withDefaults, ...withNu]) {
        const part = LOSSES[loss].create(options);
        const result = await runLoss(batch, part, MINERS[miner].create());
        expect(result.loss).toBe(0);
        const { beta: _, ...statistics } = result.statistics;
        expect(statistics).toEqual({ active: 0, positiveDistance: 0, negativeDistance: 0 });
      }
    });
  }

  test('multi-similarity gives exactly 0, proxy-anchor and all-pairs contrastive the pairs they have', async () => {
    for (const [, batch] of cases.slice(0, 2)) {
      const similarity = await runLoss(batch, LOSSES['multi-similarity'].create(), null);
      expect(similarity.loss).toBe(0);
      expect(Object.values(similarity.statistics).every(Number.isFinite)).toBe(true);
      const proxy = await runLoss(batch, LOSSES['proxy-anchor'].create(), null);
      const proxies = rowsOf(proxy.parameters[0].data, 8);
      const expected = plainProxyAnchor(batch, proxies, { alpha: 32, delta: 0.1 });
      expect(proxy.loss).toBeCloseTo(expected, 4);
      const contrastive = await runLoss(batch, LOSSES.contrastive.create(), null);
      const settings = { margin: 1, positiveMargin: 0, power: 2 };
      expect(contrastive.loss).toBeCloseTo(plainContrastive(batch, null, settings), 5);
    }
  });

  test('equal embeddings: every distance 0, nothing is NaN', async () => {
    const row = [0.6, 0.8, 0, 0];
    const batch = { rows: Array.from({ length: 6 }, () => row), labels: [0, 0, 1, 1, 2, 2] };
    for (const miner of MINER_NAMES) {
      const { loss, noise } = await runLoss(batch, LOSSES.margin.create(), MINERS[miner].create());
      const triplets = plainTriplets(batch, 3, plainMiners[miner](), noise);
      expect(loss).toBeCloseTo(plainMargin(batch, triplets, { beta: 1.2, gamma: 0.2, nu: 0 }), 5);
    }
  });
});

describe('options', () => {
  test.each(Object.entries(LOSSES))(
    '%s: defaults lie in their ranges, values outside are refused',
    (_, entry) => {
      for (const [name, setting] of Object.entries(entry.settings)) {
        expect(setting.summary).not.toBe('');
        entry.create({ [name]: setting.default });
        for (const bad of [setting.min - 1, setting.max * 2 + 1, Number.NaN]) {
          expect(() => entry.create({ [name]: bad })).toThrow(/OPTION_INVALID/);
        }
      }
      expect(() => entry.create({ mistyped: 1 } as Record<string, number>)).toThrow(/mistyped/);
    },
  );

  test('miners where they belong', async () => {
    const batch = batches['dimension 2'];
    for (const [name, entry] of Object.entries(LOSSES)) {
      expect(entry.create().name).toBe(name);
      expect(entry.create().miner).toBe(entry.miner);
      const wrong = entry.miner === 'required' ? null : MINERS.hard.create();
      if (entry.miner !== 'optional')
        await expect(runLoss(batch, entry.create(), wrong)).rejects.toThrow(/OPTION_INVALID.*miner/);
    }
  });

  test.each([{ draws: 0 }, { draws: 6 }, { draws: 1.5 }, { classes: 0 }, { opset: 12 }])(
    'impossible sizes are refused: %j',
    async (setup) => {
      const run = runLoss(batches['dimension 2'], LOSSES.margin.create(), MINERS.hard.create(), setup);
      await expect(run).rejects.toThrow(/OPTION_INVALID/);
    },
  );
});

function rowsOf(data: Float32Array, dimension: number): number[][] {
  return Array.from({ length: data.length / dimension }, (_, i) =>
    Array.from(data.subarray(i * dimension, (i + 1) * dimension)),
  );
}
