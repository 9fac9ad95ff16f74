import { type GraphBuilder, ints, type Value } from '../../onnx/index.ts';
import { pad, permute, reshape, slice } from '../shaping.ts';
import type { Expansion } from './composite.ts';
import { type ConvGeometry, convGeometry, reachOf } from './conv-geometry.ts';

/**
 * ConvInputGradient(dy [N, M, oh, ow], w [M, C/group, kh, kw]) → dx [N, C, H, W]:
 * dx[n, c, i] = Σ_{m, t: i = o·stride + t·dilation − pad} w[m, c, t] · dy[n, m, o].
 *
 * With stride 1 that is a convolution of dy with the kernel turned by 180° and its two channel axes exchanged, which ONNX
 * Runtime does faster than ConvTranspose; with a larger stride ConvTranspose spares the zeros between the pixels of dy, and
 * towards few channels, as in a network's first layer, it spreads products instead of gathering all channels of dy.
 */
export const expandConvInputGradient: Expansion = (g, composite) => {
  const [dy, w] = composite.inputs;
  const geometry = convGeometry(composite);
  const strided = geometry.strides.some((stride) => stride !== 1);
  const { w: kernel, group } = geometry;
  const toFew = group === 1 && kernel[2] * kernel[3] > 1 && 4 * kernel[1] <= kernel[0];
  return strided || toFew ? byTransposition(g, dy, w, geometry) : byTurning(g, dy, w, geometry);
};

function byTurning(g: GraphBuilder, dy: Value, w: Value, geometry: ConvGeometry): Value {
  const { x, w: kernel, y, dilations, pads, group } = geometry;
  const reach = [0, 1].map((i) => dilations[i] * (kernel[i + 2] - 1));
  const begin = [0, 1].map((i) => reach[i] - pads[i]);
  const end = [0, 1].map((i) => x[i + 2] + reach[i] - begin[i] - y[i + 2]);
  const around = [...begin, ...end];
  const cut = around.some((size) => size < 0);
  const image = cut ? pad(g, dy, [0, 0, ...begin, 0, 0, ...end]) : dy;
  return g.op('Conv', [image, turned(g, w, kernel, group)], {
    pads: cut ? [0, 0, 0, 0] : around,
    dilations: [...dilations],
    group,
  });
}

function byTransposition(g: GraphBuilder, dy: Value, w: Value, geometry: ConvGeometry): Value {
  const { x, strides, dilations, pads, group } = geometry;
  // how far x ends behind what windows cover of it
  const covered = reachOf(geometry);
  const rest = [0, 1].map((i) => x[i + 2] + pads[i] - covered[i]);
  return g.op('ConvTranspose', [dy, w], {
    strides: [...strides],
    dilations: [...dilations],
    group,
    pads: ints([pads[0], pads[1], ...rest.map((size) => Math.max(0, -size))]),
    output_padding: ints(rest.map((size) => Math.max(0, size))),
  });
}

/** The kernel of the transposed convolution: [M, C/group, kh, kw] → [C, M/group, kh, kw], turned by 180°. */
function turned(g: GraphBuilder, w: Value, shape: readonly number[], group: number): Value {
  const [m, c, kh, kw] = shape;
  const taps = kh * kw;
  if (taps === 1 && group === 1) return reshape(g, permute(g, reshape(g, w, [m, c]), [1, 0]), [c, m, 1, 1]);
  const exchanged = permute(g, reshape(g, w, [group, m / group, c, taps]), [0, 2, 1, 3]);
  const backwards = { axes: [3], starts: [-1], ends: [-taps - 1], steps: [-1] };
  const flipped = taps === 1 ? exchanged : flip(g, exchanged, taps, backwards);
  return reshape(g, flipped, [group * c, m / group, kh, kw]);
}

/** Slice goes backwards since operator set 10. */
function flip(g: GraphBuilder, value: Value, taps: number, backwards: Parameters<typeof slice>[2]): Value {
  if (g.opset >= 10) return slice(g, value, backwards);
  const order = Array.from({ length: taps }, (_, i) => taps - 1 - i);
  return g.op('Gather', [value, g.int64(order)], { axis: 3 });
}
