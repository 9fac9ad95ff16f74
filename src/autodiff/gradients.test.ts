import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { ELEMENT_TYPES, GraphBuilder, type ModelProto, type Value, writeModel } from '../onnx/index.ts';
import { addGradients, type GradientRequest } from './gradients.ts';
import { measureGraph } from './measure.ts';
import { type DifferentiableOp, RULES } from './rules.ts';
import type { Rule } from './site.ts';
import { disagreement, floats32, floats64, gradientsOf } from './testing/check-gradient.ts';

/** A model of one float64 input x [3] and what `build` makes of it. */
function model(build: (g: GraphBuilder, x: Value) => void, opset?: number): ModelProto {
  const g = new GraphBuilder({ opset });
  build(g, g.input('x', 'float64', [3]));
  return g.toModel();
}

/** Extends a model by gradients whose upstream is 1 everywhere. */
async function extend(
  forward: ModelProto,
  { from, wrt }: { from: readonly string[]; wrt: readonly string[] },
): Promise<{ g: GraphBuilder; gradients: Map<string, Value>; added: string[] }> {
  const measured = await measureGraph(forward);
  const g = GraphBuilder.extending(forward);
  const upstream = Object.fromEntries(
    from.map((name) => {
      const { shape } = measured.tensors.get(name)!;
      return [name, g.op('Expand', [g.constant(Float64Array.of(1), []), g.int64([...shape])])];
    }),
  );
  const before = g.toModel().graph!.node.length;
  const gradients = addGradients(g, measured, { upstream, wrt });
  const added = g
    .toModel()
    .graph!.node.slice(before)
    .map(({ opType }) => opType);
  return { g, gradients, added };
}

const X = Float64Array.of(0.5, -1, 2);

/** The gradients of the sum of the named outputs at x = X, by name. */
async function compute(
  forward: ModelProto,
  request: { from: readonly string[]; wrt: readonly string[] },
): Promise<Record<string, number[]>> {
  const { g, gradients } = await extend(forward, request);
  for (const [name, value] of gradients) g.output(`d${name}`, value, 'float64');
  const session = await InferenceSession.create(writeModel(g.toModel()), { logSeverityLevel: 4 });
  const results = await session.run({ x: new Tensor('float64', X, [3]) });
  await session.release();
  return Object.fromEntries(
    [...gradients.keys()].map((name) => [name, Array.from(results[`d${name}`].data as Float64Array)]),
  );
}

const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 12) as number);

describe('sums of what comes back', () => {
  test('a value that is used twice', async () => {
    const { analytic, numeric } = await gradientsOf({
      feeds: { x: floats64([3, 4]), w: floats64([4, 4], 2) },
      build: (g, { x, w }) => {
        const h = g.op('MatMul', [x, w]);
        return g.op('Add', [g.op('MatMul', [h, w]), h]);
      },
    });
    for (const name of ['x', 'w']) expect(disagreement(analytic[name], numeric[name])).toBeLessThan(1e-8);
  });

  test('one that is used three times, and twice by one node', async () => {
    const forward = model((g, x) => {
      const square = g.op('Mul', [x, x]);
      g.output('y', g.op('Sum', [square, g.op('Exp', [x]), g.op('Sin', [x])]), 'float64');
    });
    const { x } = await compute(forward, { from: ['y'], wrt: ['x'] });
    expect(x).toEqual(close(Array.from(X, (v) => 2 * v + Math.exp(v) + Math.cos(v))));
  });

  test('upstream gradients of several outputs, one on the way to another', async () => {
    const forward = model((g, x) => {
      const h = g.op('Exp', [x], {}, { name: 'h' });
      g.output('y', g.op('Mul', [h, h]), 'float64');
    });
    const results = await compute(forward, { from: ['h', 'y'], wrt: ['x', 'h', 'y'] });
    expect(results.y).toEqual([1, 1, 1]);
    expect(results.h).toEqual(close(Array.from(X, (v) => 1 + 2 * Math.exp(v))));
    expect(results.x).toEqual(close(Array.from(X, (v) => Math.exp(v) + 2 * Math.exp(2 * v))));
  });

  test('float32 with a kink', async () => {
    const { analytic, numeric } = await gradientsOf({
      feeds: { x: floats32([3, 4]), w: floats32([4, 5], 2), b: floats32([5], 3) },
      build: (g, { x, w, b }) => g.op('Relu', [g.op('Add', [g.op('MatMul', [x, w]), b])]),
      step: 1e-3,
    });
    for (const name of ['x', 'w', 'b'])
      expect(disagreement(analytic[name], numeric[name])).toBeLessThan(2e-3);
  });
});

