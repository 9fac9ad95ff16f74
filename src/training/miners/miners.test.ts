import { describe, expect, test } from 'vitest';
import {
  distance,
  inverseDensity,
  nextPositives,
  type PlainBatch,
  type PlainMiner,
  plainMiners,
  plainTriplets,
} from '../losses/testing/reference.ts';
import { clusters, openMiner, Source } from '../losses/testing/run.ts';
import { type MinerName, MINERS } from './index.ts';

const UNEVEN = [0, 1, 0, 2, 1, 0, 3, 2, 0, 1];
const NAMES = Object.keys(MINERS) as MinerName[];

type Mined = { positives: number[]; negatives: number[]; valid: number[] };

/** The valid triplets of a miner's output. */
function tripletsOf({ positives, negatives, valid }: Mined, draws: number) {
  return valid.flatMap((flag, i) =>
    flag === 1 ? [{ a: Math.floor(i / draws), slot: i % draws, p: positives[i], n: negatives[i] }] : [],
  );
}

describe('every miner', () => {
  const options: [MinerName, Record<string, number>, PlainMiner][] = [
    ...NAMES.map((name): [MinerName, Record<string, number>, PlainMiner] => [name, {}, plainMiners[name]()]),
    ['semi-hard', { margin: 0.05 }, plainMiners['semi-hard'](0.05)],
    ['distance-weighted', { cutoff: 0.9, limit: 1.1 }, plainMiners['distance-weighted'](0.9, 1.1)],
  ];
  const batches: [string, PlainBatch][] = [
    ['8 dimensions', clusters(UNEVEN, 8)],
    ['512 dimensions', clusters([...UNEVEN, ...UNEVEN], 512, { seed: 2, centres: 0.8 })],
    ['one class', clusters([0, 0, 0], 4)],
    ['single images', clusters([0, 1, 2], 4)],
  ];
  for (const [name, given, plain] of options) {
    test.each(batches)(`${name} ${JSON.stringify(given)} chooses as plain loops do, %s`, async (_, batch) => {
      for (const draws of [1, 2]) {
        const miner = await openMiner(batch, MINERS[name].create(given), { draws });
        const noise = new Source(11).uniforms(miner.noiseSize);
        const mined = await miner.run(noise);
        await miner.close();
        expect(tripletsOf(mined, draws)).toEqual(plainTriplets(batch, draws, plain, noise));
        for (const place of [...mined.positives, ...mined.negatives]) {
          expect(place).toBeGreaterThanOrEqual(0);
          expect(place).toBeLessThan(batch.labels.length);
        }
        expect(mined.valid.every((flag) => flag === 0 || flag === 1)).toBe(true);
      }
    });
  }

  test('a class larger than draws + 1 uses each of its images equally often as a positive', () => {
    const labels = [0, 1, 0, 0, 1, 0, 1, 0];
    const uses = labels.map(
      (_, j) => labels.filter((__, a) => nextPositives({ rows: [], labels }, a, 2).includes(j)).length,
    );
    expect(uses).toEqual(labels.map(() => 2));
  });

  test('noise at the ends of its range is harmless', async () => {
    const batch = clusters(UNEVEN, 8);
    for (const name of ['random', 'distance-weighted'] as const) {
      const miner = await openMiner(batch, MINERS[name].create(), { draws: 2 });
      for (const value of [0, 1]) {
        const mined = await miner.run(new Float32Array(miner.noiseSize).fill(value));
        for (const { a, n } of tripletsOf(mined, 2)) expect(batch.labels[n]).not.toBe(batch.labels[a]);
      }
      await miner.close();
    }
  });

  test('options out of range are refused', () => {
    expect(() => MINERS['distance-weighted'].create({ cutoff: 1.4, limit: 1.4 })).toThrow(/cutoff < limit/);
    expect(() => MINERS['distance-weighted'].create({ limit: 2 })).toThrow(/OPTION_INVALID/);
    expect(() => MINERS['semi-hard'].create({ margin: 0 })).toThrow(/OPTION_INVALID/);
    for (const name of NAMES) {
      expect(MINERS[name].create().name).toBe(name);
      expect(() => MINERS[name].create({ mistyped: 1 } as Record<string, number>)).toThrow(/mistyped/);
    }
  });
});

