/** Every rule of an operator over images, and of the networks' last layers, against central differences. */
import { describe, expect, test } from 'vitest';
import { float, type GraphBuilder, type Value } from '../../onnx/index.ts';
import {
  type Case,
  disagreement,
  type Fed,
  floats32,
  floats64,
  gradientsOf,
  numbers,
} from '../testing/check-gradient.ts';

type Inputs = Record<string, Value>;
type Variant = [name: string, example: Case];

/** Differences of smooth functions in float64 are exact to 1e-8; float32 loses more. */
const EXACT = 1e-7;
const ROUNDED = 4e-3;

function variants(operator: string, tolerance: number, list: Variant[]): void {
  describe(operator, () => {
    test.each(list)('%s', async (_, example) => {
      const { analytic, numeric } = await gradientsOf(example);
      expect(Object.keys(numeric).length).toBeGreaterThan(0);
      for (const name of Object.keys(numeric)) {
        expect(disagreement(analytic[name], numeric[name]), `gradient of ${name}`).toBeLessThan(tolerance);
      }
    });
  });
}

const one =
  (type: string, attributes: Parameters<GraphBuilder['op']>[2] = {}, domain = '') =>
  (g: GraphBuilder, inputs: Inputs): Value =>
    g.op(type, Object.values(inputs), attributes, { domain });

const positive = (fed: Fed): Fed => ({
  ...fed,
  data: Float64Array.from(fed.data as Float64Array, (v) => v * v + 0.1),
});

/** Numbers far apart, so that a step changes no order: no maximum moves. */
function distinct(shape: readonly number[]): Fed {
  const { data } = floats32(shape, 5);
  const order = Array.from(data as Float32Array, (value, i) => ({ value, i })).sort(
    (a, b) => a.value - b.value,
  );
  const spaced = new Float32Array(order.length);
  for (const [rank, { i }] of order.entries()) spaced[i] = 0.1 * (rank - order.length / 2);
  return { shape, data: spaced };
}

const pool = (
  shape: readonly number[],
  attributes: Parameters<GraphBuilder['op']>[2],
  type: string,
  opset = 17,
): Case => ({
  feeds: { x: distinct(shape) },
  build: one(type, attributes),
  opset,
});

