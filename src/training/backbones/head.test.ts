import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { type Dimension, GraphBuilder, type ModelProto, readTensor, writeModel } from '../../onnx/index.ts';
import { hashed } from './fixtures/hashed.ts';
import { appendHead } from './head.ts';

/** A network that gives out its input. */
function identity(shape: Dimension[], opset = 17, type: 'float32' | 'float64' = 'float32'): ModelProto {
  const g = new GraphBuilder({ opset });
  g.output('features', g.op('Identity', [g.input('x', type, shape)]), type, shape);
  return g.toModel();
}

async function run(model: ModelProto, x: Float32Array, shape: number[]): Promise<number[][]> {
  const session = await InferenceSession.create(writeModel(model), { intraOpNumThreads: 1 });
  expect(session.outputNames).toEqual(['embedding']);
  const { embedding } = await session.run({ x: new Tensor('float32', x, shape) });
  await session.release();
  const [n, size] = embedding.dims;
  const data = Array.from(embedding.data as Float32Array);
  return Array.from({ length: n }, (_, i) => data.slice(i * size, (i + 1) * size));
}

/** normalise(W f + b), plainly. */
function embed(model: ModelProto, f: readonly number[]): number[] {
  const data = (name: string) => {
    const tensor = model.graph?.initializer.find((t) => t.name === name);
    if (!tensor) throw new Error(name);
    return Array.from(readTensor(tensor).data as Float32Array);
  };
  const [w, b] = [data('head.weight'), data('head.bias')];
  const y = b.map((bias, o) => f.reduce((sum, value, i) => sum + value * w[o * f.length + i], bias));
  const norm = Math.hypot(...y);
  return y.map((value) => value / norm);
}

const mean = (list: number[][]): number[] =>
  list[0].map((_, i) => list.reduce((sum, v) => sum + v[i], 0) / list.length);

const options = { dimension: 6, seed: 3 };

describe('appendHead', () => {
  const x = hashed('x', [2, 5, 3, 4]);
  const at = (i: number) => Array.from(x.subarray(i * 60, (i + 1) * 60));

  test.each([17, 18])('vectors, maps and tokens, opset %i', async (opset) => {
    const vectors = appendHead(identity(['batch', 60], opset), options);
    const maps = appendHead(identity(['batch', 5, 3, 4], opset), options);
    const cls = appendHead(identity(['batch', 'tokens', 5], opset), options);
    const tokens = appendHead(identity(['batch', 'tokens', 5], opset), { ...options, pooling: 'mean' });
    const results = {
      vectors: await run(vectors, x, [2, 60]),
      maps: await run(maps, x, [2, 5, 3, 4]),
      cls: await run(cls, x, [2, 12, 5]),
      tokens: await run(tokens, x, [2, 12, 5]),
    };
    for (const i of [0, 1]) {
      const channels = Array.from({ length: 5 }, (_, c) => at(i).slice(c * 12, (c + 1) * 12));
      const words = Array.from({ length: 12 }, (_, t) => at(i).slice(t * 5, (t + 1) * 5));
      const expected = {
        vectors: embed(vectors, at(i)),
        maps: embed(maps, mean(channels[0].map((_, k) => channels.map((c) => c[k])))),
        cls: embed(cls, words[0]),
        tokens: embed(tokens, mean(words)),
      };
      for (const kind of ['vectors', 'maps', 'cls', 'tokens'] as const)
        results[kind][i].forEach((value, k) => expect(value).toBeCloseTo(expected[kind][k], 5));
    }
  });

  test('initial weights: a random projection of deviation 1/√F', () => {
    const model = appendHead(identity(['batch', 400]), { dimension: 100, seed: 0 });
    const tensor = model.graph?.initializer.find((t) => t.name === 'head.weight');
    const data = tensor ? (readTensor(tensor).data as Float32Array) : new Float32Array();
    const variance = data.reduce((sum, w) => sum + w * w, 0) / data.length;
    expect(variance * 400).toBeCloseTo(1, 1);
  });

  test('a zero vector stays finite', async () => {
    const result = await run(appendHead(identity(['batch', 4]), options), new Float32Array(4), [1, 4]);
    expect(result).toEqual([[0, 0, 0, 0, 0, 0]]);
  });

  test('a second head', async () => {
    const model = appendHead(appendHead(identity(['batch', 60]), options), { ...options, dimension: 2 });
    expect(model.graph?.initializer.map(({ name }) => name)).toContain('head_2.weight');
    const session = await InferenceSession.create(writeModel(model));
    const { embedding_2: embedding } = await session.run({ x: new Tensor('float32', x, [2, 60]) });
    expect(embedding.dims).toEqual([2, 2]);
  });

  test('an open number of features must be given', async () => {
    const open = identity(['batch', 'dim']);
    expect(() => appendHead(open, options)).toThrow(/MODEL_UNSUPPORTED.*known number of features/);
    const model = appendHead(open, { ...options, features: 3 });
    expect((await run(model, x.subarray(0, 3), [1, 3]))[0]).toHaveLength(6);
  });

  test('refuses what it cannot go on from', () => {
    expect(() => appendHead(identity(['batch']), options)).toThrow(/MODEL_UNSUPPORTED/);
    expect(() => appendHead(identity(['batch', 3], 17, 'float64'), options)).toThrow(/float64/);
    expect(() => appendHead(identity(['batch', 3]), { ...options, dimension: 0 })).toThrow(/OPTION_INVALID/);
    expect(() => appendHead(identity(['batch', 3]), { ...options, output: 'y' })).toThrow(/got 'features'/);
    const g = GraphBuilder.extending(identity(['batch', 3]));
    g.output('other', g.value('features'), 'float32', ['batch', 3]);
    expect(() => appendHead(g.toModel(), options)).toThrow(/got 'features', 'other'/);
  });
});
