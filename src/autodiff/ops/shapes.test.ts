import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Attributes, type GraphBuilder, sizeOf, type Value } from '../../onnx/index.ts';
import { type Case, disagreement, floats32, floats64, gradientsOf } from '../testing/check-gradient.ts';

/** The largest error of any gradient, as a share of what the differences allow. */
async function errorOf(example: Case): Promise<number> {
  const { analytic, numeric } = await gradientsOf(example);
  const errors = Object.keys(numeric).map((name) => {
    const tolerance = example.feeds[name].data instanceof Float64Array ? 1e-8 : 2e-3;
    return disagreement(analytic[name], numeric[name]) / tolerance;
  });
  return Math.max(...errors);
}

const OPSETS = [9, 13, 18, 21];

/** The same for one input x in float64 through `build`, in all versions. */
async function errorInAll(
  shape: readonly number[],
  build: (g: GraphBuilder, x: Value) => Value,
  opsets: readonly number[] = OPSETS,
): Promise<number> {
  const errors: number[] = [];
  for (const opset of opsets) {
    errors.push(await errorOf({ feeds: { x: floats64(shape) }, build: (g, { x }) => build(g, x), opset }));
  }
  return Math.max(...errors);
}

/** Squeeze and Unsqueeze take their axes as an attribute before version 13. */
function withAxes(g: GraphBuilder, op: string, x: Value, axes: number[]): Value {
  return g.opset >= 13 ? g.op(op, [x, g.int64(axes)]) : g.op(op, [x], { axes });
}

describe('other shapes of the same values', () => {
  test('Reshape', async () => {
    for (const shape of [[6, 4], [-1], [0, -1, 2], [2, 1, 12]]) {
      expect(await errorInAll([2, 3, 4], (g, x) => g.op('Reshape', [x, g.int64(shape)]))).toBeLessThan(1);
    }
  });
  test('Flatten', async () => {
    for (const axis of [0, 1, 2, -1])
      expect(await errorInAll([2, 3, 4], (g, x) => g.op('Flatten', [x], { axis }), [11, 21])).toBeLessThan(1);
  });
  test('Squeeze and Unsqueeze', async () => {
    expect(await errorInAll([2, 1, 3, 1], (g, x) => g.op('Squeeze', [x]))).toBeLessThan(1);
    expect(await errorInAll([2, 1, 3, 1], (g, x) => withAxes(g, 'Squeeze', x, [-1]))).toBeLessThan(1);
    expect(await errorInAll([2, 3], (g, x) => withAxes(g, 'Unsqueeze', x, [0, -1]))).toBeLessThan(1);
  });
  test('Transpose', async () => {
    for (const perm of [undefined, [2, 0, 1], [0, 2, 1], [0, 1, 2]]) {
      expect(await errorInAll([2, 3, 4], (g, x) => g.op('Transpose', [x], { perm }), [9, 21])).toBeLessThan(
        1,
      );
    }
  });
  test('DepthToSpace and SpaceToDepth', async () => {
    expect(
      await errorInAll([2, 8, 2, 3], (g, x) => g.op('DepthToSpace', [x], { blocksize: 2 }), [9]),
    ).toBeLessThan(1);
    for (const mode of ['DCR', 'CRD']) {
      expect(
        await errorInAll([2, 8, 2, 3], (g, x) => g.op('DepthToSpace', [x], { blocksize: 2, mode }), [11, 13]),
      ).toBeLessThan(1);
    }
    expect(
      await errorInAll([1, 2, 4, 6], (g, x) => g.op('SpaceToDepth', [x], { blocksize: 2 }), [9, 13]),
    ).toBeLessThan(1);
  });
});

describe('Concat', () => {
  test('along any axis, one value twice', async () => {
    for (const axis of [0, 1, -1]) {
      expect(
        await errorOf({
          feeds: { a: floats64([2, 3, 2], 1), b: floats64([2, 3, 2].with(axis, 1), 2) },
          build: (g, { a, b }) => g.op('Concat', [a, b, a], { axis }),
          opset: axis === 0 ? 9 : 17,
        }),
      ).toBeLessThan(1);
    }
  });
});

