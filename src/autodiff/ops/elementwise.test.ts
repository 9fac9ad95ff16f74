import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Attributes, ELEMENT_TYPES, type GraphBuilder, sizeOf, type Value } from '../../onnx/index.ts';
import {
  type Case,
  disagreement,
  type Fed,
  floats32,
  floats64,
  gradientsOf,
} from '../testing/check-gradient.ts';

/** Central differences in float64 with a step of 1e-5 are this good; in float32 with 1e-2 (smooth functions) that. */
const EXACT = 1e-7;
const SINGLE = 2e-3;

/** The largest error of any gradient, as a share of what the differences allow. */
async function errorOf(example: Case): Promise<number> {
  const { analytic, numeric } = await gradientsOf(example);
  const names = Object.keys(numeric);
  const largest = Math.max(...names.flatMap((name) => Array.from(numeric[name], Math.abs)));
  expect(largest, 'the output depends on the inputs').toBeGreaterThan(0);
  const errors = names.map((name) => {
    const tolerance = example.feeds[name].data instanceof Float64Array ? EXACT : SINGLE;
    return disagreement(analytic[name], numeric[name]) / tolerance;
  });
  return Math.max(...errors);
}

/** Away from 0 by at least `gap`, keeping signs. */
const apart = (fed: Fed, gap = 0.1): Fed => map(fed, (x) => x + Math.sign(x) * gap);
const positive = (fed: Fed): Fed => map(fed, (x) => Math.abs(x) + 0.2);
const scaled = (fed: Fed, factor: number): Fed => map(fed, (x) => x * factor);

function map(fed: Fed, f: (x: number) => number): Fed {
  const data = fed.data as Float32Array | Float64Array;
  return { shape: fed.shape, data: data.map(f) };
}

const x64 = (shape: readonly number[] = [3, 4], seed = 1): Fed => apart(floats64(shape, seed));
const x32 = (shape: readonly number[] = [3, 4], seed = 1): Fed => apart(floats32(shape, seed));

