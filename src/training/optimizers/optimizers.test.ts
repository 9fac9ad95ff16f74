import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { GraphBuilder, type Value } from '../../onnx/index.ts';
import { adam, addOptimizerStep, clipByGlobalNorm, type Optimizer, OPTIMIZERS, sgd } from './index.ts';

const fixture = JSON.parse(readFileSync(new URL('fixtures/steps.json', import.meta.url), 'utf8')) as Record<
  string,
  { parameters: number[][][]; norms: number[] }
>;

const SIZES = [5, 3];

interface Case {
  optimizer: Optimizer;
  weightDecay?: number;
  clipNorm?: number;
}

/** make-steps.py over the graph: two parameters, a group each, state fed back. */
async function run({ optimizer, weightDecay = 0, clipNorm }: Case) {
  const g = new GraphBuilder();
  const parameters = SIZES.map((size, group) => {
    const value = g.input(`p${group}`, 'float32', [size]);
    const gradient = g.input(`g${group}`, 'float32', [size]);
    return { name: `p${group}`, shape: [size], value, gradient, group };
  });
  const groups = [{ weightDecay }, { learningRate: 0.5 }];
  const step = addOptimizerStep(g, optimizer, parameters, { groups, clipNorm });
  const session = await InferenceSession.create(g.toBytes(), { intraOpNumThreads: 1 });

  const feeds: Record<string, Tensor> = {};
  const tensor = (values: Float32Array, shape: readonly number[]) =>
    new Tensor('float32', values, [...shape]);
  step.parameters.forEach(({ input, shape }) => {
    feeds[input] = tensor(
      Float32Array.from({ length: shape[0] }, (_, i) => Math.cos(i)),
      shape,
    );
  });
  for (const { input, shape } of step.state) feeds[input] = tensor(new Float32Array(shape[0]), shape);
  const rows: number[][][] = [];
  const norms: number[] = [];
  for (let t = 1; t <= 6; t++) {
    SIZES.forEach((size, k) => {
      const p = feeds[`p${k}`].data as Float32Array;
      feeds[`g${k}`] = tensor(
        p.map((value, i) => (0.5 + 0.1 * t) * value + Math.sin(i + 3 * t)),
        [size],
      );
    });
    for (const { input, value } of step.scalars(t, 0.1 / t))
      feeds[input] = tensor(Float32Array.of(value), []);
    const results = await session.run(feeds);
    for (const { input, output } of [...step.parameters, ...step.state]) feeds[input] = results[output];
    rows.push(step.parameters.map(({ output }) => Array.from(results[output].data as Float32Array)));
    norms.push((results[step.gradientNorm].data as Float32Array)[0]);
  }
  await session.release();
  return { rows, norms };
}

describe('against PyTorch', () => {
  const weightDecay = 0.1;
  const cases: Record<string, Case> = {
    adam: { optimizer: OPTIMIZERS.adam() },
    'adam-l2': { optimizer: OPTIMIZERS.adam({ beta1: 0.8, beta2: 0.95, epsilon: 1e-3 }), weightDecay },
    adamw: { optimizer: OPTIMIZERS.adamw(), weightDecay },
    sgd: { optimizer: OPTIMIZERS.sgd({ momentum: 0 }) },
    'sgd-momentum': { optimizer: OPTIMIZERS.sgd() },
    'sgd-nesterov-decay': { optimizer: OPTIMIZERS.sgd({ momentum: 0.8, nesterov: true }), weightDecay },
    'adam-clipped': { optimizer: OPTIMIZERS.adam({ epsilon: 0.1 }), clipNorm: 1 },
    'sgd-clipped': { optimizer: OPTIMIZERS.sgd(), clipNorm: 2.5 },
  };

  test('every case of the fixture is here', () => {
    expect(Object.keys(cases).sort()).toEqual(Object.keys(fixture).sort());
  });

  test.each(Object.entries(cases))('%s', async (name, options) => {
    const { rows, norms } = await run(options);
    const expected = fixture[name];
    rows.forEach((step, t) => {
      expect(Math.abs(norms[t] / expected.norms[t] - 1)).toBeLessThan(2e-6);
      step.forEach((parameter, k) =>
        parameter.forEach((value, i) =>
          expect(Math.abs(value - expected.parameters[t][k][i]), `step ${t + 1}, ${k}[${i}]`).toBeLessThan(
            2e-6,
          ),
        ),
      );
    });
  });
});

/** One value of a graph without inputs. */
async function evaluate(
  build: (g: GraphBuilder) => Record<string, Value>,
): Promise<Record<string, number[]>> {
  const g = new GraphBuilder();
  for (const [name, value] of Object.entries(build(g))) g.output(name, value, 'float32');
  const session = await InferenceSession.create(g.toBytes());
  const results = await session.run({});
  return Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => [name, Array.from(data as Float32Array)]),
  );
}

