/** Whatever the gradient and the lowering write is valid in the graph's own operator set, from the oldest to the newest. */
import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { addGradients, measureGraph } from './index.ts';
import { lowerForCpu } from '../runtime/index.ts';
import { disagreement, floats32, gradientsOf, numbers } from './testing/check-gradient.ts';
import { float, GraphBuilder, sizeOf, type Value, writeModel } from '../onnx/index.ts';

const OPSETS = Array.from({ length: 15 }, (_, i) => 9 + i);

type Inputs = Record<string, Value>;
interface Network {
  feeds: Record<string, number[]>;
  build: (g: GraphBuilder, inputs: Inputs, opset: number) => Value;
  from?: number;
  /** So many kinks that central differences tell little: the gradient is compared with that of operator set 17, which other tests check. */
  kinks?: boolean;
}

const scalar = (g: GraphBuilder, value: number): Value => g.constant(Float32Array.of(value), []);
/** A list as an attribute in older operator sets, as an input in newer ones. */
const axes = (g: GraphBuilder, list: number[], asInput: boolean) =>
  asInput ? { inputs: [g.int64(list)], attributes: {} } : { inputs: [], attributes: { axes: list } };

const clip = (g: GraphBuilder, x: Value, opset: number): Value =>
  opset < 11
    ? g.op('Clip', [x], { min: float(0), max: float(6) })
    : g.op('Clip', [x, scalar(g, 0), scalar(g, 6)]);

function padded(g: GraphBuilder, x: Value, opset: number): Value {
  const pads = [0, 0, 1, 0, 0, 0, 0, 2];
  return opset < 11 ? g.op('Pad', [x], { pads }) : g.op('Pad', [x, g.int64(pads)]);
}

function sliced(g: GraphBuilder, x: Value, opset: number): Value {
  if (opset < 10) return g.op('Slice', [x], { starts: [1, 0], ends: [100, -1], axes: [2, 3] });
  return g.op('Slice', [x, g.int64([1, 0]), g.int64([100, -1]), g.int64([2, 3])]);
}