describe('one input', () => {
  const smooth: Record<string, Fed> = {
    Abs: x64(),
    Cos: x64(),
    Exp: x64(),
    Identity: x64(),
    Log: positive(x64()),
    Neg: x64(),
    Reciprocal: x64(),
    Relu: x64(),
    Sigmoid: scaled(x64(), 3),
    Sin: x64(),
    Sqrt: positive(x64()),
    Tanh: scaled(x64(), 2),
  };
  test.each(Object.keys(smooth))('%s', async (op) => {
    for (const opset of [9, 11, 13, 17, 21]) {
      expect(
        await errorOf({ feeds: { x: smooth[op] }, build: (g, { x }) => g.op(op, [x]), opset }),
      ).toBeLessThan(1);
    }
  });

  test.each(['Erf', 'Softplus', 'Relu', 'Abs', 'Sigmoid'])('%s in float32', async (op) => {
    for (const opset of [9, 11, 21]) {
      expect(await errorOf({ feeds: { x: x32() }, build: (g, { x }) => g.op(op, [x]), opset })).toBeLessThan(
        1,
      );
    }
  });

  test('activations with parameters', async () => {
    // on both sides of every kink, none nearer than the step
    const x: Fed = { shape: [10], data: Float32Array.of(-5, -3.5, -2, -1, -0.2, 0.3, 1, 2.2, 2.9, 4) };
    const cases: [string, Attributes][] = [
      ['Elu', {}],
      ['Elu', { alpha: 1.7 }],
      ['HardSigmoid', {}],
      ['HardSigmoid', { alpha: 1 / 6, beta: 0.5 }],
      ['HardSwish', {}],
      ['LeakyRelu', {}],
      ['LeakyRelu', { alpha: 0.3 }],
    ];
    for (const [op, attributes] of cases) {
      for (const opset of [9, 14, 16, 21]) {
        if (op === 'HardSwish' && opset < 14) continue;
        expect(
          await errorOf({
            feeds: { x },
            build: (g, inputs) => g.op(op, [inputs.x], attributes),
            opset,
          }),
        ).toBeLessThan(1);
      }
    }
    // at this version ONNX Runtime writes some of these out, also in float64
    const double = { shape: [10], data: Float64Array.from(x.data as Float32Array) };
    for (const [op, attributes] of cases) {
      expect(
        await errorOf({
          feeds: { x: double },
          build: (g, inputs) => g.op(op, [inputs.x], attributes),
          opset: 18,
        }),
      ).toBeLessThan(1);
    }
  });

  test('PRelu with any slopes that broadcast', async () => {
    for (const [i, slopes] of [[2, 3, 4], [3, 1], [4], [], [1]].entries()) {
      expect(
        await errorOf({
          feeds: { x: x32([2, 3, 4]), slope: x32(slopes, 9) },
          build: (g, { x, slope }) => g.op('PRelu', [x, slope]),
          opset: [9, 13, 16, 17, 21][i],
        }),
      ).toBeLessThan(1);
    }
  });

  test('cast between float types; nothing comes back through integers', async () => {
    const { analytic, numeric } = await gradientsOf({
      feeds: { x: floats32([6]) },
      build: (g, { x }) => {
        const double = g.op('Cast', [x], { to: ELEMENT_TYPES.float64 });
        const whole = g.op('Cast', [g.op('Cast', [x], { to: ELEMENT_TYPES.int64 })], {
          to: ELEMENT_TYPES.float64,
        });
        return g.op('Add', [g.op('Mul', [double, double]), whole]);
      },
    });
    expect(disagreement(analytic.x, numeric.x)).toBeLessThan(1e-5);
  });

  test('relu has no gradient at 0', async () => {
    for (const data of [Float32Array.of(0, -0, 1e-20, -1e-20), Float64Array.of(0, -0, 1e-20, -1e-20)]) {
      const { analytic } = await gradientsOf({
        feeds: { x: { shape: [4], data } },
        build: (g, { x }) => g.op('Relu', [x]),
        numeric: false,
      });
      expect(Array.from(analytic.x, (d) => d !== 0)).toEqual([false, false, true, false]);
    }
  });
});

/** Pairs of shapes that broadcast, both ways. */
const PAIRS: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [3, 4],
    [3, 4],
  ],
  [[3, 4], []],
  [[], [3, 4]],
  [[3, 4], [4]],
  [[4], [3, 4]],
  [
    [2, 3, 4],
    [3, 1],
  ],
  [
    [2, 1, 4],
    [1, 3, 1],
  ],
  [[1, 1], [5]],
];

