import type { GraphBuilder, Value } from '../../onnx/index.ts';
import { pad, permute, reshape, slice } from '../shaping.ts';
import type { Expansion } from './composite.ts';
import { type ConvGeometry, convGeometry } from './conv-geometry.ts';

/**
 * ConvWeightGradient(x [N, C, H, W], dy [N, M, oh, ow]) → dw [M, C/group, kh, kw]:
 * dw[m, c, t] = Σ_{n, o} dy[n, m, o] · x[n, c, o·stride + t·dilation − pad].
 */
export const expandConvWeightGradient: Expansion = (g, composite) => {
  const [x, dy] = composite.inputs;
  return byExchange(g, x, dy, convGeometry(composite));
};

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
