import { describe, expect, test } from 'vitest';
import { batchNorm, conv, gemm, GraphBuilder, ints, type ModelProto, type Value } from '../onnx/index.ts';
import { appendHead, conv4, resnet18 } from './backbones/index.ts';
import { type TrainableOptions, trainableParameters } from './trainable.ts';

const names = (model: ModelProto, options?: TrainableOptions): string[] =>
  trainableParameters(model, options).map(({ name }) => name);

/** A graph over an image and a parameter maker. */
function network(
  build: (g: GraphBuilder, x: Value, p: (name: string, ...shape: number[]) => Value) => Value,
) {
  const g = new GraphBuilder();
  const x = g.input('image', 'float32', ['batch', 3, 8, 8]);
  const parameter = (name: string, ...shape: number[]): Value =>
    g.constant(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5), shape, { name });
  g.output('y', build(g, x, parameter), 'float32');
  return g.toModel();
}

describe('trainableParameters', () => {
  test('conv4 with a head: everything, through the standardisation', () => {
    const model = appendHead(conv4({ channels: 1, height: 28, width: 28, seed: 0 }), {
      dimension: 8,
      seed: 0,
    });
    const layers = [1, 2, 3, 4].flatMap((i) => [`conv${i}.weight`, `conv${i}.gain`, `conv${i}.bias`]);
    expect(names(model)).toEqual([...layers, 'head.weight', 'head.bias']);
    expect(trainableParameters(model)[0]).toEqual({ name: 'conv1.weight', shape: [48, 1, 3, 3] });
    expect(names(model, { freeze: 'conv2' })).toEqual([...layers.slice(6), 'head.weight', 'head.bias']);
    expect(names(model, { freeze: 'conv1' })).toHaveLength(11);
    expect(names(model, { freeze: 'features' })).toEqual(['head.weight', 'head.bias']);
    expect(names(model, { freeze: 'embedding' })).toEqual([]);
  });

  test('resnet18: the convolutions, and nothing of batch normalisation', () => {
    const model = resnet18({ channels: 3, height: 32, width: 32, seed: 0 });
    const all = names(model);
    expect(all).toHaveLength(20);
    expect(all.every((name) => /(^|\.)(conv\d|downsample\.0)\.weight$/.test(name))).toBe(true);
    const late = names(model, { freeze: 'layer3.1' });
    expect(late).toEqual(all.filter((name) => name.startsWith('layer4.')));
    // the projection beside the branch is not on the way to the branch's convolution
    expect(names(model, { freeze: 'layer3.0' })).toEqual(all.filter((name) => /^layer(3\.1|4)/.test(name)));
  });

  test('a transformer: tables, tokens, normalisations, scales, transposed weights', () => {
    const model = network((g, x, p) => {
      const patches = g.op('Reshape', [
        conv(g, x, p('patch', 6, 3, 4, 4), { strides: [4, 4] }),
        g.int64([0, 6, -1]),
      ]);
      const tokens = g.op('Transpose', [patches], { perm: [0, 2, 1] });
      const batch = g.op('Slice', [g.op('Shape', [x]), g.int64([0]), g.int64([1])]);
      const shape = g.op('Concat', [batch, g.int64([1, 6])], { axis: 0 });
      const cls = g.op('Expand', [p('cls', 1, 1, 6), shape]);
      const all = g.op('Concat', [cls, tokens], { axis: 1 });
      const positions = g.op('Gather', [p('positions', 9, 6), g.int64([0, 1, 2, 3, 4])]);
      const y = g.op('LayerNormalization', [
        g.op('Add', [all, positions]),
        p('ln.scale', 6),
        p('ln.bias', 6),
      ]);
      const weight = g.op('Transpose', [p('linear', 6, 6)], { perm: [1, 0] });
      const dense = g.op('Add', [g.op('MatMul', [y, weight]), p('bias', 6)]);
      const gated = g.op('Mul', [g.op('PRelu', [dense, p('slope', 6)]), p('layer_scale', 6)]);
      const scaled = g.op('Div', [gated, p('one', 1)]); // a single element
      return gemm(
        g,
        g.op('ReduceMean', [scaled], { axes: ints([1]), keepdims: 0 }),
        p('head', 6, 2),
        p('head.bias', 2),
      );
    });
    const expected = [
      'patch',
      'cls',
      'positions',
      'ln.scale',
      'ln.bias',
      'linear',
      'bias',
      'slope',
      'layer_scale',
    ];
    expect(names(model)).toEqual([...expected, 'head', 'head.bias']);
  });

  test('leaves the normalisation of the image, shapes, bounds, scales of Resize, and dead ends', () => {
    const model = network((g, x, p) => {
      const centred = g.op('Sub', [x, p('mean', 1, 3, 1, 1)]);
      const normalised = g.op('Add', [g.op('Mul', [centred, p('std', 1, 3, 1, 1)]), p('shift', 1, 3, 1, 1)]);
      const scales = p('scales', 4);
      const resized = g.op('Resize', [normalised, null, scales], { mode: 'nearest' });
      const y = conv(g, resized, p('w', 4, 3, 3, 3));
      conv(g, resized, p('dead', 4, 3, 3, 3));
      const clipped = g.op('Clip', [y, p('low', 1), p('high', 1)]);
      return g.op('Add', [clipped, p('bias', 1, 4, 1, 1)]);
    });
    expect(names(model)).toEqual(['w', 'bias']);
  });

  test('leaves what batch normalisation shares, float64, and operators of other domains', () => {
    const g = new GraphBuilder({ domains: { 'com.microsoft': 1 } });
    const x = g.input('x', 'float32', ['batch', 2]);
    const shared = g.constant(Float32Array.of(1, 2), [2], { name: 'shared' });
    const w = g.constant(Float32Array.of(1, 2, 3, 4), [2, 2], { name: 'w' });
    const other = g.constant(Float32Array.of(1, 2, 3, 4), [2, 2], { name: 'other' });
    const double = g.constant(Float64Array.of(1, 2), [2], { name: 'double' });
    const y = gemm(g, x, w, shared);
    const bn = batchNorm(g, y, { scale: shared, bias: shared, mean: shared, variance: shared });
    const z = g.op('FusedMatMul', [bn, other], {}, { domain: 'com.microsoft' });
    g.output('y', g.op('Add', [g.op('Cast', [z], { to: 11 }), double]), 'float64');
    expect(names(g.toModel())).toEqual(['w']);
  });

  test('a weight with users on both sides of the frozen node is trained', () => {
    const model = network((g, x, p) => {
      const shared = g.op('Identity', [p('shared', 3, 3, 1, 1)]);
      const first = g.op('Relu', [conv(g, x, shared)], {}, { name: 'middle' });
      const only = g.op('Relu', [conv(g, first, p('first', 3, 3, 1, 1))], {}, { name: 'later' });
      return conv(g, only, shared);
    });
    expect(names(model)).toEqual(['shared', 'first']);
    expect(names(model, { freeze: 'later' })).toEqual(['shared']);
  });

  test('an unknown node: similar names', () => {
    const model = resnet18({ channels: 3, height: 32, width: 32, seed: 0 });
    expect(() => names(model, { freeze: 'layer2.l' })).toThrow(
      /OPTION_INVALID.*'layer2\.l'.*Similar names: 'layer2\.[01]'/,
    );
  });
});
