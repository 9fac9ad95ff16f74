/**
 * Blocks of the network families that people export, node by node as exporters write them: the gradients with respect to the
 * image and to some weights against central differences along random directions.
 */
import { describe, expect, test } from 'vitest';
import { float, type GraphBuilder, sizeOf, type Value } from '../onnx/index.ts';
import {
  type Case,
  disagreement,
  type Fed,
  floats32,
  gradientsOf,
  numbers,
} from './testing/check-gradient.ts';

/** The largest error of a derivative along four directions through each input, relative. */
async function errorOf(example: Case): Promise<number> {
  const { analytic, numeric } = await gradientsOf({ ...example, directions: 4 });
  return Math.max(...Object.keys(numeric).map((name) => disagreement(analytic[name], numeric[name])));
}

/** Of smooth networks; a mistake in a rule shows as several per cent at least. */
const SMOOTH = 1e-3;
/** Of networks with kinks: a few of them lie within the step. */
const KINKED = 2e-2;

const fanOf = (shape: readonly number[]): number => (shape.length === 2 ? shape[0] : sizeOf(shape.slice(1)));

/** A weight as training starts from: [in, out] of a dense layer or [out, in, height, width] of a convolution. */
function weights(shape: readonly number[], seed: number): Fed {
  return { shape, data: numbers(sizeOf(shape), seed).map((w) => (w * 1.7) / Math.sqrt(fanOf(shape))) };
}

/** The same as an initializer. */
function weight(g: GraphBuilder, shape: readonly number[], seed: number): Value {
  return g.constant(weights(shape, seed).data as Float32Array, shape);
}

const vector = (g: GraphBuilder, size: number, seed: number, around = 0): Value =>
  g.constant(
    numbers(size, seed).map((w) => around + 0.3 * w),
    [size],
  );

const dense = (g: GraphBuilder, x: Value, w: Value, size: number, seed: number): Value =>
  g.op('Add', [vector(g, size, seed), g.op('MatMul', [x, w])]);

/** Before opset 17 exporters write layer normalisation out. */
function layerNorm(g: GraphBuilder, x: Value, size: number, seed: number): Value {
  const [scale, bias] = [vector(g, size, seed, 1), vector(g, size, seed + 1)];
  if (g.opset >= 17) return g.op('LayerNormalization', [x, scale, bias], { axis: -1, epsilon: float(1e-6) });
  const mean = g.op('ReduceMean', [x], { axes: [-1] });
  const centred = g.op('Sub', [x, mean]);
  const variance = g.op('ReduceMean', [g.op('Pow', [centred, g.float32(2)])], { axes: [-1] });
  const deviation = g.op('Sqrt', [g.op('Add', [variance, g.float32(1e-6)])]);
  return g.op('Add', [g.op('Mul', [g.op('Div', [centred, deviation]), scale]), bias]);
}

/** x Φ(x), written out before opset 20. */
function gelu(g: GraphBuilder, x: Value): Value {
  if (g.opset >= 20) return g.op('Gelu', [x]);
  const erf = g.op('Erf', [g.op('Div', [x, g.float32(Math.SQRT2)])]);
  return g.op('Mul', [g.op('Mul', [x, g.op('Add', [erf, g.float32(1)])]), g.float32(0.5)]);
}

const silu = (g: GraphBuilder, x: Value): Value => g.op('Mul', [x, g.op('Sigmoid', [x])]);

function batchNorm(g: GraphBuilder, x: Value, channels: number, seed: number): Value {
  const variance = numbers(channels, seed + 3).map((v) => 1 + 0.5 * Math.abs(v));
  return g.op('BatchNormalization', [
    x,
    vector(g, channels, seed, 1),
    vector(g, channels, seed + 1),
    vector(g, channels, seed + 2),
    g.constant(variance, [channels]),
  ]);
}

const convolve = (
  g: GraphBuilder,
  x: Value,
  w: Value,
  { stride = 1, pads = 0, group = 1 }: { stride?: number; pads?: number | number[]; group?: number } = {},
): Value =>
  g.op('Conv', [x, w], {
    strides: [stride, stride],
    pads: typeof pads === 'number' ? [pads, pads, pads, pads] : pads,
    group,
  });

/** The size of axis 0 as exporters with an open batch dimension take it: [1]. */
const batchOf = (g: GraphBuilder, x: Value): Value =>
  g.op('Unsqueeze', [g.op('Gather', [g.op('Shape', [x]), g.int64(0)]), g.int64([0])]);

