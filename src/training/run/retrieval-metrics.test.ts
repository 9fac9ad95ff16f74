import { describe, expect, test } from 'vitest';
import { Random } from '../../../test/helpers/random.ts';
import { retrievalMetrics } from './retrieval-metrics.ts';

/** Random unit rows around one centre a class. */
function example(sizes: readonly number[], dimension: number, spread: number, seed: number) {
  const random = new Random(seed);
  const labels: number[] = [];
  const rows: number[][] = [];
  for (const [label, size] of sizes.entries()) {
    const centre = Array.from({ length: dimension }, () => random.normal());
    for (let i = 0; i < size; i++) {
      const row = centre.map((value) => value + spread * random.normal());
      const norm = Math.hypot(...row);
      rows.push(row.map((value) => Math.fround(value / norm)));
      labels.push(label);
    }
  }
  return { rows, labels };
}

/** The definitions, written out. */
function naive(rows: readonly number[][], labels: readonly number[]) {
  const hits = { 1: 0, 2: 0, 4: 0, 8: 0 };
  const precisions: number[] = [];
  let cosines = 0;
  for (const [q, query] of rows.entries()) {
    const others = rows.map((_, i) => i).filter((i) => i !== q);
    const distance = (i: number) => Math.hypot(...rows[i].map((value, j) => value - query[j]));
    others.sort((a, b) => distance(a) - distance(b));
    for (const k of [1, 2, 4, 8] as const)
      if (others.slice(0, k).some((i) => labels[i] === labels[q])) hits[k]++;
    const r = others.filter((i) => labels[i] === labels[q]).length;
    if (r > 0) {
      let sum = 0;
      for (let rank = 1; rank <= r; rank++) {
        const relevant = others.slice(0, rank).filter((i) => labels[i] === labels[q]).length;
        if (labels[others[rank - 1]] === labels[q]) sum += relevant / rank;
      }
      precisions.push(sum / r);
    }
    for (const i of others) cosines += rows[i].reduce((sum, value, j) => sum + value * query[j], 0);
  }
  const n = rows.length;
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
  return { hits, mapAtR: mean(precisions), meanCosine: cosines / (n * (n - 1)) };
}

describe('retrievalMetrics', () => {
  test.each([
    ['even classes', Array.from({ length: 12 }, () => 5), 0.6],
    ['uneven classes, some of one picture', [1, 2, 30, 7, 1, 12], 0.9],
    ['more pictures than one run takes', Array.from({ length: 70 }, () => 4), 0.8],
    ['two pictures', [2], 0.1],
  ])('agrees with the definitions: %s', async (_, sizes, spread) => {
    const { rows, labels } = example(sizes, 6, spread, 5);
    const found = await retrievalMetrics(Float32Array.from(rows.flat()), Int32Array.from(labels), 6);
    const { hits, mapAtR, meanCosine } = naive(rows, labels);
    const n = rows.length;
    expect(found.recallAt1).toBeCloseTo(hits[1] / n, 12);
    expect(found.recallAt2).toBeCloseTo(hits[2] / n, 12);
    expect(found.recallAt4).toBeCloseTo(hits[4] / n, 12);
    expect(found.recallAt8).toBeCloseTo(hits[8] / n, 12);
    expect(found.mapAtR).toBeCloseTo(mapAtR, 12);
    expect(found.meanCosine).toBeCloseTo(meanCosine, 5);
  });
});