describe('two inputs with broadcasting', () => {
  const feeds: Record<string, (a: Fed, b: Fed) => { a: Fed; b: Fed }> = {
    Add: (a, b) => ({ a, b }),
    Sub: (a, b) => ({ a, b }),
    Mul: (a, b) => ({ a, b }),
    Div: (a, b) => ({ a, b: apart(b) }),
    Pow: (a, b) => ({ a: positive(a), b }),
    Max: (a, b) => ({ a, b }),
    Min: (a, b) => ({ a, b }),
    Sum: (a, b) => ({ a, b }),
  };
  test.each(Object.keys(feeds))('%s', async (op) => {
    for (const [i, [a, b]] of PAIRS.entries()) {
      expect(
        await errorOf({
          feeds: feeds[op](x64(a, 2 * i + 1), x64(b, 2 * i + 2)),
          build: (g, inputs) => g.op(op, [inputs.a, inputs.b]),
          opset: [9, 13, 17, 21][i % 4],
        }),
      ).toBeLessThan(1);
    }
  });

  test('many inputs', async () => {
    const feeds = { a: x32([2, 3], 1), b: x32([3], 2), c: x32([2, 1], 3), d: x32([], 4) };
    for (const op of ['Sum', 'Mean', 'Max', 'Min']) {
      expect(
        await errorOf({ feeds, build: (g, { a, b, c, d }) => g.op(op, [a, b, c, d]), opset: 13 }),
      ).toBeLessThan(1);
      expect(
        await errorOf({ feeds: { a: feeds.a }, build: (g, { a }) => g.op(op, [a]), opset: 21 }),
      ).toBeLessThan(1);
    }
  });

  test('where', async () => {
    for (const [i, [a, b]] of PAIRS.entries()) {
      for (const shape of [[], a, b]) {
        const condition = Uint8Array.from({ length: sizeOf(shape) }, (_, k) => Number((k + i) % 3 !== 0));
        const { analytic, numeric } = await gradientsOf({
          feeds: { condition: { shape, data: condition }, a: x64(a, 5), b: x64(b, 6) },
          build: (g, inputs) => g.op('Where', [inputs.condition, inputs.a, inputs.b]),
        });
        for (const name of ['a', 'b'])
          expect(disagreement(analytic[name], numeric[name])).toBeLessThan(EXACT);
      }
    }
  });

  test('any two shapes that broadcast', async () => {
    const dimension = fc.constantFrom(1, 2, 3);
    const shapes = fc
      .array(fc.tuple(dimension, fc.constantFrom('both', 'a', 'b')), { maxLength: 4 })
      .chain((dims) =>
        fc.tuple(fc.nat(dims.length), fc.nat(dims.length), fc.boolean()).map(([cutA, cutB, whichIsShort]) => {
          const a = dims.map(([size, which]) => (which === 'b' ? 1 : size));
          const b = dims.map(([size, which]) => (which === 'a' ? 1 : size));
          // leading axes may be left out of one of them
          return whichIsShort ? { a: a.slice(cutA), b } : { a, b: b.slice(cutB) };
        }),
      );
    await fc.assert(
      fc.asyncProperty(
        shapes,
        fc.constantFrom('Add', 'Sub', 'Mul', 'Div', 'Max', 'Pow'),
        async ({ a, b }, op) => {
          expect(
            await errorOf({
              feeds: feeds[op](x64(a, 11), x64(b, 12)),
              build: (g, inputs) => g.op(op, [inputs.a, inputs.b]),
            }),
          ).toBeLessThan(1);
        },
      ),
      { numRuns: 60, seed: 3 },
    );
  });
});

describe('powers', () => {
  test.each([-2, -1, 0.5, 1, 1.7, 2, 3, 4])('constant exponent %d', async (p) => {
    for (const type of ['float64', 'float32', 'int64'] as const) {
      if (type === 'int64' && !Number.isInteger(p)) continue;
      const exponent = (g: GraphBuilder): Value =>
        type === 'float64'
          ? g.constant(Float64Array.of(p), [])
          : type === 'float32'
            ? g.constant(Float32Array.of(p), [])
            : g.int64(p);
      const { analytic, numeric } = await gradientsOf({
        feeds: { x: positive(x64()) },
        build: (g, { x }) => g.op('Pow', [x, exponent(g)]),
        opset: 13,
      });
      expect(disagreement(analytic.x, numeric.x)).toBeLessThan(EXACT);
    }
  });

  test('negative bases of whole exponents', async () => {
    for (const p of [1, 2, 3, 4, 5]) {
      expect(
        await errorOf({
          feeds: { x: x64() },
          build: (g, { x }) => g.op('Pow', [x, g.constant(Float64Array.of(p))]),
        }),
      ).toBeLessThan(1);
    }
  });

  test('at x = 0', async () => {
    for (const [exponents, expected] of [
      [
        [0, 1, 2, 3],
        [0, 1, 0, 0],
      ],
      [[0], [0]],
      [[1], [1]],
      [[2], [0]],
    ]) {
      for (const fed of [false, true]) {
        const p = { shape: [exponents.length], data: Float64Array.from(exponents) };
        const x = { shape: [exponents.length], data: new Float64Array(exponents.length) };
        const { analytic, numeric } = await gradientsOf({
          feeds: fed ? { x, p } : { x },
          build: (g, inputs) => g.op('Pow', [inputs.x, inputs.p ?? g.constant(p.data, p.shape)]),
          wrt: fed ? ['x', 'p'] : ['x'],
          numeric: false,
        });
        expect(numeric).toEqual({});
        const { analytic: slope } = await gradientsOf({
          feeds: { x },
          build: (g, inputs) =>
            g.op('Mul', [inputs.x, g.constant(Float64Array.from(expected), [expected.length])]),
          numeric: false,
        });
        expect(Array.from(analytic.x)).toEqual(Array.from(slope.x));
        if (fed) expect(Array.from(analytic.p, Math.abs)).toEqual(exponents.map(() => 0));
      }
    }
  });
});

