import { Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { GraphBuilder } from '../onnx/graph-builder.ts';
import { InPlaceSession } from './in-place-session.ts';

const floats = (values: readonly number[], dims = [values.length]): Tensor =>
  new Tensor('float32', Float32Array.from(values), dims);

/** y = −x, total = Σ x, for x [n]. */
function network(opset?: number): GraphBuilder {
  const g = new GraphBuilder({ opset });
  const x = g.input('x', 'float32', ['n']);
  g.output('y', g.op('Neg', [x]), 'float32', ['n']);
  g.output('total', g.op('ReduceSum', [x], { keepdims: 0 }), 'float32', []);
  return g;
}

test.each([17, 12, 9])(
  'outputs arrive in the given tensors, those that are asked for; opset %i',
  async (opset) => {
    const session = await InPlaceSession.create(network(opset).toModel(), { logSeverityLevel: 4 });
    const y = floats([0, 0, 0]);
    const total = floats([0], []);
    await session.run({ x: floats([1, 2, 3]) }, { y, total });
    expect(Array.from(y.data as Float32Array)).toEqual([-1, -2, -3]);
    expect(Array.from(total.data as Float32Array)).toEqual([6]);
    await session.run({ x: floats([4, 5, 6]) }, { y });
    expect(Array.from(y.data as Float32Array)).toEqual([-4, -5, -6]);
    expect(Array.from(total.data as Float32Array)).toEqual([6]);
    await session.release();
  },
);

test('nothing is allocated beside them', async () => {
  const size = 2 ** 24;
  const session = await InPlaceSession.create(network().toModel(), { logSeverityLevel: 4 });
  const x = new Tensor('float32', new Float32Array(size).fill(1), [size]);
  const y = new Tensor('float32', new Float32Array(size), [size]);
  await session.run({ x }, { y }); // makes the trial
  const before = process.memoryUsage().arrayBuffers;
  await session.run({ x }, { y });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(size); // a copy has 4 bytes a value
  expect((y.data as Float32Array).every((value) => value === -1)).toBe(true);
  await session.release();
});

test('NaN is a result like any other', async () => {
  const g = new GraphBuilder();
  g.output('y', g.op('Sqrt', [g.input('x', 'float32', ['n'])]), 'float32', ['n']);
  const session = await InPlaceSession.create(g.toModel(), { logSeverityLevel: 4 });
  const y = floats([0, 0]);
  await session.run({ x: floats([-1, NaN]) }, { y });
  expect(Array.from(y.data as Float32Array)).toEqual([NaN, NaN]);
  await session.run({ x: new Tensor('float32', new Float32Array(0), [0]) }, { y: floats([]) });
  await session.release();
});

test('a run that fails is an error', async () => {
  const g = new GraphBuilder();
  const [x, shape] = [g.input('x', 'float32', ['n']), g.input('shape', 'int64', [1])];
  g.output('y', g.op('Reshape', [x, shape]), 'float32', ['m']);
  const session = await InPlaceSession.create(g.toModel(), { logSeverityLevel: 4 });
  const run = (n: bigint, y: Tensor) =>
    session.run({ x: floats([1, 2]), shape: new Tensor('int64', BigInt64Array.of(n), [1]) }, { y });
  const y = floats([0, 0]);
  await run(2n, y);
  expect(Array.from(y.data as Float32Array)).toEqual([1, 2]);
  await expect(run(3n, y)).rejects.toThrow(/reshape/i);
  await expect(run(2n, floats([0, 0, 0]))).rejects.toThrow(/shape/i);
  await expect(session.run({ x: floats([1, 2]) }, { y })).rejects.toThrow(/shape/);
  await session.release();
});
