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
  // rows and columns of a phase: as far as a window or x reaches, the padding before it included
  const rows = Math.max(
    oh + Math.floor((dilations[0] * (kernel[0] - 1)) / strides[0]),
    Math.ceil((height + pads[0]) / strides[0]),
  );
  const columns = Math.max(
    ow + Math.floor((dilations[1] * (kernel[1] - 1)) / strides[1]),
    Math.ceil((width + pads[1]) / strides[1]),
  );
  const bottom = rows * strides[0] - height - pads[0];
  const right = columns * strides[1] - width - pads[1];

  const lowest = g.constant(Float32Array.of(-Infinity), []);
  const padded = pad(g, x, [0, 0, pads[0], pads[1], 0, 0, bottom, right], lowest);
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
      const [down, across] = [Math.floor(at[0] / strides[0]), Math.floor(at[1] / strides[1])];
      const phase = (at[0] % strides[0]) * strides[1] + (at[1] % strides[1]);
      phases[phase].push(
        pad(g, gradient, [0, 0, down, across, 0, 0, rows - oh - down, columns - ow - across]),
      );
    }
  }
  const planes = phases.map((parts): Value => {
    if (parts.length === 0)
      return g.constant(new Float32Array(n * c * rows * columns), [n, c, rows, columns]);
    return parts.length === 1 ? parts[0] : g.op('Sum', parts);
  });
  const whole = interleave(g, planes, [n, c, rows, columns], strides);
  return pad(g, whole, [0, 0, -pads[0], -pads[1], 0, 0, -bottom, -right]);
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
