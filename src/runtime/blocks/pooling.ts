/** Max pooling and its gradient in blocks. */
import { float, intOf, type NodeProto, sizeOf, type Value } from '../../onnx/index.ts';
import type { CompositeNode } from '../../autodiff/composites/composite.ts';
import { pad, reshape } from '../../autodiff/shaping.ts';
import { copyAttributes } from './attributes.ts';
import { interleave } from './conv-input-gradient.ts';
import type { Layouts } from './layouts.ts';
import { type Move, moved } from './moving.ts';

/** Lowers MaxPool and AveragePool of a blocked value; false for sizes that round up, and for indices. */
export function lowerPool(layouts: Layouts, node: NodeProto): boolean {
  const [x, y] = [node.input[0], node.output[0]];
  const shape = layouts.info(y)?.shape;
  if (!shape || !layouts.fits(shape) || !layouts.isBlocked(x) || node.output.length > 1) return false;
  if (intOf(node, 'ceil_mode', 0) !== 0 || intOf(node, 'storage_order', 0) !== 0) return false;
  const { ceil_mode: _, storage_order: __, ...attributes } = copyAttributes(node);
  layouts.give(y, layouts.op(node.opType, [layouts.blocked(x)], attributes));
  return true;
}

/**
 * Lowers MaxPoolGradient(dy, x, y): every dy goes to the first maximum of its window in scan order.
 *
 * x is split into phases by the stride, so that a tap of all windows is a piece of one phase. Tap by tap, what equals the
 * maximum takes the dy that no earlier tap took; the last tap takes the rest. Their gradients add up per phase, and the
 * phases are put together again.
 */
export function lowerMaxPoolGradient(layouts: Layouts, node: NodeProto, composite: CompositeNode): boolean {
  const { g, block } = layouts;
  const [kernel, strides, dilations, pads, x, y] = [
    'kernel_shape',
    'strides',
    'dilations',
    'pads',
    'x_shape',
    'y_shape',
  ].map((name) => composite.ints(name));
  if (!layouts.fits(x) || !layouts.isBlocked(node.input[1])) return false;
  const [n, c] = x;
  const planes = (n * c) / block;
  const windows = y.slice(2);
  const size = [0, 1].map((i) => Math.ceil(x[i + 2] / strides[i]));
  const end = [0, 1].map((i) => size[i] * strides[i] - x[i + 2]);
  const lowest = g.constant(Float32Array.of(-Infinity), []);
  const open = layouts.open(layouts.blocked(node.input[1]), x);
  const whole = pad(g, open, [0, 0, 0, 0, 0, 0, 0, end[0], end[1], 0], lowest);
  const phases = split(layouts, whole, planes, size, strides);

  const flat = (name: string): Value => reshape(g, layouts.blocked(name), [planes, ...windows, block]);
  const maximum = flat(node.input[2]);
  let rest = flat(node.input[0]);
  const parts: Part[][][] = phases.map((row) => row.map(() => []));
  for (let i = 0; i < kernel[0]; i++) {
    for (let j = 0; j < kernel[1]; j++) {
      // window o sees x at o·stride + offset: in the phase offset mod stride, `shift` further than o
      const offset = [i * dilations[0] - pads[0], j * dilations[1] - pads[1]];
      const shift = [0, 1].map((k) => Math.floor(offset[k] / strides[k]));
      const [row, column] = [0, 1].map((k) => offset[k] - shift[k] * strides[k]);
      // how far the phase goes beyond the windows at each end, negative where it ends before
      const before = shift;
      const after = [0, 1].map((k) => size[k] - windows[k] - shift[k]);
      const isLast = i === kernel[0] - 1 && j === kernel[1] - 1;
      let gradient = rest;
      if (!isLast) {
        const cut = [0, -before[0], -before[1], 0, 0, -after[0], -after[1], 0];
        const tap = pad(g, phases[row][column], cut, lowest);
        gradient = g.op('Mul', [rest, isMaximum(layouts, tap, maximum)]);
        rest = g.op('Sub', [rest, gradient]);
      }
      parts[row][column].push({ gradient, before, after });
    }
  }
  const shape = [n, c, ...size];
  const grid = parts.map((row) => row.map((list) => total(layouts, list, y, shape)));
  layouts.give(node.output[0], interleave(layouts, grid, shape, x));
  return true;
}

/** What a tap adds to its phase: a value for each window, and how far the phase goes beyond the windows at each end. */
interface Part extends Move {
  gradient: Value;
}

/** The sum of the parts of a phase. @param windows shape of dy @param phase shape of the phase */
function total(
  layouts: Layouts,
  parts: readonly Part[],
  windows: readonly number[],
  phase: readonly number[],
): Value {
  if (parts.length === 0) return layouts.g.constant(new Float32Array(sizeOf(phase)), phase);
  // those that stay where they are first: the others are added to them while they move
  const moves = ({ before, after }: Part): boolean => [...before, ...after].some((by) => by !== 0);
  const [first, ...others] = [...parts].sort((a, b) => Number(moves(a)) - Number(moves(b)));
  const place = (part: Part, sum?: Value): Value =>
    moved(layouts, layouts.close(part.gradient, windows), windows, part, sum);
  return others.reduce((sum, part) => place(part, sum), place(first));
}

/** [planes, rows·s, columns·s, b] → the phases [planes, rows, columns, b] by their offsets. */
function split(
  layouts: Layouts,
  value: Value,
  planes: number,
  size: readonly number[],
  strides: readonly number[],
): Value[][] {
  const { g, block } = layouts;
  const [h, w] = size;
  const parts = (from: Value, shape: number[], count: number): Value[] =>
    count === 1 ? [from] : g.ops('Split', [reshape(g, from, shape)], { axis: 1 }, { outputs: count });
  return parts(value, [planes * h, strides[0], w * strides[1] * block], strides[0]).map((rows) =>
    parts(rows, [planes * h * w, strides[1], block], strides[1]).map((phase) =>
      reshape(g, phase, [planes, h, w, block]),
    ),
  );
}

/** 1 where a ≤ b equals b, else 0. */
function isMaximum({ g }: Layouts, a: Value, b: Value): Value {
  return g.op('HardSigmoid', [g.op('Sub', [a, b])], { alpha: float(2 ** 100), beta: float(1) });
}