describe('vision transformer', () => {
  const [width, heads, tokens] = [8, 2, 5];
  const feeds = {
    image: floats32([2, 3, 8, 8], 1),
    token: weights([1, 1, width], 2),
    position: weights([1, tokens, width], 3),
    qkv: weights([width, 3 * width], 4),
    gamma: weights([1, width], 5),
  };

  /** Patches, class token, one block with attention and MLP, final norm, class token out. */
  function build(g: GraphBuilder, inputs: Record<string, Value>): Value {
    const patches = convolve(g, inputs.image, weight(g, [width, 3, 4, 4], 11), { stride: 4 });
    const batch = batchOf(g, patches);
    const flat = g.op('Reshape', [patches, g.op('Concat', [batch, g.int64([width, -1])], { axis: 0 })]);
    const sequence = g.op('Transpose', [flat], { perm: [0, 2, 1] });
    // expand(n, −1, −1): where the size asked for is −1, the one that there is
    const asked = g.op('Concat', [batch, g.int64([-1, -1])], { axis: 0 });
    const keep = g.op('Equal', [asked, g.int64([-1, -1, -1])]);
    const sizes = g.op('Where', [keep, g.int64([1, 1, width]), asked]);
    const classToken = g.op('Expand', [inputs.token, sizes]);
    let x = g.op('Concat', [classToken, sequence], { axis: 1 });
    x = g.op('Add', [x, inputs.position]);

    const each = dense(g, layerNorm(g, x, width, 20), inputs.qkv, 3 * width, 22);
    const apart = g.op('Concat', [batch, g.int64([tokens, 3, heads, width / heads])], { axis: 0 });
    const qkv = g.op('Transpose', [g.op('Reshape', [each, apart])], { perm: [2, 0, 3, 1, 4] });
    const [q, k, v] = [0, 1, 2].map((i) => g.op('Gather', [qkv, g.int64(i)], { axis: 0 }));
    const products = g.op('MatMul', [q, g.op('Transpose', [k], { perm: [0, 1, 3, 2] })]);
    const scale = g.op('Sqrt', [g.op('Cast', [g.int64(width / heads)], { to: 1 })]);
    const attention = g.op('Softmax', [g.op('Div', [products, scale])], { axis: -1 });
    const mixed = g.op('Transpose', [g.op('MatMul', [attention, v])], { perm: [0, 2, 1, 3] });
    const joined = g.op('Reshape', [mixed, g.op('Concat', [batch, g.int64([tokens, width])], { axis: 0 })]);
    const attended = dense(g, joined, weight(g, [width, width], 24), width, 25);
    // layer scale, as DINOv2 has it
    x = g.op('Add', [x, g.op('Mul', [attended, inputs.gamma])]);

    const wide = gelu(g, dense(g, layerNorm(g, x, width, 26), weight(g, [width, 16], 28), 16, 29));
    x = g.op('Add', [x, dense(g, wide, weight(g, [16, width], 30), width, 31)]);
    return g.op('Gather', [layerNorm(g, x, width, 32), g.int64(0)], { axis: 1 });
  }

  test.each([14, 17, 20])('opset %d', async (opset) => {
    expect(await errorOf({ feeds, build, opset })).toBeLessThan(SMOOTH);
  });

  test('attention by Einsum', async () => {
    const [batch, count, size] = [2, 3, 4];
    const shape = [batch, heads, count, size];
    const error = await errorOf({
      feeds: { q: floats32(shape, 1), k: floats32(shape, 2), v: floats32(shape, 3) },
      build: (g, { q, k, v }) => {
        const products = g.op('Einsum', [q, k], { equation: 'bhid,bhjd->bhij' });
        const attention = g.op('Softmax', [g.op('Mul', [products, g.float32(0.5)])], { axis: -1 });
        return g.op('Einsum', [attention, v], { equation: 'bhij,bhjd->bhid' });
      },
    });
    expect(error).toBeLessThan(SMOOTH);
  });
});