describe('Split', () => {
  /** Adds up the pieces that are used, squared, so that their gradients differ. */
  const pieces =
    (used: number[], ops: (g: GraphBuilder, x: Value) => Value[]) => (g: GraphBuilder, x: Value) => {
      const all = ops(g, x);
      return g.op(
        'Concat',
        used.map((i) => g.op('Mul', [all[i], all[i]])),
        { axis: -1 },
      );
    };
  test('uneven pieces', async () => {
    const sizes = [1, 3, 2];
    for (const used of [[0, 1, 2], [1], [2, 0]]) {
      expect(
        await errorInAll(
          [2, 6],
          pieces(used, (g, x) =>
            g.opset >= 13
              ? g.ops('Split', [x, g.int64(sizes)], { axis: 1 }, { outputs: 3 })
              : g.ops('Split', [x], { axis: 1, split: sizes }, { outputs: 3 }),
          ),
        ),
      ).toBeLessThan(1);
    }
  });
  test('equal pieces', async () => {
    for (const used of [[0, 1, 2], [1]]) {
      const split = (axis: number, rest: Attributes) => (g: GraphBuilder, x: Value) =>
        g.ops('Split', [x], { axis, ...rest }, { outputs: 3 });
      expect(await errorInAll([2, 6], pieces(used, split(-1, {})), [9, 13])).toBeLessThan(1);
      expect(await errorInAll([2, 6], pieces(used, split(1, { num_outputs: 3 })), [18, 21])).toBeLessThan(1);
      // the last piece is smaller
      expect(await errorInAll([2, 7], pieces(used, split(1, { num_outputs: 3 })), [18, 21])).toBeLessThan(1);
    }
  });
});

describe('Slice', () => {
  interface Cut {
    starts: number[];
    ends: number[];
    axes?: number[];
    steps?: number[];
  }
  const cut = (g: GraphBuilder, x: Value, { starts, ends, axes, steps }: Cut) => {
    const list = (values: number[] | undefined) => (values ? g.int64(values) : null);
    const inputs = [x, list(starts), list(ends), list(axes), list(steps)];
    while (inputs.at(-1) === null) inputs.pop();
    return g.op('Slice', inputs);
  };
  const END = 2 ** 53;
  test.each<Cut>([
    { starts: [1], ends: [3] },
    { starts: [1, -3], ends: [4, -1], axes: [0, 2] },
    { starts: [0], ends: [END], axes: [1], steps: [2] },
    { starts: [1], ends: [END], axes: [-2], steps: [3] },
    { starts: [-1], ends: [-END], axes: [1], steps: [-1] },
    { starts: [5], ends: [0], axes: [1], steps: [-2] },
    { starts: [100, 0], ends: [-100, 100], axes: [1, 0], steps: [-3, 2] },
    { starts: [-100], ends: [100], axes: [2] },
    { starts: [1, 2], ends: [4, 1], axes: [0, 1] },
  ])('%o', async (how) => {
    expect(
      await errorInAll(
        [4, 6, 3],
        (g, x) => {
          // an empty cut too has a gradient, zero: keep something beside it
          const part = cut(g, x, how);
          const rest =
            g.opset >= 13 ? g.op('ReduceSum', [part, g.int64([0, 1, 2])]) : g.op('ReduceSum', [part]);
          return g.op('Add', [g.op('Mul', [part, part]), rest]);
        },
        [10, 11, 13, 21],
      ),
    ).toBeLessThan(1);
  });

  test('bounds as attributes', async () => {
    const cut = { starts: [1, -3], ends: [4, 100], axes: [0, 1] };
    expect(await errorInAll([4, 6], (g, x) => g.op('Slice', [x], cut), [9])).toBeLessThan(1);
    const { axes: _, ...rest } = cut;
    expect(await errorInAll([4, 6], (g, x) => g.op('Slice', [x], rest), [9])).toBeLessThan(1);
  });

  test('any cut', async () => {
    const axisCut = fc.record({
      start: fc.integer({ min: -9, max: 9 }),
      end: fc.integer({ min: -9, max: 9 }),
      step: fc.constantFrom(-3, -2, -1, 1, 2, 3, 5),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(axisCut, { minLength: 1, maxLength: 2 }), async (cuts) => {
        const shape = [5, 6];
        const how = {
          starts: cuts.map(({ start }) => start),
          ends: cuts.map(({ end }) => end),
          axes: cuts.map((_, i) => 1 - i),
          steps: cuts.map(({ step }) => step),
        };
        const taken = shape.map((size, i) => {
          const at = how.axes.indexOf(i);
          if (at < 0) return Array.from({ length: size }, (_, k) => k);
          return indicesOf(size, cuts[at]);
        });
        const { analytic } = await gradientsOf({
          feeds: { x: floats64(shape) },
          build: (g, { x }) => cut(g, x, how),
          numeric: false,
        });
        const weights = floats64(
          taken.map((list) => list.length),
          77,
        ).data as Float64Array;
        const expected = new Float64Array(sizeOf(shape));
        let k = 0;
        for (const row of taken[0]) for (const column of taken[1]) expected[row * 6 + column] += weights[k++];
        expect(Array.from(analytic.x)).toEqual(Array.from(expected));
      }),
      { numRuns: 60, seed: 9 },
    );
  });

  /** The indices that a slice takes, one after the other as the standard defines them. */
  function indicesOf(
    size: number,
    { start, end, step }: { start: number; end: number; step: number },
  ): number[] {
    const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
    const fromEnd = (value: number) => (value < 0 ? value + size : value);
    const first = step > 0 ? clamp(fromEnd(start), 0, size) : clamp(fromEnd(start), 0, size - 1);
    const last = step > 0 ? clamp(fromEnd(end), 0, size) : clamp(fromEnd(end), -1, size - 1);
    const list: number[] = [];
    for (let i = first; step > 0 ? i < last : i > last; i += step) list.push(i);
    return list;
  }
});

