import type { GraphBuilder, Value } from '../../onnx/index.ts';
import { pad, permute, reshape } from '../shaping.ts';
import type { Expansion } from './composite.ts';
import { type ConvGeometry, convGeometry } from './conv-geometry.ts';

/**
 * ConvInputGradient(dy [N, M, oh, ow], w [M, C/group, kh, kw]) → dx [N, C, H, W]:
 * dx[n, c, i] = Σ_{m, t: i = o·stride + t·dilation − pad} w[m, c, t] · dy[n, m, o].
 *
 * That is a convolution of stride 1 of dy, spread out by the stride, with the kernel turned by 180° and its two channel axes
 * exchanged.
 */
export const expandConvInputGradient: Expansion = (g, composite) => {
  const [dy, w] = composite.inputs;
  return bySpreading(g, dy, w, convGeometry(composite));
};

function bySpreading(g: GraphBuilder, dy: Value, w: Value, geometry: ConvGeometry): Value {
  const { x, w: kernel, y, strides, dilations, pads, group } = geometry;
  const spread = spreadOut(g, dy, y, strides);
  const reach = [0, 1].map((i) => dilations[i] * (kernel[i + 2] - 1));
  const begin = [0, 1].map((i) => reach[i] - pads[i]);
  const end = [0, 1].map((i) => x[i + 2] + reach[i] - begin[i] - y[i + 2] * strides[i]);
  const around = [...begin, ...end];
  const cut = around.some((size) => size < 0);
  const image = cut ? pad(g, spread, [0, 0, ...begin, 0, 0, ...end]) : spread;
  return g.op('Conv', [image, turned(g, w, kernel, group)], {
    pads: cut ? [0, 0, 0, 0] : around,
    dilations: [...dilations],
    group,
  });
}

/** Zeros after every row and column, so that neighbours stand a stride apart: [N, M, h, w] → [N, M, h·s, w·s]. */
function spreadOut(
  g: GraphBuilder,
  value: Value,
  shape: readonly number[],
  strides: readonly number[],
): Value {
  if (strides.every((stride) => stride === 1)) return value;
  const [n, m, h, w] = shape;
  const apart = pad(g, reshape(g, value, [n * m, h, 1, w, 1]), [
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    strides[0] - 1,
    0,
    strides[1] - 1,
  ]);
  return reshape(g, apart, [n, m, h * strides[0], w * strides[1]]);
}

/** The kernel of the transposed convolution: [M, C/group, kh, kw] → [C, M/group, kh, kw], turned by 180°. */
function turned(g: GraphBuilder, w: Value, shape: readonly number[], group: number): Value {
  const [m, c, kh, kw] = shape;
  const taps = kh * kw;
  const grouped = permute(g, reshape(g, w, [group, m / group, c, taps]), [0, 2, 1, 3]);
  const backwards = Array.from({ length: taps }, (_, i) => taps - 1 - i);
  const flipped = taps === 1 ? grouped : g.op('Gather', [grouped, g.int64(backwards)], { axis: 3 });
  return reshape(g, flipped, [group * c, m / group, kh, kw]);
}
