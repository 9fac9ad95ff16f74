/** Nodes that move values about, whatever the version of the operator set. */
import type { GraphBuilder, Value } from '../onnx/index.ts';

/** `value` in another shape of the same size. */
export const reshape = (g: GraphBuilder, value: Value, shape: readonly number[]): Value =>
  g.op('Reshape', [value, g.int64([...shape])]);

/** The axes of `value` in another order. */
export const permute = (g: GraphBuilder, value: Value, perm: readonly number[]): Value =>
  perm.every((axis, i) => axis === i) ? value : g.op('Transpose', [value], { perm: [...perm] });

/** Zeros, or `fill`, before and after each axis: all the `begin`, then all the `end`. Negative ones cut off. */
export function pad(g: GraphBuilder, value: Value, pads: readonly number[], fill?: Value): Value {
  if (pads.every((size) => size === 0)) return value;
  if (g.opset < 11) return g.op('Pad', [value], { pads: [...pads] });
  return g.op('Pad', fill ? [value, g.int64([...pads]), fill] : [value, g.int64([...pads])]);
}

/** A cut-out along some axes; with steps, starts and ends are counted from the front and lie within the value. */
export function slice(
  g: GraphBuilder,
  value: Value,
  cut: {
    axes: readonly number[];
    starts: readonly number[];
    ends: readonly number[];
    steps?: readonly number[];
  },
): Value {
  const { axes, starts, ends, steps } = cut;
  if (g.opset < 10) {
    // without steps: one axis after the other picks its rows
    return axes.reduce((rest, axis, i) => {
      const step = steps?.[i] ?? 1;
      if (step === 1) return g.op('Slice', [rest], { axes: [axis], starts: [starts[i]], ends: [ends[i]] });
      const picked = Array.from(
        { length: Math.ceil((ends[i] - starts[i]) / step) },
        (_, k) => starts[i] + k * step,
      );
      return g.op('Gather', [rest, g.int64(picked)], { axis });
    }, value);
  }
  const inputs = [starts, ends, axes, ...(steps?.some((step) => step !== 1) ? [steps] : [])];
  return g.op('Slice', [value, ...inputs.map((list) => g.int64([...list]))]);
}
