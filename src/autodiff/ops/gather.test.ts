import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sizeOf, type Value } from '../../onnx/index.ts';
import { disagreement, type Fed, floats64, gradientsOf } from '../testing/check-gradient.ts';

const OPSETS = [11, 13, 16, 21];

/** Integers in [−size, size) or, without negative ones, [0, size). */
function indices(shape: readonly number[], size: number, seed: number, negative = true): Fed {
  const fed = floats64(shape, seed).data as Float64Array;
  const lowest = negative ? -size : 0;
  const span = negative ? 2 * size : size;
  return { shape, data: BigInt64Array.from(fed, (u) => BigInt(lowest + Math.floor(((u + 1) / 2) * span))) };
}

describe('Gather', () => {
  test('indices that are fed, on any axis', async () => {
    for (const [i, opset] of OPSETS.entries()) {
      for (const axis of [0, 1, 2, -1]) {
        const shape = [3, 4, 2];
        const places = [[5], [2, 3], [], [7]][(i + axis + 4) % 4];
        const { analytic, numeric } = await gradientsOf({
          feeds: { x: floats64(shape, 3), index: indices(places, shape.at(axis)!, axis + 7) },
          build: (g, { x, index }) => g.op('Gather', [x, index], { axis }),
          opset,
        });
        expect(disagreement(analytic.x, numeric.x), `axis ${axis}, opset ${opset}`).toBeLessThan(1e-8);
      }
    }
  });

  test('constant indices: one, in a row, out of order, repeated, negative', async () => {
    for (const opset of OPSETS) {
      for (const list of [0, 2, -1, [1], [1, 2], [-2, -1], [0, 1, 2], [2, 0], [1, 1, 0], [-1, 0]]) {
        const { analytic, numeric } = await gradientsOf({
          feeds: { x: floats64([2, 3, 2], 3) },
          build: (g, { x }) => g.op('Gather', [x, g.int64(list)], { axis: 1 }),
          opset,
        });
        expect(disagreement(analytic.x, numeric.x), `${String(list)}, opset ${opset}`).toBeLessThan(1e-8);
      }
    }
  });

  test('before indices could be negative', async () => {
    const { analytic, numeric } = await gradientsOf({
      feeds: { x: floats64([2, 4, 2], 3), index: indices([6], 4, 5, false) },
      build: (g, { x, index }) => g.op('Gather', [x, index], { axis: 1 }),
      opset: 9,
    });
    expect(disagreement(analytic.x, numeric.x)).toBeLessThan(1e-8);
  });

  test('int32 indices', async () => {
    for (const opset of [11, 17]) {
      const { analytic, numeric } = await gradientsOf({
        feeds: { x: floats64([4, 2], 3), index: { shape: [3], data: Int32Array.of(3, -1, 0) } },
        build: (g, { x, index }) => g.op('Gather', [x, index]),
        opset,
      });
      expect(disagreement(analytic.x, numeric.x)).toBeLessThan(1e-8);
    }
  });

  test('many equal indices add up', async () => {
    const count = 20_000;
    const x: Fed = { shape: [4, 3], data: new Float64Array(12) };
    const index: Fed = {
      shape: [count],
      data: BigInt64Array.from({ length: count }, (_, i) => BigInt((i * i) % 4)),
    };
    const { analytic } = await gradientsOf({
      feeds: { x, index },
      build: (g, inputs) => {
        const rows = g.op('Gather', [inputs.x, inputs.index]);
        return g.op('ReduceSum', [rows, g.int64([0])], { keepdims: 0 });
      },
      numeric: false,
    });
    // squares are 0 or 1 modulo 4
    const ratio = Array.from(analytic.x.slice(0, 3), (d) => d);
    expect(Array.from(analytic.x.slice(3, 6))).toEqual(ratio);
    expect(Array.from(analytic.x.slice(6))).toEqual(Array(6).fill(0));
    const { analytic: one } = await gradientsOf({
      feeds: { x },
      build: (g, inputs) => g.op('ReduceSum', [inputs.x, g.int64([0])], { keepdims: 0 }),
      numeric: false,
    });
    for (const i of [0, 1, 2]) expect(ratio[i] / one.x[i]).toBeCloseTo(count / 2, 6);
  });
});

describe('GatherElements', () => {
  test('picks along any axis, from fewer rows than there are', async () => {
    const shape = [3, 4, 2];
    for (const opset of OPSETS) {
      for (const axis of [0, 1, -1]) {
        for (const places of [
          [3, 4, 2],
          [2, 3, 2],
          [1, 4, 1],
        ]) {
          const picked = places.map((size, i) => (i === (axis + 3) % 3 ? size + 2 : size));
          const { analytic, numeric } = await gradientsOf({
            feeds: { x: floats64(shape, 3), index: indices(picked, shape.at(axis)!, axis + 9) },
            build: (g, { x, index }) => g.op('GatherElements', [x, index], { axis }),
            opset,
          });
          expect(disagreement(analytic.x, numeric.x), `axis ${axis}, opset ${opset}`).toBeLessThan(1e-8);
        }
      }
    }
  });
});

test('any gathering agrees with adding up by hand', async () => {
  const cases = fc.record({
    outer: fc.integer({ min: 1, max: 3 }),
    size: fc.integer({ min: 1, max: 5 }),
    inner: fc.integer({ min: 1, max: 3 }),
    count: fc.integer({ min: 1, max: 9 }),
    opset: fc.constantFrom(...OPSETS),
    constant: fc.boolean(),
    seed: fc.nat(1000),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ outer, size, inner, count, opset, constant, seed }) => {
      const places = indices([count], size, seed);
      const list = Array.from(places.data as BigInt64Array, Number);
      const x = floats64([outer, size, inner], seed);
      const weighted = floats64([outer, count, inner], 77).data as Float64Array;
      const { analytic } = await gradientsOf({
        feeds: constant ? { x } : { x, index: places },
        build: (g, inputs) => {
          const index: Value = inputs.index ?? g.int64(list);
          return g.op('Gather', [inputs.x, index], { axis: 1 });
        },
        opset,
        numeric: false,
      });
      const expected = new Float64Array(sizeOf(x.shape));
      for (let o = 0; o < outer; o++)
        for (let k = 0; k < count; k++)
          for (let i = 0; i < inner; i++) {
            const row = list[k] < 0 ? list[k] + size : list[k];
            expected[(o * size + row) * inner + i] += weighted[(o * count + k) * inner + i];
          }
      expect(disagreement(analytic.x, expected)).toBeLessThan(1e-12);
    }),
    { numRuns: 40, seed: 5 },
  );
});
