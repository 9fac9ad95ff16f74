import { float, type GraphBuilder, type Value } from '../../onnx/index.ts';
import { pad, reshape, slice } from '../shaping.ts';
import type { Expansion } from './composite.ts';

/**
 * MaxPoolGradient(dy [N, C, oh, ow], x [N, C, H, W], y [N, C, oh, ow]) → dx [N, C, H, W], float32: every dy goes to the
 * first maximum of its window in scan order.
 *
 * For each tap of the window in that order: the mask of the windows whose maximum stands there and at no earlier tap.
 */
export const expandMaxPoolGradient: Expansion = (g, composite) => {
  const [dy, x, y] = composite.inputs;
  const kernel = composite.ints('kernel_shape');
  const strides = composite.ints('strides');
  const dilations = composite.ints('dilations');
  const pads = composite.ints('pads');
  const [n, c, height, width] = composite.ints('x_shape');
  const [, , oh, ow] = composite.ints('y_shape');

  const lowest = g.constant(Float32Array.of(-Infinity), []);
  const padded = pad(g, x, [0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]], lowest);
  const total: Value[] = [];
  const size = [height + pads[0] + pads[2], width + pads[1] + pads[3]];
  const one = g.float32(1);
  let left: Value | undefined;
  for (let i = 0; i < kernel[0]; i++) {
    for (let j = 0; j < kernel[1]; j++) {
      const at = [i * dilations[0], j * dilations[1]];
      const tap = slice(g, padded, {
        axes: [2, 3],
        starts: at,
        ends: [at[0] + (oh - 1) * strides[0] + 1, at[1] + (ow - 1) * strides[1] + 1],
        steps: strides,
      });
      const is = equals(g, tap, y);
      const first: Value = left ? g.op('Mul', [is, left]) : is;
      left = left ? g.op('Sub', [left, first]) : g.op('Sub', [one, is]);
      const gradient = g.op('Mul', [dy, first]);
      // spread out by the stride, then move to the tap
      const apart = pad(g, reshape(g, gradient, [n * c, oh, 1, ow, 1]), [
        ...[0, 0, 0, 0, 0],
        ...[0, 0, strides[0] - 1, 0, strides[1] - 1],
      ]);
      const spread = reshape(g, apart, [n, c, oh * strides[0], ow * strides[1]]);
      const rest = [0, 1].map((axis) => size[axis] - at[axis] - [oh, ow][axis] * strides[axis]);
      total.push(pad(g, spread, [0, 0, ...at, 0, 0, ...rest]));
    }
  }
  const sum = total.length === 1 ? total[0] : g.op('Sum', total);
  return pad(g, sum, [0, 0, -pads[0], -pads[1], 0, 0, -pads[2], -pads[3]]);
};

/** 1 where a ≤ b equals b, else 0. */
function equals(g: GraphBuilder, a: Value, b: Value): Value {
  return g.op('HardSigmoid', [g.op('Sub', [a, b])], { alpha: float(1e30), beta: float(1) });
}