describe('only what is needed', () => {
  const forward = model((g, x) => {
    const w = g.constant(new Float64Array(9).fill(1), [3, 3], { name: 'w' });
    const b = g.constant(new Float64Array(3).fill(1), [3], { name: 'b' });
    const unused = g.constant(new Float64Array(3), [3], { name: 'unused' });
    g.output('y', g.op('Add', [g.op('MatMul', [x, w]), b]), 'float64');
    g.output('z', g.op('Mul', [x, unused]), 'float64');
  });

  test('the gradient of a late weight does not go further back', async () => {
    const { added } = await extend(forward, { from: ['y'], wrt: ['b'] });
    expect(added).toEqual([]);
  });
  test('a constant factor gets no gradient', async () => {
    const { added } = await extend(forward, { from: ['y'], wrt: ['x'] });
    expect(added.filter((op) => op === 'MatMul')).toHaveLength(1);
  });
  test('a name that the loss does not depend on is missing', async () => {
    const { gradients } = await extend(forward, { from: ['y'], wrt: ['x', 'unused'] });
    expect([...gradients.keys()]).toEqual(['x']);
  });
  test('nothing passes through integers, comparisons and random numbers', async () => {
    const stopped = model((g, x) => {
      const to = ELEMENT_TYPES.float64;
      const most = g.op('Cast', [g.op('ArgMax', [x])], { to });
      const sign = g.op('Cast', [g.op('Greater', [x, g.constant(Float64Array.of(0), [])])], { to });
      const noise = g.op('RandomNormalLike', [x]);
      const quiet = g.op('Mul', [noise, g.constant(Float64Array.of(0), [])]);
      g.output('y', g.op('Sum', [g.op('Mul', [x, sign]), g.op('Mul', [most, sign]), quiet]), 'float64');
    });
    expect(await compute(stopped, { from: ['y'], wrt: ['x'] })).toEqual({ x: [1, 0, 1] });
    // Mul has two factors, but only x is on a path: one product for it
    const { added } = await extend(stopped, { from: ['y'], wrt: ['x'] });
    expect(added).toEqual(['Mul']);
  });
});

describe('optional inputs and outputs', () => {
  test('inputs that are left out', async () => {
    const forward = model((g, x) => {
      const high = g.constant(Float64Array.of(1), []);
      g.output('y', g.op('Clip', [x, null, high]), 'float64');
    });
    expect(await compute(forward, { from: ['y'], wrt: ['x'] })).toEqual({ x: [1, 1, 0] });
  });

  test('outputs that are left out', async () => {
    const forward = model((g, x) => {
      const scale = g.constant(Float64Array.of(1, 2, 3));
      const [normal] = g.ops('LayerNormalization', [x, scale], {}, { outputs: 3 });
      // the output without a name and the input that is left out are not the same value
      const constant = g.constant(Float64Array.of(3), []);
      const capped = g.op('Clip', [g.op('Exp', [constant]), null, constant]);
      g.output('y', g.op('Mul', [normal, capped]), 'float64');
    });
    const node = forward.graph!.node.find(({ opType }) => opType === 'LayerNormalization')!;
    node.output[1] = '';
    const { x } = await compute(forward, { from: ['y'], wrt: ['x'] });
    // n = (x − mean) / s: dn of Σ wᵢ nᵢ is (w − mean(w) − n mean(w n)) / s
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value) / values.length;
    const centred = Array.from(X, (v) => v - mean(Array.from(X)));
    const s = Math.sqrt(mean(centred.map((v) => v * v)) + 1e-5);
    const n = centred.map((v) => v / s);
    const w = [3, 6, 9];
    const along = mean(n.map((v, i) => v * w[i]));
    const expected = n.map((v, i) => (w[i] - mean(w) - v * along) / s);
    expect(x).toEqual(expected.map((v) => expect.closeTo(v, 6) as number));
    const { added } = await extend(forward, { from: ['y'], wrt: ['x'] });
    expect(added).not.toContain('Equal');
  });
});

