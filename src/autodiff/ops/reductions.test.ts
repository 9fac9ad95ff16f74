import { describe, expect, test } from 'vitest';
import { type Attributes, type GraphBuilder, type Value } from '../../onnx/index.ts';
import { disagreement, type Fed, floats64, gradientsOf } from '../testing/check-gradient.ts';

const REDUCTIONS = [
  'ReduceL1',
  'ReduceL2',
  'ReduceLogSum',
  'ReduceLogSumExp',
  'ReduceMax',
  'ReduceMean',
  'ReduceMin',
  'ReduceProd',
  'ReduceSum',
  'ReduceSumSquare',
] as const;
type Op = (typeof REDUCTIONS)[number];

/** The node as the version of the operator set wants it: axes as an attribute, or as an input since 13 (sum) and 18. */
function reduction(g: GraphBuilder, op: Op, x: Value, axes: number[] | undefined, more: Attributes): Value {
  if (axes === undefined) return g.op(op, [x], more);
  return g.opset >= (op === 'ReduceSum' ? 13 : 18)
    ? g.op(op, [x, g.int64(axes)], more)
    : g.op(op, [x], { axes, ...more });
}

/** ReduceLogSum needs positive values. */
function values(op: Op, shape: readonly number[]): Fed {
  const fed = floats64(shape, 4);
  return op === 'ReduceLogSum'
    ? { shape, data: (fed.data as Float64Array).map((x) => Math.abs(x) + 0.1) }
    : fed;
}

describe.each(REDUCTIONS)('%s', (op) => {
  test('axes and keepdims in all versions', async () => {
    const all = [undefined, [0], [-1], [1, 2], [-3, 2], [0, 1, 2]].flatMap((axes) =>
      [0, 1].map((keepdims) => ({ axes, keepdims })),
    );
    for (const [i, { axes, keepdims }] of all.entries()) {
      const opset = [9, 13, 18, 21][(i + (i >> 2)) % 4];
      const { analytic, numeric } = await gradientsOf({
        feeds: { x: values(op, [2, 3, 2]) },
        build: (g, { x }) => reduction(g, op, x, axes, { keepdims }),
        opset,
      });
      expect(
        disagreement(analytic.x, numeric.x),
        `axes ${String(axes)}, keepdims ${keepdims}, opset ${opset}`,
      ).toBeLessThan(1e-7);
    }
  });

  test('nothing to reduce', async () => {
    for (const axes of [undefined, []]) {
      const { analytic, numeric } = await gradientsOf({
        feeds: { x: values(op, [2, 3]) },
        build: (g, { x }) => {
          const empty = axes && g.constant(new BigInt64Array(0), [0]);
          return g.op(op, empty ? [x, empty] : [x], { noop_with_empty_axes: 1 });
        },
        opset: 18,
      });
      expect(disagreement(analytic.x, numeric.x)).toBeLessThan(1e-7);
    }
  });
});

const gradient = async (op: Op, rows: readonly (readonly number[])[]): Promise<number[][]> => {
  const shape = [rows.length, rows[0].length];
  const { analytic } = await gradientsOf({
    feeds: { x: { shape, data: Float64Array.from(rows.flat()) } },
    // the weights of the loss are not 1, so that the gradients of rows differ: divide by those of ReduceSum
    build: (g, { x }) => reduction(g, op, x, [1], { keepdims: 0 }),
    numeric: false,
  });
  const { analytic: unit } = await gradientsOf({
    feeds: { x: { shape, data: new Float64Array(rows.flat().length) } },
    build: (g, { x }) => reduction(g, 'ReduceSum', x, [1], { keepdims: 0 }),
    numeric: false,
  });
  const quotients = Array.from(analytic.x, (d, i) => d / unit.x[i] + 0);
  return rows.map((row, i) => quotients.slice(i * row.length, (i + 1) * row.length));
};

test('the largest and the smallest share the gradient', async () => {
  expect(
    await gradient('ReduceMax', [
      [1, 3, 3, 0],
      [2, 2, 2, 2],
      [0, 0, 0, 5],
    ]),
  ).toEqual([
    [0, 0.5, 0.5, 0],
    [0.25, 0.25, 0.25, 0.25],
    [0, 0, 0, 1],
  ]);
  expect(
    await gradient('ReduceMin', [
      [1, 3, 3, 0],
      [-Infinity, 2, 2, 2],
    ]),
  ).toEqual([
    [0, 0, 0, 1],
    [1, 0, 0, 0],
  ]);
});

test('the norm of zeros has gradient 0', async () => {
  expect(
    await gradient('ReduceL2', [
      [0, 0],
      [3, 4],
    ]),
  ).toEqual([
    [0, 0],
    [expect.closeTo(0.6, 14), 0.8],
  ]);
  expect(
    await gradient('ReduceL1', [
      [0, -2],
      [3, 0],
    ]),
  ).toEqual([
    [0, -1],
    [1, 0],
  ]);
});

test('products with zeros', async () => {
  expect(
    await gradient('ReduceProd', [
      [2, 3, 5],
      [2, 0, 5],
      [0, 3, 0],
      [-1, 4, 0.5],
    ]),
  ).toEqual([
    [15, 10, 6],
    [0, 10, 0],
    [0, 0, 0],
    [2, -0.5, -4],
  ]);
});

test('exponentials that would overflow', async () => {
  const [row] = await gradient('ReduceLogSumExp', [[1000, 1000 - Math.log(3)]]);
  expect(row).toEqual([expect.closeTo(0.75, 12), expect.closeTo(0.25, 12)]);
});
