import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nearestRows } from './nearest.ts';

/** All rows by squared distance, then index; the distance summed coordinate by coordinate. */
function naive(vectors: Float32Array, dimension: number, query: Float64Array, k: number, exclude: number) {
  const rows = Array.from({ length: vectors.length / dimension }, (_, index) => {
    let squared = 0;
    for (let j = 0; j < dimension; j++) squared += (query[j] - vectors[index * dimension + j]) ** 2;
    return { index, squared };
  });
  return rows
    .filter(({ index }) => index !== exclude)
    .sort((a, b) => a.squared - b.squared || a.index - b.index)
    .slice(0, k);
}

/** Coordinates that often coincide, so that duplicates and ties abound, among any others. */
const coordinate = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(-1, 0, 0.5, 1) },
  { weight: 1, arbitrary: fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e4, max: 1e4 }) },
);
const problem = fc.integer({ min: 1, max: 6 }).chain((dimension) =>
  fc.record({
    dimension: fc.constant(dimension),
    rows: fc.array(fc.array(coordinate, { minLength: dimension, maxLength: dimension }), {
      minLength: 1,
      maxLength: 40,
    }),
    query: fc.array(coordinate, { minLength: dimension, maxLength: dimension }),
    k: fc.integer({ min: 1, max: 45 }),
    exclude: fc.integer({ min: -1, max: 41 }),
  }),
);

test('equals a float64 sort of all distances, bit for bit, with duplicates and ties', () => {
  fc.assert(
    fc.property(problem, ({ dimension, rows, query, k, exclude }) => {
      const vectors = Float32Array.from(rows.flat());
      const q = Float64Array.from(query);
      const expected = naive(vectors, dimension, q, k, exclude);
      expect(nearestRows(vectors, dimension, q, k, exclude)).toEqual(expected);
    }),
    { numRuns: 400 },
  );
});

test('keeps the order of near duplicates that an inner product in float64 cannot tell apart', () => {
  const base = [1000, -2000, 3000].map(Math.fround);
  const steps = [3, 1, 2, 0];
  const vectors = Float32Array.from(steps.flatMap((step) => [base[0] + step * 2 ** -13, base[1], base[2]]));
  const found = nearestRows(vectors, 3, Float64Array.from(base), 4);
  expect(found.map(({ index }) => index)).toEqual([3, 1, 2, 0]);
  expect(found.map(({ squared }) => squared)).toEqual([0, 1, 2, 3].map((step) => (step * 2 ** -13) ** 2));
});
