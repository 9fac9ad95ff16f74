import { expect, test } from 'vitest';
import { SelectionScores } from './selection-scores.ts';

test('inner products, and mean and deviation of differences, against the plain sums', () => {
  const dimension = 7; // not a multiple of four
  const [count, items] = [40, 3];
  const draw = (size: number, seed: number): Float32Array =>
    Float32Array.from({ length: size }, (_, i) => Math.sin(seed + 1.7 * i * i));
  const gallery = {
    vectors: draw(items * dimension, 1),
    dimension,
    count: items,
    labelIndex: new Int32Array(items),
  };
  const embeddings = draw(count * dimension, 2);
  const scores = new SelectionScores(gallery, { embeddings, count, votes: new Map() });
  const products = (item: number): number[] =>
    Array.from({ length: count }, (_, i) => {
      let sum = 0;
      for (let j = 0; j < dimension; j++)
        sum += embeddings[i * dimension + j] * gallery.vectors[item * dimension + j];
      return sum;
    });
  const [a, b] = [products(0), products(2)];
  for (const [i, value] of scores.of(2).entries()) expect(value).toBeCloseTo(b[i], 12);
  const differences = b.map((value, i) => value - a[i]);
  const mean = differences.reduce((sum, value) => sum + value, 0) / count;
  const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  expect(scores.difference(2, 0).mean).toBeCloseTo(mean, 12);
  expect(scores.difference(2, 0).deviation).toBeCloseTo(Math.sqrt(variance), 12);
  expect(scores.difference(1, 1)).toEqual({ mean: 0, deviation: 0 });
  const values = scores.values({ positive: 0, negative: 2 }, 3, 0.5);
  for (const [i, value] of values.entries()) expect(value).toBeCloseTo(3 * (differences[i] + 0.5), 12);
});