describe('the law of the negatives drawn', () => {
  /** Pearson's χ² of each anchor's draws against the exact probabilities, added up, in standard deviations. */
  async function deviation(
    batch: PlainBatch,
    name: MinerName,
    weight: (a: number, j: number) => number,
    { runs, draws }: { runs: number; draws: number },
  ): Promise<{ sigmas: number; cells: number }> {
    const size = batch.labels.length;
    const counts = batch.labels.map(() => batch.labels.map(() => 0));
    const miner = await openMiner(batch, MINERS[name].create(), { draws });
    const source = new Source(21);
    for (let i = 0; i < runs; i++) {
      const mined = await miner.run(source.uniforms(miner.noiseSize));
      for (const { a, n } of tripletsOf(mined, draws)) counts[a][n]++;
    }
    await miner.close();
    let chiSquare = 0;
    let degrees = 0;
    for (let a = 0; a < size; a++) {
      const weights = batch.labels.map((label, j) => (label === batch.labels[a] ? 0 : weight(a, j)));
      const total = weights.reduce((x, y) => x + y, 0);
      const drawn = counts[a].reduce((x, y) => x + y, 0);
      expect(drawn).toBe(runs * draws);
      const expected = weights.map((w) => (drawn * w) / total);
      // Cells with few expected draws are taken together.
      const small = expected.map((e) => e < 5);
      const pooled = (values: number[]): number =>
        values.filter((_, j) => small[j]).reduce((x, y) => x + y, 0);
      const cells = expected.flatMap((e, j) => (small[j] ? [] : [[e, counts[a][j]]]));
      if (pooled(expected) >= 1) cells.push([pooled(expected), pooled(counts[a])]);
      else expect(pooled(counts[a])).toBeLessThan(12);
      for (const [e, c] of cells) chiSquare += (c - e) ** 2 / e;
      degrees += cells.length - 1;
    }
    return { sigmas: (chiSquare - degrees) / Math.sqrt(2 * degrees), cells: degrees };
  }

  const labels = Array.from({ length: 24 }, (_, i) => i % 2);

  test.each([
    { dimension: 3, spread: 1.5, centres: 0 },
    { dimension: 16, spread: 1.5, centres: 0 },
    // Distances around 1.37, where q is flat enough that many negatives of one anchor have a chance.
    { dimension: 512, spread: 4, centres: 0 },
  ])('distance-weighted: proportional to 1/q(d), dimension $dimension', async ({ dimension, ...shape }) => {
    const batch = clusters(labels, dimension, { seed: 4, ...shape });
    const weight = (a: number, j: number): number => {
      const d = distance(batch.rows[a], batch.rows[j]);
      return d < 1.4 ? inverseDensity(d, dimension, 0.5) : 0;
    };
    const { sigmas, cells } = await deviation(batch, 'distance-weighted', weight, { runs: 120, draws: 11 });
    expect(cells).toBeGreaterThan(60);
    expect(Math.abs(sigmas)).toBeLessThan(4.5);
    // The test can tell: the uniform law is far off.
    const wrong = await deviation(batch, 'distance-weighted', () => 1, { runs: 20, draws: 11 });
    expect(wrong.sigmas).toBeGreaterThan(20);
  });

  test('random: uniform', async () => {
    const batch = clusters(labels, 8, { seed: 4 });
    const { sigmas } = await deviation(batch, 'random', () => 1, { runs: 120, draws: 11 });
    expect(Math.abs(sigmas)).toBeLessThan(4.5);
  });

  test('512 dimensions, anchors of very different crowding: none of them underflows', async () => {
    const dimension = 512;
    const crowded = clusters([0, 1, 0, 1], dimension, { seed: 7, spread: 0.5, centres: 0 });
    const sparse = clusters([0, 1, 0, 1], dimension, { seed: 8, spread: 2, centres: 0 });
    const batch: PlainBatch = {
      rows: [...crowded.rows, ...sparse.rows.map((row) => row.map((x) => -x))],
      labels: [...crowded.labels, ...sparse.labels],
    };
    const largest = batch.rows.map((row, a) => {
      const distances = batch.rows
        .filter((_, j) => batch.labels[j] !== batch.labels[a])
        .map((other) => distance(row, other));
      return Math.max(...distances.map((d) => (d < 1.4 ? inverseDensity(d, dimension, 0.5) : 0)));
    });
    // One common scale would leave the sparse anchors with nothing but zeros, in float32 and nearly in float64.
    expect(Math.max(...largest) / Math.min(...largest)).toBeGreaterThan(1e60);
    const miner = await openMiner(batch, MINERS['distance-weighted'].create(), { draws: 3 });
    const source = new Source(31);
    for (let i = 0; i < 20; i++) {
      const mined = await miner.run(source.uniforms(miner.noiseSize));
      expect(mined.valid.every((flag) => flag === 1)).toBe(true);
      for (const { a, n } of tripletsOf(mined, 3)) {
        expect(batch.labels[n]).not.toBe(batch.labels[a]);
        expect(distance(batch.rows[a], batch.rows[n])).toBeLessThan(1.4);
      }
    }
    await miner.close();
  });
});
