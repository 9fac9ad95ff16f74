import { describe, expect, test } from 'vitest';
import { GraphBuilder, makeTensor } from '../onnx/index.ts';
import { measureGraph } from './measure.ts';

describe('measureGraph', () => {
  test('shapes that hang on an open batch', async () => {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', ['batch', 6]);
    const batch = g.op('Slice', [g.op('Shape', [x]), g.int64([0]), g.int64([1])]);
    const sizes = g.op('Concat', [batch, g.int64([2, -1])], { axis: 0 }, { name: 'sizes' });
    g.output('y', g.op('Reshape', [x, sizes]), 'float32');
    const { tensors } = await measureGraph(g.toModel(), { x: [4, 6] });
    expect(tensors.get('y')).toMatchObject({ type: 'float32', shape: [4, 2, 3] });
    expect(tensors.get('sizes')).toMatchObject({ type: 'int64', shape: [3], integers: [4, 2, -1] });
  });

  test('a tensor whose rank ONNX Runtime does not know beforehand is no scalar', async () => {
    // it takes an axis from the end in operator set 9, but infers no shape then
    const g = new GraphBuilder({ opset: 9 });
    const x = g.input('x', 'float32', [2, 3]);
    g.output('y', g.op('Concat', [x, x], { axis: -1 }), 'float32');
    g.output('mean', g.op('ReduceMean', [x], { keepdims: 0 }), 'float32');
    const { tensors } = await measureGraph(g.toModel());
    expect(tensors.get('y')?.shape).toEqual([2, 6]);
    expect(tensors.get('mean')?.shape).toEqual([]);
  });

  test('values that do not depend on what is fed', async () => {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', [3]);
    const two = g.op('Constant', [], { value: makeTensor('', Float32Array.of(2), []) }, { name: 'two' });
    const half = g.constant(Float32Array.of(0.5), [1], { name: 'half' });
    const one = g.op('Mul', [two, half], {}, { name: 'one' });
    const noise = g.op('RandomNormal', [], { shape: [1] }, { name: 'noise' });
    g.constant(new Float32Array(1000), [1000], { name: 'large' });
    g.output('y', g.op('Add', [g.op('Mul', [x, one]), noise]), 'float32');
    const { tensors } = await measureGraph(g.toModel());
    const floats = (name: string) => tensors.get(name)?.floats;
    expect([floats('two'), floats('half'), floats('one')]).toEqual([[2], [0.5], [1]]);
    expect([floats('x'), floats('y'), floats('noise'), floats('large')]).toEqual(Array(4).fill(undefined));
  });

  test('shapes that are not given, or do not fit', async () => {
    const g = new GraphBuilder();
    g.output('y', g.op('Relu', [g.input('x', 'float32', ['batch', 6])]), 'float32');
    await expect(measureGraph(g.toModel())).rejects.toThrow(/ONNX_INVALID.*shape of input 'x'/s);
    await expect(measureGraph(g.toModel(), { x: [4, 5] })).rejects.toThrow(/ONNX_INVALID.*\[\?, 6\]/s);
  });
});
