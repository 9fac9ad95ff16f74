/**
 * The gradients of the loss graphs against central differences of the plain loops, in float64. The miner's choice is
 * held fixed in those, as no gradient flows through it.
 */
import { describe, expect, test } from 'vitest';
import { MINERS, type MinerName } from '../miners/index.ts';
import { LOSSES } from './index.ts';
import {
  plainContrastive,
  plainMargin,
  plainMiners,
  plainMultiSimilarity,
  plainProxyAnchor,
  plainTriplet,
  plainTriplets,
  type PlainBatch,
} from './testing/reference.ts';
import { clusters, runGradients } from './testing/run.ts';

const BATCH = clusters([0, 1, 0, 2, 1, 0, 3, 2, 0, 1], 6, { seed: 13 });
const DRAWS = 3;
const MINER_NAMES = Object.keys(MINERS) as MinerName[];

/** df/dx for each entry of the rows, one after the other. */
function numericGradient(rows: readonly number[][], f: (rows: number[][]) => number): number[] {
  const step = 1e-6;
  return rows.flatMap((row, i) =>
    row.map((value, c) => {
      const at = (x: number): number =>
        f(rows.map((other, k) => (k === i ? other.map((y, l) => (l === c ? x : y)) : other)));
      return (at(value + step) - at(value - step)) / (2 * step);
    }),
  );
}

/** Largest difference as a share of the largest entry. */
function disagreement(gradient: ArrayLike<number>, expected: readonly number[]): number {
  expect(gradient.length).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  expect(largest).toBeGreaterThan(1e-3);
  return Math.max(...expected.map((value, i) => Math.abs(gradient[i] - value))) / largest;
}

describe('gradients of losses over triplets', () => {
  const triplets = (name: MinerName, noise: ArrayLike<number>) =>
    plainTriplets(BATCH, DRAWS, plainMiners[name](), noise);

  test.each(MINER_NAMES)('margin, %s negatives: embeddings and border', async (name) => {
    const settings = { beta: 1.1, gamma: 0.3, nu: 0.05 };
    const loss = LOSSES.margin.create(settings);
    const { gradients, noise } = await runGradients(BATCH, loss, MINERS[name].create(), { draws: DRAWS });
    const chosen = triplets(name, noise);
    const f = (rows: number[][], beta = Math.fround(1.1)): number =>
      plainMargin({ ...BATCH, rows }, chosen, { ...settings, beta });
    expect(disagreement(gradients.embeddings, numericGradient(BATCH.rows, f))).toBeLessThan(1e-5);
    const border = numericGradient([[Math.fround(1.1)]], ([[beta]]) => f(BATCH.rows, beta));
    expect(disagreement(gradients['loss.beta'], border)).toBeLessThan(1e-5);
  });

  test.each([1, 2])('triplet and contrastive, power %i', async (power) => {
    for (const name of ['hard', 'random'] as const) {
      const miner = MINERS[name].create();
      const triplet = { margin: 0.5, power };
      const first = await runGradients(BATCH, LOSSES.triplet.create(triplet), miner, { draws: DRAWS });
      const chosen = triplets(name, first.noise);
      const f = (rows: number[][]): number => plainTriplet({ ...BATCH, rows }, chosen, triplet);
      expect(disagreement(first.gradients.embeddings, numericGradient(BATCH.rows, f))).toBeLessThan(1e-5);

      const contrastive = { margin: 1.2, positiveMargin: 0.1, power };
      const loss = LOSSES.contrastive.create(contrastive);
      const second = await runGradients(BATCH, loss, miner, { draws: DRAWS });
      const h = (rows: number[][]): number => plainContrastive({ ...BATCH, rows }, chosen, contrastive);
      expect(disagreement(second.gradients.embeddings, numericGradient(BATCH.rows, h))).toBeLessThan(1e-5);
    }
  });
});

describe('gradients of losses over all pairs', () => {
  test('contrastive', async () => {
    const settings = { margin: 1.2, positiveMargin: 0.1, power: 2 };
    const { gradients } = await runGradients(BATCH, LOSSES.contrastive.create(settings), null);
    const f = (rows: number[][]): number => plainContrastive({ ...BATCH, rows }, null, settings);
    expect(disagreement(gradients.embeddings, numericGradient(BATCH.rows, f))).toBeLessThan(1e-5);
  });

  test('multi-similarity', async () => {
    const settings = { alpha: 2, beta: 50, lambda: 0.5, epsilon: 0.1 };
    const { gradients } = await runGradients(BATCH, LOSSES['multi-similarity'].create(), null);
    const f = (rows: number[][]): number => plainMultiSimilarity({ ...BATCH, rows }, settings);
    expect(disagreement(gradients.embeddings, numericGradient(BATCH.rows, f))).toBeLessThan(1e-5);
  });

  test('proxy-anchor: embeddings and proxies', async () => {
    const loss = LOSSES['proxy-anchor'].create({ seed: 3 });
    const { gradients, parameters } = await runGradients(BATCH, loss, null, { classes: 5 });
    const { data } = parameters[0];
    const proxies = Array.from({ length: 5 }, (_, i) => Array.from(data.subarray(6 * i, 6 * i + 6)));
    const f = (rows: number[][], anchors = proxies): number =>
      plainProxyAnchor({ ...BATCH, rows }, anchors, { alpha: 32, delta: 0.1 });
    expect(disagreement(gradients.embeddings, numericGradient(BATCH.rows, f))).toBeLessThan(1e-5);
    const byProxies = numericGradient(proxies, (anchors) => f(BATCH.rows, anchors));
    expect(disagreement(gradients['loss.proxies'], byProxies)).toBeLessThan(1e-5);
  });
});

describe('gradients stay finite', () => {
  const row = [0.6, 0.8, 0, 0];
  const batches: [string, PlainBatch, boolean][] = [
    ['equal embeddings', { rows: [row, row, row, row], labels: [0, 0, 1, 1] }, false],
    ['one class only', clusters([0, 0, 0, 0], 4), true],
    ['every class of one image', clusters([0, 1, 2, 3], 4), true],
  ];
  test.each(batches)('%s', async (_, batch, zero) => {
    for (const [name, entry] of Object.entries(LOSSES)) {
      const miner = entry.miner === 'none' ? null : MINERS['distance-weighted'].create();
      const { gradients } = await runGradients(batch, entry.create(), miner);
      const values = Object.values(gradients).flatMap((gradient) => Array.from(gradient));
      const bad = values.filter((value) => !Number.isFinite(value));
      expect({ name, bad }).toEqual({ name, bad: [] });
      if (zero && name !== 'proxy-anchor')
        expect({ name, largest: Math.max(...values.map(Math.abs)) }).toEqual({ name, largest: 0 });
    }
  });
});
