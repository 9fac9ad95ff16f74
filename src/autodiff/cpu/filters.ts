/** Weights in the orders that blocked convolutions take. All are [M, C/group, kh, kw] in name; memory differs. */
import type { Value } from '../../onnx/index.ts';
import { permute, reshape } from '../shaping.ts';
import type { Layouts } from './layouts.ts';

/** For an input in blocks: [M/b, C/b, kh, kw, b of C, b of M]. */
export function denseFilter(layouts: Layouts, w: Value, [m, c, kh, kw]: readonly number[]): Value {
  const { g, block: b } = layouts;
  const split = reshape(g, w, [m / b, b, c / b, b, kh * kw]);
  return reshape(g, permute(g, split, [0, 2, 4, 3, 1]), [m, c, kh, kw]);
}

/** For a plain input of fewer channels than a block, and for depthwise convolutions (C/group = 1): [M/b, C, kh, kw, b of M]. */
export function outputFilter(layouts: Layouts, w: Value, [m, c, kh, kw]: readonly number[]): Value {
  const { g, block: b } = layouts;
  const split = reshape(g, w, [m / b, b, c * kh * kw]);
  return reshape(g, permute(g, split, [0, 2, 1]), [m, c, kh, kw]);
}

/**
 * For the transposed convolution of a dense one, from dy in blocks to dx in blocks: outputs and inputs exchanged,
 * [C/b, M/b, kh·kw, b of M, b of C]. Its taps are in the order of the forward kernel; see {@link pickTaps}.
 */
export function transposedFilter(layouts: Layouts, w: Value, [m, c, kh, kw]: readonly number[]): Value {
  const { g, block: b } = layouts;
  const split = reshape(g, w, [m / b, b, c / b, b, kh * kw]);
  return permute(g, split, [2, 0, 4, 1, 3]);
}

/** Some taps along `axis`, in the given order. */
export function pickTaps(
  layouts: Layouts,
  filter: Value,
  axis: number,
  taps: readonly number[],
  all: number,
): Value {
  if (taps.length === all && taps.every((tap, i) => tap === i)) return filter;
  return layouts.g.op('Gather', [filter, layouts.g.int64([...taps])], { axis });
}