describe('what cannot be differentiated', () => {
  const attempt = (forward: ModelProto, wrt: readonly string[] = ['x']) =>
    extend(forward, { from: ['y'], wrt });

  test('an operator without a rule', async () => {
    const forward = model((g, x) => {
      const [largest] = g.ops('TopK', [x, g.int64([2])], {}, { outputs: 2, name: 'odd' });
      g.output('y', largest, 'float64');
    });
    await expect(attempt(forward)).rejects.toThrow(
      /GRADIENT_UNSUPPORTED.*'odd'; got TopK\. Rules exist for: Abs, /s,
    );
  });

  test('one of another domain', async () => {
    const forward = model((g, x) => g.output('y', g.op('Exp', [x], {}, { name: 'odd' }), 'float64'));
    const measured = await measureGraph(forward);
    measured.graph.node[0].domain = 'example.org';
    const g = GraphBuilder.extending(forward);
    const request: GradientRequest = {
      upstream: { y: g.constant(new Float64Array(3), [3]) },
      wrt: ['x'],
    };
    expect(() => addGradients(g, measured, request)).toThrow(/'odd'; got example\.org\.Exp/);
  });

  /** y = x or eˣ, or the same of a constant, by a condition that is fed. */
  const branches = (of: 'x' | 'constant') =>
    model((g, x) => {
      const condition = g.input('condition', 'bool', []);
      const value = of === 'x' ? x : g.constant(Float64Array.of(1, 2, 3), [3]);
      const branch = (name: string, op: string) => {
        const body = g.subgraph(name);
        body.output(`${name} result`, body.op(op, [value]), 'float64', [3]);
        return body.toGraph();
      };
      const attributes = { then_branch: branch('then', 'Identity'), else_branch: branch('else', 'Exp') };
      const chosen = g.op('If', [condition], attributes, { name: 'choice' });
      g.output('y', g.op('Mul', [x, chosen]), 'float64');
    });

  test('control flow that the gradient has to pass', async () => {
    await expect(attempt(branches('x'))).rejects.toThrow(
      /GRADIENT_UNSUPPORTED.*'choice'; got If\. Control flow/s,
    );
  });
  test('control flow beside the path is no hindrance', async () => {
    const { gradients } = await extend(branches('constant'), { from: ['y'], wrt: ['x'] });
    expect([...gradients.keys()]).toEqual(['x']);
  });

  test('half precision', async () => {
    const forward = model((g, x) => {
      const half = g.op('Cast', [x], { to: ELEMENT_TYPES.float16 }, { name: 'narrow' });
      g.output('y', g.op('Cast', [half], { to: ELEMENT_TYPES.float64 }), 'float64');
    });
    await expect(attempt(forward)).rejects.toThrow(/GRADIENT_UNSUPPORTED.*got float16/s);
  });

  test('quantised models', async () => {
    const forward = model((g, x) => {
      const [scale, zero] = [g.float32(0.1), g.constant(Int8Array.of(0), [])];
      const single = g.op('Cast', [x], { to: ELEMENT_TYPES.float32 });
      const whole = g.op('QuantizeLinear', [single, scale, zero], {}, { name: 'coarse' });
      const back = g.op('DequantizeLinear', [whole, scale, zero]);
      g.output('y', g.op('Cast', [back], { to: ELEMENT_TYPES.float64 }), 'float64');
    });
    await expect(attempt(forward)).rejects.toThrow(/GRADIENT_UNSUPPORTED.*'coarse'; got QuantizeLinear/s);
  });

  test('old operator sets', async () => {
    const forward = model((g, x) => g.output('y', g.op('Exp', [x]), 'float64'), 8);
    await expect(attempt(forward)).rejects.toThrow(
      /GRADIENT_UNSUPPORTED.*operator set 9 or later.*got operator set 8/s,
    );
  });

  test('values that are not there, or not numbers with a gradient', async () => {
    const forward = model((g, x) => {
      g.output('index', g.op('ArgMax', [x]), 'int64');
      g.output('y', g.op('Exp', [x]), 'float64');
    });
    await expect(attempt(forward, ['nowhere'])).rejects.toThrow(/ONNX_INVALID.*'nowhere'.*got none/s);
    await expect(attempt(forward, ['index'])).rejects.toThrow(/ONNX_INVALID.*'index'.*got int64/s);
  });

  test('an upstream gradient that does not fit', async () => {
    const forward = model((g, x) => g.output('y', g.op('Exp', [x]), 'float64'));
    const measured = await measureGraph(forward);
    for (const [data, shape] of [
      [new Float64Array(1), [1]],
      [new Float32Array(3), [3]],
    ] as const) {
      const g = GraphBuilder.extending(forward);
      const upstream = { y: g.constant(data, shape) };
      expect(() => addGradients(g, measured, { upstream, wrt: ['x'] })).toThrow(
        /ONNX_INVALID.*float64 \[3\]/s,
      );
    }
  });
});

test('an operator without a rule does not compile', () => {
  const { Abs, ...rest } = RULES;
  // @ts-expect-error the rule of Abs is missing
  const incomplete: { readonly [Op in DifferentiableOp]: Rule } = rest;
  expect(Object.keys(incomplete)).not.toContain('Abs');
  expect(Abs).toBeTypeOf('function');
});