test('CLIP: quick Gelu, projection, norm 1', async () => {
  const [width, out] = [8, 6];
  const build = (
    g: GraphBuilder,
    { x, projection }: Record<string, Value>,
    written: 'norm' | 'normalize',
  ) => {
    const wide = dense(g, layerNorm(g, x, width, 40), weight(g, [width, 16], 42), 16, 43);
    const quick = g.op('Mul', [wide, g.op('Sigmoid', [g.op('Mul', [wide, g.float32(1.702)])])]);
    const y = g.op('Add', [x, dense(g, quick, weight(g, [16, width], 44), width, 45)]);
    // the class token by a slice and a squeeze
    const first = g.op('Slice', [y, g.int64([0]), g.int64([1]), g.int64([1])]);
    const pooled = layerNorm(g, g.op('Squeeze', [first, g.int64([1])]), width, 46);
    const embedding = g.op('MatMul', [pooled, projection]);
    const norm =
      g.opset >= 18
        ? g.op('ReduceL2', [embedding, g.int64([-1])], { keepdims: 1 })
        : g.op('ReduceL2', [embedding], { axes: [-1], keepdims: 1 });
    if (written === 'norm') return g.op('Div', [embedding, norm]);
    const bounded = g.op('Expand', [g.op('Clip', [norm, g.float32(1e-12)]), g.op('Shape', [embedding])]);
    return g.op('Div', [embedding, bounded]);
  };
  const feeds = { x: floats32([3, 4, width], 6), projection: weights([width, out], 7) };
  for (const opset of [14, 18]) {
    for (const written of ['norm', 'normalize'] as const) {
      const error = await errorOf({ feeds, build: (g, inputs) => build(g, inputs, written), opset });
      expect(error, `opset ${opset}, ${written}`).toBeLessThan(SMOOTH);
    }
  }
});

test('ConvNeXt: depthwise 7×7, channels last, layer scale; downsampling', async () => {
  const channels = 4;
  const build = (g: GraphBuilder, inputs: Record<string, Value>): Value => {
    const deep = convolve(g, inputs.x, inputs.kernel, { pads: 3, group: channels });
    const last = layerNorm(g, g.op('Transpose', [deep], { perm: [0, 2, 3, 1] }), channels, 50);
    const wide = gelu(g, dense(g, last, weight(g, [channels, 16], 52), 16, 53));
    const narrow = g.op('Mul', [dense(g, wide, weight(g, [16, channels], 54), channels, 55), inputs.gamma]);
    const x = g.op('Add', [inputs.x, g.op('Transpose', [narrow], { perm: [0, 3, 1, 2] })]);
    // normalisation over channels first, written out around a transpose, and a 2×2 convolution of stride 2
    const normed = layerNorm(g, g.op('Transpose', [x], { perm: [0, 2, 3, 1] }), channels, 56);
    const images = g.op('Transpose', [normed], { perm: [0, 3, 1, 2] });
    return convolve(g, images, weight(g, [6, channels, 2, 2], 58), { stride: 2 });
  };
  const feeds = {
    x: floats32([2, channels, 6, 6], 8),
    kernel: weights([channels, 1, 7, 7], 9),
    gamma: weights([1, channels], 10),
  };
  // normalisation over so few channels bends quickly: a small step
  for (const opset of [14, 17]) {
    expect(await errorOf({ feeds, build, opset, step: 1e-3 })).toBeLessThan(SMOOTH);
  }
});

test('EfficientNet: MBConv with squeeze and excitation', async () => {
  const [channels, wide] = [4, 8];
  const build = (g: GraphBuilder, inputs: Record<string, Value>): Value => {
    const expanded = silu(
      g,
      batchNorm(g, convolve(g, inputs.x, weight(g, [wide, channels, 1, 1], 60)), wide, 61),
    );
    const kernel = inputs.kernel;
    const deep = silu(g, batchNorm(g, convolve(g, expanded, kernel, { pads: 1, group: wide }), wide, 65));
    const mean = g.op('ReduceMean', [deep], { axes: [2, 3], keepdims: 1 });
    const squeezed = silu(g, g.op('Conv', [mean, inputs.squeeze, vector(g, 2, 69)]));
    const gate = g.op('Sigmoid', [
      g.op('Conv', [squeezed, weight(g, [wide, 2, 1, 1], 70), vector(g, wide, 71)]),
    ]);
    const projected = convolve(g, g.op('Mul', [deep, gate]), weight(g, [channels, wide, 1, 1], 72));
    const x = g.op('Add', [inputs.x, batchNorm(g, projected, channels, 73)]);
    // TensorFlow's padding of stride 2 is uneven
    const down = convolve(g, x, weight(g, [channels, 1, 3, 3], 77), {
      stride: 2,
      pads: [0, 0, 1, 1],
      group: channels,
    });
    return g.op('Flatten', [g.op('GlobalAveragePool', [silu(g, down)])], { axis: 1 });
  };
  const feeds = {
    x: floats32([2, channels, 6, 6], 12),
    kernel: weights([wide, 1, 3, 3], 13),
    squeeze: weights([2, wide, 1, 1], 14),
  };
  // the weights of the gate matter little: a large step
  for (const opset of [11, 17]) {
    expect(await errorOf({ feeds, build, opset, step: 5e-2 })).toBeLessThan(SMOOTH);
  }
});