describe('copies', () => {
  test('Expand', async () => {
    for (const [from, to] of [
      [
        [3, 1],
        [2, 3, 4],
      ],
      [[], [2, 2]],
      [
        [1, 4],
        [3, 1],
      ],
      [
        [2, 3],
        [2, 3],
      ],
    ]) {
      expect(await errorInAll(from, (g, x) => g.op('Expand', [x, g.int64(to)]), [9, 13])).toBeLessThan(1);
    }
  });
  test('Tile', async () => {
    for (const repeats of [
      [2, 3],
      [1, 2],
      [3, 1],
      [1, 1],
    ]) {
      expect(
        await errorInAll([2, 3], (g, x) => g.op('Tile', [x, g.int64(repeats)]), [9, 13, 18]),
      ).toBeLessThan(1);
    }
  });
});

describe('sums', () => {
  test('CumSum', async () => {
    for (const [exclusive, reverse] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]) {
      expect(
        await errorInAll([3, 4], (g, x) => g.op('CumSum', [x, g.int64(1)], { exclusive, reverse }), [11, 14]),
      ).toBeLessThan(1);
    }
  });
  test('Trilu', async () => {
    for (const upper of [0, 1]) {
      for (const k of [undefined, -1, 1]) {
        expect(
          await errorInAll(
            [2, 3, 4],
            (g, x) => g.op('Trilu', k === undefined ? [x] : [x, g.int64(k)], { upper }),
            [14, 21],
          ),
        ).toBeLessThan(1);
      }
    }
  });
  test.each<[string, number[], number[]]>([
    ['ij,jk->ik', [2, 3], [3, 4]],
    ['bhid,bhjd->bhij', [2, 2, 3, 4], [2, 2, 2, 4]],
    ['bhij,bhjd->bhid', [1, 2, 3, 2], [1, 2, 2, 4]],
    ['bhwc,hkc->bhwk', [2, 2, 3, 4], [2, 3, 4]],
    ['ij,jk', [2, 3], [3, 4]],
    [' ij , kl -> j l ', [2, 3], [3, 2]],
    ['i,i->', [4], [4]],
    ['ij,i->ji', [2, 3], [2]],
  ])('Einsum %s', async (equation, a, b) => {
    for (const opset of [12, 21]) {
      expect(
        await errorOf({
          feeds: { a: floats64(a, 1), b: floats64(b, 2) },
          build: (g, inputs) => g.op('Einsum', [inputs.a, inputs.b], { equation }),
          opset,
        }),
      ).toBeLessThan(1);
    }
  });
  test('Einsum of one and of three', async () => {
    expect(
      await errorOf({
        feeds: { a: floats32([2, 3], 1), b: floats32([3, 2], 2), c: floats32([2], 3) },
        build: (g, { a, b, c }) => {
          const product = g.op('Einsum', [a, b, c], { equation: 'ij,jk,k->i' });
          return g.op('Mul', [product, g.op('Einsum', [a], { equation: 'ij->i' })]);
        },
      }),
    ).toBeLessThan(1);
  });
  test('Einsum that has no rule', async () => {
    for (const [equation, shape] of [
      ['ii->i', [3, 3]],
      ['...i->...', [2, 3]],
    ] as const) {
      const refused = gradientsOf({
        feeds: { a: floats64(shape) },
        build: (g, { a }) => g.op('Einsum', [a], { equation }, { name: 'odd' }),
      });
      await expect(refused).rejects.toThrow(/'odd' \(Einsum\)/);
    }
  });
});