variants('MaxPool', ROUNDED, [
  ['2×2', pool([2, 2, 4, 6], { kernel_shape: [2, 2], strides: [2, 2] }, 'MaxPool')],
  ['2×2 with a rest', pool([1, 2, 5, 7], { kernel_shape: [2, 2], strides: [2, 2] }, 'MaxPool')],
  [
    'windows that overlap, padded',
    pool([2, 1, 7, 6], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }, 'MaxPool'),
  ],
  [
    'uneven paddings',
    pool([1, 2, 5, 6], { kernel_shape: [3, 2], strides: [1, 2], pads: [0, 1, 2, 0] }, 'MaxPool'),
  ],
  ['ceil_mode', pool([1, 1, 6, 8], { kernel_shape: [3, 3], strides: [2, 3], ceil_mode: 1 }, 'MaxPool')],
  ['dilated', pool([1, 2, 7, 7], { kernel_shape: [2, 3], dilations: [3, 2], strides: [2, 1] }, 'MaxPool')],
  [
    'SAME_UPPER',
    pool([1, 1, 6, 7], { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_UPPER' }, 'MaxPool'),
  ],
  ['strides beyond the kernel', pool([1, 1, 8, 8], { kernel_shape: [2, 2], strides: [3, 3] }, 'MaxPool')],
  ['one axis', pool([2, 2, 7], { kernel_shape: [3], strides: [2], pads: [1, 1] }, 'MaxPool')],
]);

describe('MaxPool with ties', () => {
  test.each([
    ['side by side', { kernel_shape: [2, 2], strides: [2, 2] }],
    ['overlapping', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
    ['by one', { kernel_shape: [2, 2] }],
  ])('the first maximum in scan order takes all: %s', async (_, attributes) => {
    const [height, width] = [6, 6];
    const data = Float32Array.from(numbers(height * width, 9), (v) => Math.round(v));
    const x: Fed = { shape: [1, 1, height, width], data };
    const { analytic } = await gradientsOf({
      feeds: { x },
      build: one('MaxPool', attributes),
      numeric: false,
    });
    const {
      kernel_shape: kernel,
      strides = [1, 1],
      pads = [0, 0, 0, 0],
    } = attributes as Record<string, number[] | undefined> & { kernel_shape: number[] };
    const out = [height, width].map(
      (size, a) => Math.floor((size + pads[a] + pads[a + 2] - kernel[a]) / strides[a]) + 1,
    );
    const upstream = numbers(out[0] * out[1], 77);
    const expected = new Float64Array(data.length);
    for (let r = 0; r < out[0]; r++) {
      for (let c = 0; c < out[1]; c++) {
        let best = -1;
        for (let i = 0; i < kernel[0]; i++) {
          for (let j = 0; j < kernel[1]; j++) {
            const [row, column] = [r * strides[0] + i - pads[0], c * strides[1] + j - pads[1]];
            if (row < 0 || row >= height || column < 0 || column >= width) continue;
            const at = row * width + column;
            if (best < 0 || data[at] > data[best]) best = at;
          }
        }
        expected[best] += upstream[r * out[1] + c];
      }
    }
    expect(disagreement(analytic.x, expected)).toBeLessThan(1e-6);
  });
});

const average = (
  shape: readonly number[],
  attributes: Parameters<GraphBuilder['op']>[2],
  opset?: number,
): Case => ({
  feeds: { x: floats32(shape) },
  build: one('AveragePool', attributes),
  opset,
});

variants('AveragePool', ROUNDED, [
  ['2×2', average([2, 2, 4, 6], { kernel_shape: [2, 2], strides: [2, 2] })],
  [
    'padded, the padding not counted',
    average([1, 2, 5, 6], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  ],
  [
    'padded, the padding counted',
    average([1, 2, 5, 6], { kernel_shape: [3, 2], pads: [1, 0, 2, 1], count_include_pad: 1 }),
  ],
  ['ceil_mode', average([1, 1, 6, 8], { kernel_shape: [3, 3], strides: [2, 3], ceil_mode: 1 })],
  [
    'ceil_mode, the padding counted',
    average(
      [1, 1, 6, 7],
      { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1, count_include_pad: 1 },
      19,
    ),
  ],
  ['SAME_LOWER', average([1, 1, 6, 7], { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_LOWER' })],
  ['one axis', average([2, 2, 7], { kernel_shape: [3], strides: [2], pads: [1, 1] })],
  ['dilated', average([1, 1, 7, 7], { kernel_shape: [2, 3], dilations: [2, 2] }, 19)],
]);

variants('GlobalAveragePool', ROUNDED, [
  ['images', { feeds: { x: floats32([2, 3, 3, 4]) }, build: one('GlobalAveragePool') }],
]);
variants('GlobalMaxPool', ROUNDED, [
  ['images', { feeds: { x: distinct([2, 3, 3, 4]) }, build: one('GlobalMaxPool') }],
]);

const convTranspose = (
  shapes: { x: number[]; w: number[] },
  attributes: Parameters<GraphBuilder['op']>[2],
): Case => ({
  feeds: {
    x: floats32(shapes.x),
    w: floats32(shapes.w, 2),
    b: floats32([shapes.w[1] * Number(attributes?.group ?? 1)], 3),
  },
  build: one('ConvTranspose', attributes),
});

variants('ConvTranspose', ROUNDED, [
  ['plain', convTranspose({ x: [2, 3, 3, 4], w: [3, 2, 3, 2] }, {})],
  [
    'stride 2 with output padding',
    convTranspose(
      { x: [1, 2, 3, 4], w: [2, 3, 3, 3] },
      { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 0] },
    ),
  ],
  [
    'groups, dilated',
    convTranspose({ x: [2, 4, 3, 3], w: [4, 1, 2, 3] }, { group: 2, dilations: [2, 1], strides: [1, 3] }),
  ],
  ['one axis', convTranspose({ x: [2, 3, 4], w: [3, 2, 3] }, { strides: [2], pads: [1, 0] })],
]);

const convolution = (
  shapes: { x: number[]; w: number[] },
  attributes: Parameters<GraphBuilder['op']>[2],
): Case => ({
  feeds: { x: floats32(shapes.x), w: floats32(shapes.w, 2), b: floats32([shapes.w[0]], 3) },
  build: one('Conv', attributes),
});

variants('Conv', ROUNDED, [
  [
    'SAME_UPPER, stride 2',
    convolution({ x: [2, 2, 5, 6], w: [3, 2, 3, 3] }, { auto_pad: 'SAME_UPPER', strides: [2, 2] }),
  ],
  ['SAME_LOWER, even kernel', convolution({ x: [1, 2, 5, 5], w: [3, 2, 2, 4] }, { auto_pad: 'SAME_LOWER' })],
  ['VALID', convolution({ x: [1, 2, 5, 5], w: [3, 2, 2, 2] }, { auto_pad: 'VALID' })],
  ['one axis', convolution({ x: [2, 3, 8], w: [4, 3, 3] }, { strides: [2], pads: [1, 2] })],
  ['one axis, depthwise', convolution({ x: [2, 3, 8], w: [3, 1, 3] }, { group: 3, pads: [1, 1] })],
]);

const batchNorm = (shape: number[], attributes: Parameters<GraphBuilder['op']>[2]): Case => ({
  feeds: {
    x: floats64(shape),
    scale: floats64([shape[1]], 2),
    bias: floats64([shape[1]], 3),
    mean: floats64([shape[1]], 4),
    variance: positive(floats64([shape[1]], 5)),
  },
  build: one('BatchNormalization', attributes),
});

variants('BatchNormalization', EXACT, [
  ['images', batchNorm([2, 3, 4, 3], {})],
  ['vectors', batchNorm([4, 3], { epsilon: 0.1 })],
  ['its statistics alone', { ...batchNorm([2, 3, 2], {}), wrt: ['variance'] }],
]);

const gemm = (
  a: number[],
  b: number[],
  c: number[] | null,
  attributes: Parameters<GraphBuilder['op']>[2],
  opset?: number,
): Case => ({
  feeds: { a: floats64(a), b: floats64(b, 2), ...(c ? { c: floats64(c, 3) } : {}) },
  build: one('Gemm', attributes),
  opset,
});

variants('Gemm', EXACT, [
  ['plain', gemm([3, 4], [4, 5], [5], {})],
  ['without C', gemm([3, 4], [4, 5], null, {})],
  ['transB', gemm([3, 4], [5, 4], [3, 1], { transB: 1 })],
  ['transA', gemm([4, 3], [4, 5], [1, 5], { transA: 1 })],
  ['both, α and β', gemm([4, 3], [5, 4], [], { transA: 1, transB: 1, alpha: 0.5, beta: float(2) })],
  ['before operator set 11', gemm([3, 4], [4, 5], [3, 5], { alpha: float(3) }, 9)],
]);

const layerNorm = (shape: number[], axis: number, bias = true): Case => ({
  feeds: {
    x: floats64(shape),
    scale: floats64(shape.slice(axis), 2),
    ...(bias ? { bias: floats64(shape.slice(axis), 3) } : {}),
  },
  build: one('LayerNormalization', { axis }),
});

variants('LayerNormalization', EXACT, [
  ['last axis', layerNorm([2, 3, 5], -1)],
  ['two axes', layerNorm([2, 3, 5], 1)],
  ['no bias', layerNorm([3, 4], -1, false)],
]);

const scaled = (x: number[], channels: number): Case['feeds'] => ({
  x: floats32(x),
  scale: floats32([channels], 2),
  bias: floats32([channels], 3),
});

variants('InstanceNormalization', ROUNDED, [
  ['images', { feeds: scaled([2, 3, 4, 3], 3), build: one('InstanceNormalization', { epsilon: 0.01 }) }],
]);

variants('GroupNormalization', ROUNDED, [
  [
    'a scale per channel',
    { feeds: scaled([2, 4, 3, 2], 4), build: one('GroupNormalization', { num_groups: 2 }), opset: 21 },
  ],
  [
    'a scale per group',
    { feeds: scaled([2, 4, 3, 2], 2), build: one('GroupNormalization', { num_groups: 2 }), opset: 18 },
  ],
]);

const padded = (pads: number[], mode: string, value?: boolean): Case => ({
  feeds: { x: floats64([2, 3, 4, 5]), ...(value ? { value: floats64([]) } : {}) },
  build: (g, inputs) => g.op('Pad', [inputs.x, g.int64(pads), ...(value ? [inputs.value] : [])], { mode }),
});

variants('Pad', EXACT, [
  ['constant', padded([0, 0, 1, 2, 0, 1, 0, 3], 'constant')],
  ['constant, its value too', padded([0, 0, 1, 2, 0, 1, 0, 3], 'constant', true)],
  ['constant, cutting', padded([0, -1, 1, -2, 0, 1, -1, 3], 'constant', true)],
  ['reflect', padded([0, 0, 2, 1, 0, 0, 1, 3], 'reflect')],
  ['edge', padded([0, 1, 2, 0, 1, 0, 1, 3], 'edge')],
  ['nothing', padded([0, 0, 0, 0, 0, 0, 0, 0], 'edge')],
  [
    'some axes',
    {
      feeds: { x: floats64([3, 4]) },
      build: (g, { x }) => g.op('Pad', [x, g.int64([1, 2]), null, g.int64([-1])], { mode: 'reflect' }),
      opset: 18,
    },
  ],
  [
    'before operator set 11',
    {
      feeds: { x: floats32([1, 2, 3, 4]) },
      build: one('Pad', { mode: 'edge', pads: [0, 0, 1, 0, 0, 0, 0, 2] }),
      opset: 10,
      step: 0.5,
    },
  ],
]);

const resize = (
  attributes: Record<string, string | number>,
  to: { scales?: number[]; sizes?: number[] },
  opset = 17,
): Case => ({
  feeds: { x: floats32([2, 2, 5, 4]) },
  build: (g, { x }) =>
    g.op(
      'Resize',
      opset < 11
        ? [x, g.float32(to.scales!)]
        : to.scales
          ? [x, null, g.float32(to.scales)]
          : [x, null, null, g.int64(to.sizes!)],
      attributes,
    ),
  opset,
});

const modes = ['half_pixel', 'asymmetric', 'align_corners', 'pytorch_half_pixel'];
variants('Resize', ROUNDED, [
  ...modes.flatMap((mode): Variant[] => [
    [
      `linear, ${mode}, larger`,
      resize({ mode: 'linear', coordinate_transformation_mode: mode }, { sizes: [2, 2, 9, 7] }),
    ],
    [
      `linear, ${mode}, smaller`,
      resize({ mode: 'linear', coordinate_transformation_mode: mode }, { scales: [1, 1, 0.5, 0.7] }),
    ],
    [
      `nearest, ${mode}`,
      resize({ mode: 'nearest', coordinate_transformation_mode: mode }, { scales: [1, 1, 2, 1.6] }),
    ],
  ]),
  ...['floor', 'ceil', 'round_prefer_ceil'].map(
    (nearest_mode): Variant => [
      `nearest, ${nearest_mode}`,
      resize({ mode: 'nearest', nearest_mode }, { sizes: [2, 2, 7, 3] }),
    ],
  ),
  ['cubic', resize({ mode: 'cubic', cubic_coeff_a: -0.5 }, { sizes: [2, 2, 8, 6] })],
  ['antialias', resize({ mode: 'linear', antialias: 1 }, { sizes: [2, 2, 3, 2] }, 18)],
  ['in operator set 10', resize({ mode: 'nearest' }, { scales: [1, 1, 2, 2] }, 10)],
  [
    'some axes',
    {
      feeds: { x: floats32([1, 1, 3, 4]) },
      build: (g, { x }) => g.op('Resize', [x, null, g.float32([1.5, 2])], { mode: 'linear', axes: [2, 3] }),
      opset: 18,
    },
  ],
]);

const shaped = (type: string, axis: number | undefined, opset?: number): Case => ({
  feeds: { x: floats64([2, 3, 4]) },
  build: one(type, { axis }),
  opset,
});

for (const type of ['Softmax', 'LogSoftmax']) {
  variants(type, EXACT, [
    ['last axis', shaped(type, undefined)],
    ['another axis', shaped(type, 1)],
    ['before operator set 13: all axes from the second on', shaped(type, undefined, 11)],
    ['before operator set 13: the last', shaped(type, -1, 11)],
  ]);
}

variants('LpNormalization', EXACT, [
  ['p = 2', { feeds: { x: floats64([3, 5]) }, build: one('LpNormalization') }],
  ['p = 1', { feeds: { x: floats64([2, 3, 4]) }, build: one('LpNormalization', { axis: 1, p: 1 }) }],
]);

test('a zero vector normalised has the gradient 0', async () => {
  const x: Fed = { shape: [1, 3], data: new Float32Array(3) };
  const { analytic } = await gradientsOf({ feeds: { x }, build: one('LpNormalization'), numeric: false });
  expect([...analytic.x].map(Math.abs)).toEqual([0, 0, 0]);
});

variants('Dropout', EXACT, [
  ['as exported', { feeds: { x: floats64([3, 5]) }, build: one('Dropout') }],
  [
    'told not to train',
    {
      feeds: { x: floats64([3, 5]) },
      build: (g, { x }) =>
        g.op('Dropout', [
          x,
          g.constant(Float32Array.of(0.5), []),
          g.constant(Uint8Array.of(0), [], { type: 'bool' }),
        ]),
    },
  ],
]);

test('dropout that trains is refused', async () => {
  const build: Case['build'] = (g, { x }) =>
    g.op('Dropout', [
      x,
      g.constant(Float32Array.of(0.5), []),
      g.constant(Uint8Array.of(1), [], { type: 'bool' }),
    ]);
  await expect(gradientsOf({ feeds: { x: floats32([2]) }, build })).rejects.toThrow(/training mode/);
});

const microsoft = { domains: { 'com.microsoft': 1 } };
variants('Gelu', ROUNDED, [
  ['exact', { feeds: { x: floats32([4, 5]) }, build: one('Gelu'), opset: 20 }],
  ['tanh', { feeds: { x: floats32([4, 5]) }, build: one('Gelu', { approximate: 'tanh' }), opset: 20 }],
  [
    'com.microsoft',
    { feeds: { x: floats32([4, 5]) }, build: one('Gelu', {}, 'com.microsoft'), ...microsoft },
  ],
  ['FastGelu', { feeds: { x: floats32([4, 5]) }, build: one('FastGelu', {}, 'com.microsoft'), ...microsoft }],
  [
    'FastGelu with a bias',
    {
      feeds: { x: floats32([4, 5]), bias: floats32([5], 2) },
      build: one('FastGelu', {}, 'com.microsoft'),
      ...microsoft,
    },
  ],
  [
    'QuickGelu',
    { feeds: { x: floats32([4, 5]) }, build: one('QuickGelu', {}, 'com.microsoft'), ...microsoft },
  ],
]);