describe('clip', () => {
  const two = (g: GraphBuilder, low: number | null, high: number | null) => [
    low === null ? null : g.constant(Float64Array.of(low), []),
    high === null ? null : g.constant(Float64Array.of(high), []),
  ];
  test.each([
    [-0.4, 0.5],
    [null, 0.5],
    [-0.4, null],
    [null, null],
  ])('between %s and %s', async (low, high) => {
    for (const opset of [12, 13, 21]) {
      expect(
        await errorOf({
          feeds: { x: x64() },
          build: (g, { x }) => g.op('Clip', [x, ...two(g, low, high)]),
          opset,
        }),
      ).toBeLessThan(1);
    }
  });

  test('bounds as attributes', async () => {
    for (const bounds of [{ min: -0.4, max: 0.5 }, { max: 0.5 }, {}]) {
      const error = await errorOf({
        feeds: { x: x32() },
        build: (g, { x }) => g.op('Clip', [x], bounds),
        opset: 9,
        step: 1e-3,
      });
      expect(error).toBeLessThan(1);
    }
  });

  test('bounds that are fed', async () => {
    const bound = (value: number): Fed => ({ shape: [], data: Float64Array.of(value) });
    expect(
      await errorOf({
        feeds: { x: x64([5, 4]), low: bound(-0.4), high: bound(0.5) },
        build: (g, { x, low, high }) => g.op('Clip', [x, low, high]),
      }),
    ).toBeLessThan(1);
  });

  test('passes the gradient at the bounds, as clamp does', async () => {
    for (const data of [Float32Array.of(-1, 0, 3, 6, 7), Float64Array.of(-1, 0, 3, 6, 7)]) {
      const { analytic } = await gradientsOf({
        feeds: { x: { shape: [5], data } },
        build: (g, { x }) => {
          const bounds = [0, 6].map((value) =>
            data instanceof Float64Array ? g.constant(Float64Array.of(value), []) : g.float32(value),
          );
          return g.op('Clip', [x, ...bounds]);
        },
        numeric: false,
      });
      expect(Array.from(analytic.x, (d) => d !== 0)).toEqual([false, true, true, true, false]);
    }
  });
});

test('max and min share the gradient among equal inputs', async () => {
  for (const op of ['Max', 'Min']) {
    const tensor = (...values: number[]): Fed => ({
      shape: [values.length],
      data: Float64Array.from(values),
    });
    const sign = op === 'Max' ? 1 : -1;
    const { analytic } = await gradientsOf({
      feeds: {
        a: tensor(1 * sign, 2 * sign, 0, 3 * sign),
        b: tensor(1 * sign, 1 * sign, 0, -Infinity * sign),
        c: tensor(0, 2 * sign, 0, 3 * sign),
      },
      build: (g, { a, b, c }) => g.op(op, [a, b, c]),
      numeric: false,
    });
    const sum = analytic.a.map((d, i) => d + analytic.b[i] + analytic.c[i]);
    const shares = [analytic.a, analytic.b, analytic.c].map((part) => Array.from(part, (d, i) => d / sum[i]));
    expect(shares[0]).toEqual([0.5, 0.5, expect.closeTo(1 / 3), 0.5]);
    expect(shares[1]).toEqual([0.5, 0, expect.closeTo(1 / 3), 0]);
    expect(shares[2]).toEqual([0, 0.5, expect.closeTo(1 / 3), 0.5]);
  }
});
