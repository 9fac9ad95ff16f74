import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { float, GraphBuilder, readModel, type Value, writeModel } from '../onnx/index.ts';
import { addGradients } from './gradients.ts';
import { expandComposites } from './lower.ts';
import { measureGraph } from './measure.ts';
import { disagreement } from './testing/check-gradient.ts';

/** A tensor of the fixture. */
interface Stored {
  type: 'float' | 'int64' | 'bool';
  shape: number[];
  data: number[];
}

/** One node, its inputs in order, and what PyTorch's autograd says. */
interface Fixture {
  op: string;
  domain: string;
  opset: number;
  type: 'float32' | 'float64';
  ints: Record<string, number | number[]>;
  floats: Record<string, number>;
  strings: Record<string, string>;
  inputs: (Stored | null)[];
  y: Stored;
  dy: Stored;
  gradients: (Stored | null)[];
}

const fixtures = ['elementwise', 'spatial'].flatMap(
  (name) => JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8')) as Fixture[],
);

/** y and the gradients by our rules, with the floats of the fixture fed and its integers as constants. */
async function compute(fixture: Fixture): Promise<{ y: Float64Array; gradients: (Float64Array | null)[] }> {
  const { type, opset, inputs, dy } = fixture;
  const g = new GraphBuilder({ opset, domains: { 'com.microsoft': 1 } });
  const values = inputs.map((input, i): Value | null => {
    if (input === null) return null;
    if (input.type === 'float') return g.input(`x${i}`, type, input.shape);
    if (input.type === 'bool') return g.constant(Uint8Array.from(input.data), input.shape, { type: 'bool' });
    return g.constant(BigInt64Array.from(input.data, BigInt), input.shape);
  });
  const floats = Object.entries(fixture.floats).map(([name, value]) => [name, float(value)] as const);
  const attributes = { ...fixture.ints, ...Object.fromEntries(floats), ...fixture.strings };
  const y = g.op(fixture.op, values, attributes, { name: 'y', domain: fixture.domain });
  const upstream = g.input('dy', type, dy.shape);
  g.output('y', y, type);
  const forward = readModel(writeModel(g.toModel()));

  const wrt = inputs.flatMap((input, i) => (input?.type === 'float' ? [`x${i}`] : []));
  const extended = GraphBuilder.extending(forward, { domains: { retrievalguard: 1 } });
  const measured = await measureGraph(forward);
  for (const [name, value] of addGradients(extended, measured, {
    upstream: { y: extended.value(upstream.name) },
    wrt,
  })) {
    extended.output(`d${name}`, value, type);
  }
  const session = await InferenceSession.create(writeModel(expandComposites(extended.toModel())), {
    logSeverityLevel: 4,
  });
  const tensor = ({ data, shape }: Stored) =>
    type === 'float64'
      ? new Tensor(type, Float64Array.from(data), shape)
      : new Tensor(type, Float32Array.from(data), shape);
  const feeds = Object.fromEntries(
    inputs.flatMap((input, i) => (input?.type === 'float' ? [[`x${i}`, tensor(input)]] : [])),
  );
  const results = await session.run({ ...feeds, dy: tensor(dy) });
  await session.release();
  const read = (name: string) => Float64Array.from(results[name].data as Float32Array | Float64Array);
  return {
    y: read('y'),
    gradients: inputs.map((_, i) => (`dx${i}` in results ? read(`dx${i}`) : null)),
  };
}

describe("PyTorch's autograd in float64", () => {
  const named = fixtures.map((fixture, i) => ({ name: `${fixture.op} (${i})`, fixture }));
  test.each(named)('$name', async ({ fixture }) => {
    const tolerance = fixture.type === 'float64' ? 1e-12 : 1e-6;
    const { y, gradients } = await compute(fixture);
    expect(disagreement(y, fixture.y.data)).toBeLessThan(tolerance);
    for (const [i, expected] of fixture.gradients.entries()) {
      if (expected === null) continue;
      expect(disagreement(gradients[i]!, expected.data), `gradient of input ${i}`).toBeLessThan(tolerance);
    }
  });
});