test('MobileNet v3: hard swish and hard sigmoid, as nodes and written out', async () => {
  const [channels, wide] = [4, 6];
  const build = (g: GraphBuilder, inputs: Record<string, Value>): Value => {
    /** min(max(x + 3, 0), 6) / 6 */
    const hardSigmoid = (x: Value): Value =>
      g.opset >= 14
        ? g.op('HardSigmoid', [x], { alpha: float(1 / 6), beta: float(0.5) })
        : g.op('Div', [
            g.op('Clip', [g.op('Add', [x, g.float32(3)]), g.float32(0), g.float32(6)]),
            g.float32(6),
          ]);
    const hardSwish = (x: Value): Value =>
      g.opset >= 14 ? g.op('HardSwish', [x]) : g.op('Mul', [x, hardSigmoid(x)]);
    const stem = convolve(g, inputs.x, inputs.kernel, { stride: 2, pads: 1 });
    const x = hardSwish(batchNorm(g, stem, channels, 80));
    const expanded = hardSwish(convolve(g, x, weight(g, [wide, channels, 1, 1], 84)));
    const deep = convolve(g, expanded, weight(g, [wide, 1, 5, 5], 85), { pads: 2, group: wide });
    const mean = g.op('GlobalAveragePool', [deep]);
    const squeezed = g.op('Relu', [
      g.op('Conv', [mean, weight(g, [3, wide, 1, 1], 86), vector(g, 3, 87, 0.5)]),
    ]);
    const gate = hardSigmoid(g.op('Conv', [squeezed, weight(g, [wide, 3, 1, 1], 88), vector(g, wide, 89)]));
    const gated = hardSwish(g.op('Mul', [gate, deep]));
    const y = g.op('Add', [x, convolve(g, gated, weight(g, [channels, wide, 1, 1], 90))]);
    const features = g.op('Flatten', [g.op('GlobalAveragePool', [y])]);
    const head = g.op('Gemm', [features, weight(g, [5, channels], 91), vector(g, 5, 92)], { transB: 1 });
    return hardSwish(head);
  };
  const feeds = { x: floats32([2, 3, 10, 10], 15), kernel: weights([channels, 3, 3, 3], 16) };
  for (const opset of [11, 14]) expect(await errorOf({ feeds, build, opset })).toBeLessThan(KINKED);
});

test('ResNet: stem with max pooling, a block with a shortcut by convolution', async () => {
  const [channels, wide] = [4, 6];
  const build = (g: GraphBuilder, inputs: Record<string, Value>): Value => {
    const stem = convolve(g, inputs.x, inputs.kernel, { stride: 2, pads: 3 });
    const active = g.op('Relu', [batchNorm(g, stem, channels, 100)]);
    const x = g.op('MaxPool', [active], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
    const first = convolve(g, x, weight(g, [wide, channels, 3, 3], 104), { stride: 2, pads: 1 });
    const middle = g.op('Relu', [batchNorm(g, first, wide, 105)]);
    const second = batchNorm(
      g,
      convolve(g, middle, weight(g, [wide, wide, 3, 3], 109), { pads: 1 }),
      wide,
      110,
    );
    const shortcut = batchNorm(
      g,
      convolve(g, x, weight(g, [wide, channels, 1, 1], 114), { stride: 2 }),
      wide,
      115,
    );
    const y = g.op('Relu', [g.op('Add', [second, shortcut])]);
    return g.op('Flatten', [g.op('GlobalAveragePool', [y])]);
  };
  const feeds = { x: floats32([2, 3, 16, 16], 17), kernel: weights([channels, 3, 7, 7], 18) };
  expect(await errorOf({ feeds, build, step: 3e-4 })).toBeLessThan(KINKED);
});
