import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { foldConstants } from './fold.ts';
import { GraphBuilder } from './graph-builder.ts';
import { type ModelProto, readTensor } from './index.ts';
import { writeModel } from './model.ts';
import { makeTensor } from './tensor.ts';

const operators = (model: ModelProto) => model.graph?.node.map((node) => node.opType);

describe('foldConstants', () => {
  test('computes what depends on initializers only, of every type, and drops what is unused', async () => {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', [6]);
    const listed = g.op('Constant', [], { value: makeTensor('', BigInt64Array.of(2n, 3n)) });
    const shape = g.op('Mul', [listed, g.int64([1, 1])], {}, { name: 'shape' });
    const factor = g.op('Exp', [g.op('Neg', [g.float32([1, 2, 3])])], {}, { name: 'factor' });
    const [first, second] = g.ops('Split', [factor, g.int64([1, 2])], { axis: 0 }, { outputs: 2 });
    g.op('Sqrt', [g.float32([4])]); // nothing uses it
    const y = g.op('Mul', [g.op('Reshape', [x, shape]), factor]);
    g.output('y', g.op('Add', [y, first]), 'float32', [2, 3]);
    g.output('constant', second, 'float32', [2]); // an output that is constant itself
    const model = g.toModel();
    const before = writeModel(model);
    const folded = await foldConstants(model);
    expect(writeModel(model)).toEqual(before);
    expect(operators(folded)).toEqual(['Reshape', 'Mul', 'Add', 'Identity']);
    const values = Object.fromEntries(
      folded.graph?.initializer.map((t) => [t.name, Array.from(readTensor(t).data as Float32Array)]) ?? [],
    );
    expect(Object.keys(values).sort()).toEqual([first.name, 'constant', 'factor', 'shape'].sort());
    expect(values.shape).toEqual([2n, 3n]);
    [1, 2, 3].forEach((k, i) => expect(values.factor[i]).toBeCloseTo(Math.exp(-k), 6));

    const feeds = { x: new Tensor('float32', Float32Array.of(1, 2, 3, 4, 5, 6), [6]) };
    const results = await Promise.all(
      [model, folded].map(async (m) => {
        const { y: sum, constant } = await (await InferenceSession.create(writeModel(m))).run(feeds);
        return [...(sum.data as Float32Array), ...(constant.data as Float32Array)];
      }),
    );
    results[1].forEach((value, i) => expect(value).toBeCloseTo(results[0][i], 6));
  });

  test('leaves random nodes, and what depends on an initializer that can be fed', async () => {
    const g = new GraphBuilder();
    const scale = g.constant(Float32Array.of(2), [1], { name: 'scale' });
    const noise = g.op('RandomNormal', [], { shape: [1] });
    g.output('y', g.op('Add', [noise, g.op('Neg', [scale])]), 'float32', [1]);
    const model = g.toModel();
    expect(operators(await foldConstants(model))).toEqual(['RandomNormal', 'Add', 'Identity']);
    // the same with `scale` as an input with a default
    const input = new GraphBuilder();
    input.output('unused', input.input('scale', 'float32', [1]), 'float32', [1]);
    model.graph?.input.push(...(input.toGraph().input ?? []));
    const kept = await foldConstants(model);
    expect(operators(kept)).toEqual(['RandomNormal', 'Neg', 'Add', 'Identity']);
    expect(kept.graph?.initializer.map((t) => t.name)).toEqual(['scale']);
  });

  test('values that only a subgraph uses are kept', async () => {
    const g = new GraphBuilder();
    const condition = g.input('condition', 'bool', []);
    const constant = g.op('Neg', [g.float32([3])], {}, { name: 'constant' });
    const branch = (operator: string) => {
      const sub = g.subgraph(operator);
      sub.output(`${operator}_out`, sub.op(operator, [constant]), 'float32', [1]);
      return sub.toGraph();
    };
    const branches = { then_branch: branch('Neg'), else_branch: branch('Abs') };
    g.output('y', g.op('If', [condition], branches), 'float32', [1]);
    const folded = await foldConstants(g.toModel());
    expect(folded.graph?.initializer.map((t) => t.name)).toEqual(['constant']);
    const session = await InferenceSession.create(writeModel(folded));
    const { y } = await session.run({ condition: new Tensor('bool', Uint8Array.of(1), []) });
    expect(Array.from(y.data as Float32Array)).toEqual([3]);
  });

  test('says what cannot be computed', async () => {
    const g = new GraphBuilder();
    const bad = g.op('MatMul', [g.float32([1, 2]), g.float32([1, 2, 3])]);
    g.output('y', g.op('Add', [g.input('x', 'float32', [1]), bad]), 'float32', [1]);
    await expect(foldConstants(g.toModel())).rejects.toThrow(/ONNX_INVALID/);
  });
});
