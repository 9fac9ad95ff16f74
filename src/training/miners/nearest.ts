/** The nearest of some. */
import type { GraphBuilder, Value } from '../../onnx/index.ts';

/** Farther than any two unit vectors. */
const FAR = 9;

/**
 * The place along `axis` of the smallest distance where the mask (bool) is true, int64, without that axis; the first
 * of equal ones, and place 0 if there is none.
 */
export function nearest(g: GraphBuilder, distances: Value, mask: Value, axis: number): Value {
  return g.op('ArgMin', [g.op('Where', [mask, distances, g.float32(FAR)])], { axis, keepdims: 0 });
}