describe('Adam far into a run', () => {
  // where 1 − β₂ᵗ is 1 and the state is in its stationary range, the first formula of adam.ts written plainly
  test.each([1, 10, 1000, 100_000])('step %i by the textbook formula', async (t) => {
    const [m, v, slope, p, rate] = [0.02, 3e-4, -0.01, 1.5, 1e-3];
    const optimizer = adam();
    const scalars = optimizer.scalarValues(t, rate, 0);
    const result = await evaluate((g) => {
      const { parameter, state } = optimizer.build(g, {
        parameter: g.float32([p]),
        gradient: g.float32([slope]),
        state: [g.float32([m / 0.1]), g.float32([v / 0.001])],
        scalars: scalars.map((x) => g.float32(x)),
        weightDecay: 0,
      });
      return { parameter, moment1: state[0], moment2: state[1] };
    });
    const [m1, v1] = [0.9 * m + 0.1 * slope, 0.999 * v + 0.001 * slope ** 2];
    const step = (rate * m1) / (1 - 0.9 ** t) / (Math.sqrt(v1 / (1 - 0.999 ** t)) + 1e-8);
    expect((result.parameter[0] - p) / -step).toBeCloseTo(1, 3); // p's last bit is 1e-7, the step 1e-3
    expect(result.moment1[0] * 0.1).toBeCloseTo(m1, 7);
    expect(result.moment2[0] * 0.001).toBeCloseTo(v1, 9);
  });

  test('the first step has the length of the learning rate, whatever the size of the gradient', async () => {
    for (const size of [1e-4, 1, 1e4]) {
      const optimizer = adam();
      const { p } = await evaluate((g) => ({
        p: optimizer.build(g, {
          parameter: g.float32([0, 0]),
          gradient: g.float32([size, -size]),
          state: [g.float32([0, 0]), g.float32([0, 0])],
          scalars: optimizer.scalarValues(1, 0.01, 0).map((x) => g.float32(x)),
          weightDecay: 0,
        }).parameter,
      }));
      expect(p[0]).toBeCloseTo(-0.01, 5);
      expect(p[1]).toBeCloseTo(0.01, 5);
    }
  });
});

describe('clipByGlobalNorm', () => {
  const clip = (limit?: number, scale = 1) =>
    evaluate((g) => {
      const gradients = [
        g.constant(
          Float32Array.of(3, 0, 0, 2).map((x) => x * scale),
          [2, 2],
        ),
        g.float32([6 * scale]),
      ];
      const clipped = clipByGlobalNorm(g, gradients, limit);
      return { a: clipped.gradients[0], b: clipped.gradients[1], norm: clipped.norm };
    });

  test('scales all gradients by one factor, so that the norm is the limit', async () => {
    const { a, b, norm } = await clip(3.5); // ‖(3, 2, 6)‖ = 7
    expect(norm[0]).toBeCloseTo(7, 5);
    [1.5, 0, 0, 1].forEach((x, i) => expect(a[i]).toBeCloseTo(x, 5));
    expect(b[0]).toBeCloseTo(3, 5);
  });

  test('leaves small gradients, measures without a limit, and survives zero', async () => {
    expect((await clip(8)).a).toEqual([3, 0, 0, 2]);
    expect((await clip()).b).toEqual([6]);
    expect(await clip(1, 0)).toEqual({ a: [0, 0, 0, 0], b: [0], norm: [0] });
  });
});

describe('addOptimizerStep', () => {
  const graph = () => {
    const g = new GraphBuilder();
    const parameter = {
      name: 'w',
      shape: [2],
      value: g.input('w', 'float32', [2]),
      gradient: g.float32([1, 2]),
    };
    return { g, parameter };
  };

  test('names what goes around', () => {
    const { g, parameter } = graph();
    const step = addOptimizerStep(g, adam(), [{ ...parameter, group: 1 }], {
      groups: [{}, { learningRate: 2 }],
    });
    expect(step.parameters).toEqual([{ input: 'w', output: 'w.new', shape: [2] }]);
    expect(step.state.map(({ input, output }) => [input, output])).toEqual([
      ['w.moment1', 'w.moment1.new'],
      ['w.moment2', 'w.moment2.new'],
    ]);
    // group 0 is empty
    expect(step.scalars(1, 0.1).map(({ input }) => input)).toEqual([
      'optimizer.1.step_size',
      'optimizer.1.epsilon',
    ]);
    expect(g.toGraph().output.map(({ name }) => name)).toEqual([
      'gradient_norm',
      'w.moment1.new',
      'w.moment2.new',
      'w.new',
    ]);
  });

  test('refuses what makes no sense', () => {
    const { g, parameter } = graph();
    expect(() => addOptimizerStep(g, sgd(), [])).toThrow(/OPTION_INVALID/);
    expect(() => addOptimizerStep(g, sgd(), [{ ...parameter, group: 1 }])).toThrow(/group 1 of 1/);
    expect(() => addOptimizerStep(g, sgd(), [parameter], { clipNorm: 0 })).toThrow(/limit > 0/);
    expect(() => addOptimizerStep(g, sgd(), [parameter], { groups: [{ weightDecay: -1 }] })).toThrow(
      /OPTION_INVALID/,
    );
    expect(() => adam({ beta1: 1 })).toThrow(/OPTION_INVALID/);
    expect(() => adam({ epsilon: 0 })).toThrow(/OPTION_INVALID/);
    expect(() => sgd({ momentum: 1 })).toThrow(/OPTION_INVALID/);
    expect(() => sgd({ momentum: 0, nesterov: true })).toThrow(/OPTION_INVALID/);
  });
});
