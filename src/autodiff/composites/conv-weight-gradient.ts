import type { GraphBuilder, Value } from '../../onnx/index.ts';
import { pad, permute, reshape, slice } from '../shaping.ts';
import { reduce } from '../site.ts';
import type { Expansion } from './composite.ts';
import { type ConvGeometry, convGeometry, isDepthwise, isPointwise, reachOf } from './conv-geometry.ts';
import { depthwiseWeightGradient } from './depthwise-weight-gradient.ts';

/**
 * ConvWeightGradient(x [N, C, H, W], dy [N, M, oh, ow]) → dw [M, C/group, kh, kw]:
 * dw[m, c, t] = Σ_{n, o} dy[n, m, o] · x[n, c, o·stride + t·dilation − pad].
 */
export const expandConvWeightGradient: Expansion = (g, composite) => {
  const [x, dy] = composite.inputs;
  const geometry = convGeometry(composite);
  if (isPointwise(geometry)) return byProduct(g, x, dy, geometry);
  if (isDepthwise(geometry)) return depthwiseWeightGradient(g, x, dy, geometry);
  const dilated = geometry.dilations.some((dilation) => dilation !== 1);
  return dilated ? byExchange(g, x, dy, geometry) : byChannelsLast(g, x, dy, geometry);
};

/** A 1×1 kernel: dw = Σ dy xᵀ, a product per image and their sum, or one product over all pixels where the sum would be longer. */
function byProduct(g: GraphBuilder, x: Value, dy: Value, geometry: ConvGeometry): Value {
  const { x: shape, w, y, strides } = geometry;
  const [n, m, h, width] = y;
  const c = shape[1];
  const pixels = h * width;
  const strided = strides.some((stride) => stride !== 1);
  const image = strided
    ? slice(g, x, { axes: [2, 3], starts: [0, 0], ends: shape.slice(2), steps: strides })
    : x;
  if (pixels * (m + c) > m * c) {
    const columns = permute(g, reshape(g, image, [n, c, pixels]), [0, 2, 1]);
    const products = g.op('MatMul', [reshape(g, dy, [n, m, pixels]), columns]);
    return reshape(g, n === 1 ? products : reduce(g, 'ReduceSum', products, [0], false), w);
  }
  const flat = (value: Value, channels: number): Value =>
    reshape(g, permute(g, reshape(g, value, [n, channels, pixels]), [1, 0, 2]), [channels, n * pixels]);
  // the third input of Gemm became optional at 11
  const zero = g.opset < 11 ? [g.float32(0)] : [];
  return reshape(g, g.op('Gemm', [flat(dy, m), flat(image, c), ...zero], { transB: 1 }), w);
}

/**
 * A convolution of x with dy as its kernel: what it sums over, as a convolution does over its channels, is the batch. The
 * channels of x lie side by side within its columns, so that its kernel steps over them: a position of the result is a tap and a
 * channel. ONNX Runtime gathers the operand of its matrix product in runs of a kernel's width times the channels.
 */
function byChannelsLast(g: GraphBuilder, x: Value, dy: Value, geometry: ConvGeometry): Value {
  const { x: image, w, strides, pads, group } = geometry;
  const [n, , height, width] = image;
  const [m, perGroup, kh, kw] = w;
  const [down, across] = reachOf(geometry);
  const end = [down - height - pads[0], across - width - pads[1]];
  // [N, group · C/group, H, W] → [group, N, H, W, C/group]
  const grouped = reshape(g, x, [n, group, perGroup, height, width]);
  const last = group === 1 ? permute(g, x, [0, 2, 3, 1]) : permute(g, grouped, [1, 0, 3, 4, 2]);
  const images = reshape(g, last, [group * n, height, width, perGroup]);
  const padded = pad(g, images, [0, pads[0], pads[1], 0, 0, ...end, 0]);
  const taps = g.op(
    'Conv',
    [reshape(g, padded, [1, group * n, down, across * perGroup]), permute(g, dy, [1, 0, 2, 3])],
    { dilations: [strides[0], strides[1] * perGroup], group },
  );
  return permute(g, reshape(g, taps, [m, kh, kw, perGroup]), [0, 3, 1, 2]);
}

/**
 * A convolution of x with dy as its kernel, batch and channel axes exchanged in both, stride and dilation too: the batch
 * is what it sums over. Groups stay groups.
 */
function byExchange(g: GraphBuilder, x: Value, dy: Value, geometry: ConvGeometry): Value {
  const { x: image, w: kernel, y, strides, dilations, pads, group } = geometry;
  const [n, , h, w] = image;
  const [, perGroup, kh, kw] = kernel;
  const padded = pad(g, x, [0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]]);
  const height = h + pads[0] + pads[2];
  const width = w + pads[1] + pads[3];
  // [N, group · C/group, …] → [C/group, group · N, …]: for every channel of a group an image whose channels are the batch
  const exchanged = permute(g, reshape(g, padded, [n, group, perGroup, height * width]), [2, 1, 0, 3]);
  const images = reshape(g, exchanged, [perGroup, group * n, height, width]);
  const kernels = permute(g, dy, [1, 0, 2, 3]);
  const full = g.op('Conv', [images, kernels], { strides: [...dilations], dilations: [...strides], group });
  // where the stride leaves a rest of the image unused, there are more positions than taps
  const positions = [height, width].map((size, i) => {
    const reach = strides[i] * (y[i + 2] - 1) + 1;
    return Math.floor((size - reach) / dilations[i]) + 1;
  });
  const cut =
    positions[0] === kh && positions[1] === kw
      ? full
      : slice(g, full, { axes: [2, 3], starts: [0, 0], ends: [kh, kw] });
  return permute(g, cut, [1, 0, 2, 3]);
}
