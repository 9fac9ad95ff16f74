import { float, type GraphBuilder, type Value } from '../../onnx/index.ts';
import { pad, permute, reshape, slice } from '../shaping.ts';
import type { Expansion } from './composite.ts';

/**
 * MaxPoolGradient(dy [N, C, oh, ow], x [N, C, H, W], y [N, C, oh, ow]) → dx [N, C, H, W], float32: every dy goes to the
 * first maximum of its window in scan order.
 *
 * Tap by tap of the window in that order, what equals the maximum takes the dy that no earlier tap took; the last tap takes
 * the rest. The gradients of the taps at the same offset by the stride add up to one phase of dx; the phases are put together at the end.
 */
export const expandMaxPoolGradient: Expansion = (g, composite) => {
  const [dy, x, y] = composite.inputs;
  const kernel = composite.ints('kernel_shape');
  const strides = composite.ints('strides');
  const dilations = composite.ints('dilations');
  const pads = composite.ints('pads');
  const [n, c, height, width] = composite.ints('x_shape');
  const [, , oh, ow] = composite.ints('y_shape');
  const windows = [oh, ow];
  const size = [Math.ceil(height / strides[0]), Math.ceil(width / strides[1])];
  // so that a tap of all windows can be cut out
  const around = [0, 1].map((i) => {
    const reach = (windows[i] - 1) * strides[i] + dilations[i] * (kernel[i] - 1) + 1;
    return [pads[i], Math.max(0, reach - pads[i] - [height, width][i])];
  });
  const lowest = g.constant(Float32Array.of(-Infinity), []);
  const padded = pad(g, x, [0, 0, around[0][0], around[1][0], 0, 0, around[0][1], around[1][1]], lowest);
  const phases: Value[][] = Array.from({ length: strides[0] * strides[1] }, () => []);
  let rest = dy;
  for (let i = 0; i < kernel[0]; i++) {
    for (let j = 0; j < kernel[1]; j++) {
      const at = [i * dilations[0], j * dilations[1]];
      const isLast = i === kernel[0] - 1 && j === kernel[1] - 1;
      let gradient = rest;
      if (!isLast) {
        const tap = slice(g, padded, {
          axes: [2, 3],
          starts: at,
          ends: [at[0] + (oh - 1) * strides[0] + 1, at[1] + (ow - 1) * strides[1] + 1],
          steps: strides,
        });
        gradient = g.op('Mul', [rest, equals(g, tap, y)]);
        rest = g.op('Sub', [rest, gradient]);
      }
      // window o meets x at o·stride + offset: in the phase offset mod stride, `shift` further than o
      const offset = [at[0] - pads[0], at[1] - pads[1]];
      const shift = [0, 1].map((k) => Math.floor(offset[k] / strides[k]));
      const [row, column] = [0, 1].map((k) => offset[k] - shift[k] * strides[k]);
      const after = [0, 1].map((k) => size[k] - windows[k] - shift[k]);
      phases[row * strides[1] + column].push(pad(g, gradient, [0, 0, ...shift, 0, 0, ...after]));
    }
  }
  const planes = phases.map((parts): Value => {
    if (parts.length === 0) return g.constant(new Float32Array(n * c * size[0] * size[1]), [n, c, ...size]);
    return parts.length === 1 ? parts[0] : g.op('Sum', parts);
  });
  const whole = interleave(g, planes, [n, c, ...size], strides);
  return pad(g, whole, [0, 0, 0, 0, 0, 0, height - size[0] * strides[0], width - size[1] * strides[1]]);
};

/** Phases [N, C, h, w] → [N, C, h·s, w·s]. */
function interleave(
  g: GraphBuilder,
  phases: readonly Value[],
  [n, c, h, w]: readonly number[],
  [sh, sw]: readonly number[],
): Value {
  if (phases.length === 1) return phases[0];
  const all = g.op('Concat', [...phases], { axis: 1 });
  if (sh === sw) return g.op('DepthToSpace', [all], { blocksize: sh });
  const pixels = permute(g, reshape(g, all, [n, sh, sw, c, h, w]), [0, 3, 4, 1, 5, 2]);
  return reshape(g, pixels, [n, c, h * sh, w * sw]);
}

/** 1 where a ≤ b equals b, else 0. */
function equals(g: GraphBuilder, a: Value, b: Value): Value {
  return g.op('HardSigmoid', [g.op('Sub', [a, b])], { alpha: float(1e30), beta: float(1) });
}