function enlarged(g: GraphBuilder, x: Value, opset: number): Value {
  const scales = g.constant(Float32Array.of(1, 1, 2, 2), [4]);
  if (opset < 10) return g.op('Upsample', [x, scales], { mode: 'nearest' });
  if (opset < 11) return g.op('Resize', [x, scales], { mode: 'nearest' });
  const region = opset < 13 ? g.constant(new Float32Array(0), [0]) : null;
  return g.op('Resize', [x, region, scales], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
}

function reduced(g: GraphBuilder, op: 'ReduceSum' | 'ReduceMean', x: Value, over: number[], opset: number) {
  const { inputs, attributes } = axes(g, over, opset >= (op === 'ReduceSum' ? 13 : 18));
  return g.op(op, [x, ...inputs], { ...attributes, keepdims: 1 });
}

function halves(g: GraphBuilder, x: Value, opset: number): Value[] {
  if (opset < 13) return g.ops('Split', [x], { axis: 1, split: [16, 16] }, { outputs: 2 });
  return g.ops('Split', [x, g.int64([16, 16])], { axis: 1 }, { outputs: 2 });
}

const NETWORKS: Record<string, Network> = {
  'strided and depthwise convolutions, ReLU6, pools': {
    kinks: true,
    feeds: { x: [2, 3, 16, 16], a: [16, 3, 3, 3], d: [16, 1, 3, 3], b: [32, 16, 3, 3], p: [16, 32, 1, 1] },
    build: (g, { x, a, d, b, p }, opset) => {
      const same = { pads: [1, 1, 1, 1] };
      const first = clip(g, g.op('Conv', [x, a], { ...same, strides: [2, 2] }), opset);
      const depth = g.op('Relu', [g.op('Conv', [first, d], { ...same, group: 16 })]);
      const third = clip(g, g.op('Conv', [depth, b], { ...same, strides: [2, 2] }), opset);
      const pooled = g.op('MaxPool', [third], { kernel_shape: [2, 2], strides: [1, 1] });
      const mean = g.op('AveragePool', [pooled], { kernel_shape: [2, 2] });
      return g.op('Flatten', [g.op('GlobalAveragePool', [g.op('Conv', [mean, p])])]);
    },
  },
  'batch normalisation, pad, slice, split, reductions': {
    feeds: { x: [2, 32, 6, 6], s: [32], o: [32], m: [32] },
    build: (g, { x, s, o, m }, opset) => {
      const variance = g.constant(new Float32Array(32).fill(1.5), [32]);
      const normal = g.op('BatchNormalization', [x, s, o, m, variance]);
      const [one, two] = halves(g, sliced(g, padded(g, g.op('Relu', [normal]), opset), opset), opset);
      const total = g.op('Add', [reduced(g, 'ReduceSum', one, [2, 3], opset), two]);
      const centred = g.op('Sub', [total, reduced(g, 'ReduceMean', total, [1], opset)]);
      return reduced(g, 'ReduceMean', g.op('Mul', [centred, centred]), [2, 3], opset);
    },
  },
  'resize, transpose, matrix product, softmax, gather': {
    feeds: { x: [2, 16, 4, 4], w: [16, 8], c: [8, 8], b: [8] },
    build: (g, { x, w, c, b }, opset) => {
      const large = enlarged(g, x, opset);
      const mean = g.op('GlobalAveragePool', [g.op('Relu', [large])]);
      const list = axes(g, [2, 3], opset >= 13);
      const flat = g.op('Squeeze', [mean, ...list.inputs], list.attributes);
      const hidden = g.op('Tanh', [g.op('MatMul', [flat, w])]);
      const weights = g.op('Softmax', [g.op('Gemm', [hidden, c, b], { transB: 1 })], { axis: 1 });
      const picked = g.op('Gather', [weights, g.int64([1, 3, 3])], { axis: 1 });
      return g.op('Concat', [picked, g.op('Sqrt', [g.op('Exp', [hidden])])], { axis: 1 });
    },
  },
  'layer normalisation and GELU by parts': {
    feeds: { x: [2, 5, 16], s: [16] },
    build: (g, { x, s }, opset) => {
      const centred = g.op('Sub', [x, reduced(g, 'ReduceMean', x, [-1], opset)]);
      const variance = reduced(g, 'ReduceMean', g.op('Mul', [centred, centred]), [-1], opset);
      const scale = g.op('Sqrt', [g.op('Add', [variance, scalar(g, 1e-2)])]);
      const normal = g.op('Mul', [g.op('Div', [centred, scale]), s]);
      const error = g.op('Erf', [g.op('Mul', [normal, scalar(g, Math.SQRT1_2)])]);
      return g.op('Mul', [normal, g.op('Add', [error, scalar(g, 1)])]);
    },
  },
  'the operators LayerNormalization': {
    from: 17,
    feeds: { x: [2, 5, 16], s: [16], o: [16] },
    build: (g, { x, s, o }) => g.op('LayerNormalization', [x, s, o], { axis: -1 }),
  },
  Gelu: { from: 20, feeds: { x: [2, 16, 4, 4] }, build: (g, { x }) => g.op('Gelu', [x]) },
  'sizes computed by Shape nodes: a channel shuffle': {
    feeds: { x: [2, 3, 8, 8], a: [16, 3, 3, 3], b: [16, 16, 1, 1] },
    build: (g, { x, a, b }, opset) => {
      const y = g.op('Relu', [g.op('Conv', [x, a], { pads: [1, 1, 1, 1] })]);
      const shape = g.op('Shape', [y]);
      const size = (i: number): Value => g.op('Gather', [shape, g.int64([i])]);
      const target = (...parts: Value[]): Value => g.op('Concat', parts, { axis: 0 });
      // through a cast, which hides the value from constant folding
      const batch = g.op('Cast', [g.op('Cast', [size(0)], { to: 1 })], { to: 7 });
      const five = target(batch, g.int64([2]), g.int64([8]), size(2), size(3));
      const turned = g.op('Transpose', [g.op('Reshape', [y, five])], { perm: [0, 2, 1, 3, 4] });
      const four = target(batch, g.int64([16]), size(2), size(3));
      const shuffled = g.op('Reshape', [turned, four]);
      const z = g.op('Relu', [g.op('Add', [g.op('Conv', [shuffled, b]), shuffled])]);
      return opset < 0 ? z : g.op('Flatten', [g.op('GlobalAveragePool', [z])]);
    },
  },
};

describe.each(Object.entries(NETWORKS))('%s', (_, { feeds, build, from = 9, kinks }) => {
  test.each(OPSETS.filter((opset) => opset >= from))('operator set %i', async (opset) => {
    const gradients = (version: number) =>
      gradientsOf({
        opset: version,
        feeds: Object.fromEntries(
          Object.entries(feeds).map(([name, shape], i) => [name, floats32(shape, i + 1)]),
        ),
        build: (g, inputs) => build(g, inputs, version),
        numeric: !kinks,
        directions: 2,
        step: 1e-3,
      });
    const { analytic, numeric } = await gradients(opset);
    const expected = kinks ? (await gradients(17)).analytic : numeric;
    for (const name of Object.keys(feeds))
      expect(disagreement(analytic[name], expected[name])).toBeLessThan(kinks ? 1e-5 : 0.05);

    // and lowered: it opens, which says that every operator is known in its version
    const g = new GraphBuilder({ opset, domains: { retrievalguard: 1 } });
    const inputs = Object.fromEntries(
      Object.entries(feeds).map(([name, shape]) => [name, g.input(name, 'float32', shape)]),
    );
    g.output('y', build(g, inputs, opset), 'float32');
    const measured = await measureGraph(g.toModel());
    const extended = GraphBuilder.extending(measured.model, { domains: { retrievalguard: 1 } });
    const { shape } = measured.tensors.get('y')!;
    const upstream = { y: extended.constant(numbers(sizeOf(shape), 77), shape) };
    for (const [name, gradient] of addGradients(extended, measured, { upstream, wrt: Object.keys(feeds) }))
      extended.output(`gradient of ${name}`, gradient, 'float32', feeds[name]);
    const lowered = await lowerForCpu(extended.toModel());
    const session = await InferenceSession.create(writeModel(lowered), { logSeverityLevel: 4 });
    await session.release();
  });
});
