import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { float, floats, ints, makeAttribute } from './attributes.ts';
import { AttributeProto_AttributeType as AttributeType } from './generated/onnx_pb.ts';
import { GraphBuilder } from './graph-builder.ts';
import { batchNorm, conv, gemm, globalAveragePool, l2normalize, relu } from './layers.ts';
import { readModel, writeModel } from './model.ts';
import { makeTensor } from './tensor.ts';

async function run(bytes: Uint8Array, feeds: Record<string, Tensor>): Promise<Record<string, number[]>> {
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  const results = await session.run(feeds);
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => [name, Array.from(tensor.data as Float32Array)]),
  );
}

/** A small network with every layer. */
function network(opset: number): GraphBuilder {
  const g = new GraphBuilder({ name: 'network', opset, metadata: { made: 'by hand' } });
  const x = g.input('x', 'float32', ['batch', 1, 3, 3]);
  const w = g.constant(Float32Array.of(1, 0, 0, 1, 0, 1, 1, 0), [2, 1, 2, 2], { name: 'w' });
  const c = conv(g, x, w, { bias: g.float32([0, -100]), strides: [1, 1], pads: [0, 0, 0, 0] });
  const ones = g.float32([1, 1]);
  const zeros = g.float32([0, 0]);
  const normed = batchNorm(g, c, { scale: ones, bias: g.float32([0, 1]), mean: zeros, variance: ones }, 0);
  const pooled = globalAveragePool(g, relu(g, normed));
  const dense = gemm(g, pooled, g.constant(Float32Array.of(3, 0, 4, 0), [2, 2]), g.float32([0, 0]), {
    transposed: true,
  });
  g.output('y', l2normalize(g, dense), 'float32', ['batch', 2]);
  return g;
}

describe('GraphBuilder', () => {
  test.each([17, 18])('builds a network that runs, opset %i', async (opset) => {
    const x = new Tensor('float32', Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), [1, 1, 3, 3]);
    const { y } = await run(network(opset).toBytes(), { x });
    // First channel: mean of positive sums, second: relu(… − 99) = 0; dense gives (3a, 4a).
    expect(y[0]).toBeCloseTo(0.6, 6);
    expect(y[1]).toBeCloseTo(0.8, 6);
  });

  test('round trip is byte-identical and keeps everything', () => {
    const bytes = network(17).toBytes();
    const model = readModel(bytes);
    expect(writeModel(model)).toEqual(bytes);
    expect(model.irVersion).toBe(8n);
    expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([['', 17n]]);
    expect(model.metadataProps.map(({ key, value }) => [key, value])).toEqual([['made', 'by hand']]);
    expect(model.graph?.initializer[0].name).toBe('w');
    expect(model.graph?.node.map((node) => node.opType)).toContain('Conv');
  });

  test('keeps fields that the schema does not know', () => {
    const bytes = network(17).toBytes();
    const unknown = [0xfa, 0x3e, 3, 1, 2, 3]; // field 1007, three bytes
    const extended = Uint8Array.from([...bytes, ...unknown]);
    expect(writeModel(readModel(extended))).toEqual(extended);
  });

  test('several outputs, optional inputs, other domains', async () => {
    const g = new GraphBuilder({ domains: { 'com.microsoft': 1 } });
    const x = g.input('x', 'float32', [4]);
    const clipped = g.op('Clip', [x, null, g.float32(2)]);
    const [low, high] = g.ops('Split', [clipped, g.int64([2, 2])], { axis: 0 }, { outputs: 2 });
    g.output('low', low, 'float32', [2]);
    g.output('high', g.op('Gelu', [high], {}, { domain: 'com.microsoft' }), 'float32', [2]);
    const result = await run(g.toBytes(), { x: new Tensor('float32', Float32Array.of(-1, 1, 0, 3), [4]) });
    expect(result.low).toEqual([-1, 1]);
    expect(result.high[0]).toBe(0);
    expect(result.high[1]).toBeCloseTo(1.9545, 4);
  });

  test('subgraphs see the values of the graph around them', async () => {
    const g = new GraphBuilder({ name: 'outer' });
    const x = g.input('x', 'float32', [2]);
    const positive = g.op('Greater', [g.op('ReduceSum', [x, g.int64([0])], { keepdims: 0 }), g.float32(0)]);
    const branch = (operator: string) => {
      const sub = g.subgraph(operator);
      sub.output(`${operator}_out`, sub.op(operator, [x]), 'float32', [2]);
      return sub.toGraph();
    };
    const attributes = { then_branch: branch('Exp'), else_branch: branch('Neg') };
    g.output('y', g.op('If', [positive], attributes), 'float32', [2]);
    const feed = (a: number, b: number) => ({ x: new Tensor('float32', Float32Array.of(a, b), [2]) });
    expect((await run(g.toBytes(), feed(0, 1))).y[0]).toBe(1);
    expect((await run(g.toBytes(), feed(-3, 1))).y).toEqual([3, -1]);
  });

  test('an input and one value under two names can be outputs', async () => {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', [1]);
    const y = g.op('Neg', [x], {}, { name: 'y' });
    g.output('y', y, 'float32', [1]);
    g.output('again', y, 'float32', [1]);
    g.output('same', x, 'float32', [1]);
    expect(await run(g.toBytes(), { x: new Tensor('float32', Float32Array.of(2), [1]) })).toEqual({
      y: [-2],
      again: [-2],
      same: [2],
    });
    expect(readModel(g.toBytes()).graph?.node.map((node) => node.opType)).toEqual([
      'Neg',
      'Identity',
      'Identity',
    ]);
  });

  test('refuses what cannot be a graph', () => {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', [1]);
    expect(() => g.input('x', 'float32', [1])).toThrow(/not taken; got 'x'/);
    expect(() => g.output('x', x, 'float32', [1])).toThrow(/not taken/);
    expect(() => new GraphBuilder().op('Neg', [x])).toThrow(/'x' of another graph/);
    expect(() => g.op('Gelu', [x], {}, { domain: 'com.microsoft' })).toThrow(/domains: \{ 'com.microsoft'/);
    expect(() => g.toBytes()).toThrow(/a graph with an output/);
  });
});

describe('attributes', () => {
  test.each([
    [2, AttributeType.INT],
    [2n, AttributeType.INT],
    [true, AttributeType.INT],
    [0.5, AttributeType.FLOAT],
    [float(1), AttributeType.FLOAT],
    [[1, 2], AttributeType.INTS],
    [[1n], AttributeType.INTS],
    [[1, 2.5], AttributeType.FLOATS],
    [floats([1, 2]), AttributeType.FLOATS],
    [ints([]), AttributeType.INTS],
    ['same', AttributeType.STRING],
    [['a', 'b'], AttributeType.STRINGS],
    [makeTensor('t', Float32Array.of(1)), AttributeType.TENSOR],
  ])('type of example %#', (value, type) => {
    expect(makeAttribute('a', value).type).toBe(type);
  });

  test('values', () => {
    expect(makeAttribute('a', 3).i).toBe(3n);
    expect(makeAttribute('a', [1, -2]).ints).toEqual([1n, -2n]);
    expect(makeAttribute('a', 0.25).f).toBe(0.25);
    expect(new TextDecoder().decode(makeAttribute('a', 'hé').s)).toBe('hé');
    expect(() => makeAttribute('a', [])).toThrow(/ambiguous/);
    expect(() => makeAttribute('a', ints([0.5]))).toThrow(/whole numbers .* 0.5/);
  });
});
