/**
 * Weights in the orders that blocked convolutions take. All are [M, C/group, kh, kw] in name; memory differs.
 *
 * ReorderInput serves as a fast exchange of two inner axes one of which is a block: [n, b, s] → [n, s, b]; what leaves blocks whole
 * is an exchange of rows.
 */
import type { Value } from '../../onnx/index.ts';
import { reshape } from '../../autodiff/shaping.ts';
import type { Layouts } from './layouts.ts';
import { permuteRows } from './rows.ts';

/** For an input in blocks: [M/b, C/b, kh, kw, b of C, b of M]. */
export function denseFilter(layouts: Layouts, w: Value, [m, c, kh, kw]: readonly number[]): Value {
  const { g, block: b } = layouts;
  const taps = kh * kw;
  const outputs = blockLast(layouts, w, m / b, c * taps);
  if (taps === 1) return reshape(g, outputs, [m, c, kh, kw]);
  const exchanged = permuteRows(layouts, outputs, [(m * c) / (b * b), b, taps, b], [0, 2, 1]);
  return reshape(g, exchanged, [m, c, kh, kw]);
}

/** For a plain input of fewer channels than a block, and for depthwise convolutions (C/group = 1): [M/b, C, kh, kw, b of M]. */
export function outputFilter(layouts: Layouts, w: Value, [m, c, kh, kw]: readonly number[]): Value {
  const { g, block: b } = layouts;
  return reshape(g, blockLast(layouts, w, m / b, c * kh * kw), [m, c, kh, kw]);
}

/**
 * For the transposed convolution of a dense one, from dy in blocks to dx in blocks: outputs and inputs exchanged,
 * [C/b, M/b, taps, b of M, b of C], of the kernel's taps those in `picked`, in that order.
 */
export function transposedFilter(
  layouts: Layouts,
  w: Value,
  [m, c, kh, kw]: readonly number[],
  picked: readonly number[],
): Value {
  const { g, block: b } = layouts;
  const taps = kh * kw;
  const inputs = taps === 1 ? w : blockLast(layouts, w, (m * c) / b, taps);
  const shape = [m / b, b, c / b, taps, b];
  const exchanged = permuteRows(layouts, inputs, shape, [2, 0, 3, 1], { axis: 3, places: picked });
  return reshape(g, exchanged, [c / b, m / b, picked.length, b, b]);
}

/** For a depthwise convolution [C, 1, kh, kw]: of the kernel's taps those in `picked`, in that order, [C/b, taps, b]. */
export function depthwiseFilter(
  layouts: Layouts,
  w: Value,
  shape: readonly number[],
  picked: readonly number[],
): Value {
  const { g, block } = layouts;
  const taps = shape[2] * shape[3];
  const all = reshape(g, outputFilter(layouts, w, shape), [shape[0] / block, taps, block]);
  if (picked.length === taps && picked.every((tap, i) => tap === i)) return all;
  return g.op('Gather', [all, g.int64([...picked])], { axis: 1 });
}

/** From the order of a weight gradient, [C, M/b, kh·kw, b of M], back to plain weights. */
export function plainWeights(layouts: Layouts, dw: Value, shape: readonly number[]): Value {
  const { g, block: b } = layouts;
  const [m, c, kh, kw] = shape;
  const taps = kh * kw;
  const outputs = c === 1 ? dw : permuteRows(layouts, dw, [c, m / b, taps * b], [1, 0]);
  return reshape(g, layouts.reorderOutput(reshape(g, outputs, [m / b, b, 1, c * taps]), b), shape);
}

/** [n, b, s] → [n, s, b] */
function blockLast(layouts: Layouts, value: Value, n: number, s: number): Value {
  return layouts.reorderInput(reshape(layouts.g, value, [n, layouts.block, 1, s]));
}
