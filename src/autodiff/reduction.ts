/** What all reductions have in common. */
import { sizeOf, type Value } from '../onnx/index.ts';
import type { Site } from './site.ts';

/** A reduction node, read. */
export interface Reduction {
  /** The axes reduced, not negative. */
  readonly axes: readonly number[];
  /** The shape of the output with the reduced axes kept as 1: it broadcasts against the input. */
  readonly kept: readonly number[];
  /** How many elements of the input make one of the output. */
  readonly count: number;
  /** The gradient or the output in the shape `kept`. */
  readonly keep: (value: Value) => Value;
}

/** Reads the axes (an attribute or an input; none means all, or nothing with `noop_with_empty_axes`) and `keepdims`. */
export function reductionOf(site: Site): Reduction {
  const { shape } = site.input(0);
  const all = shape.map((_, i) => i);
  const given = site.axes(shape.length) ?? [];
  const axes = given.length > 0 || site.int('noop_with_empty_axes', 0) === 1 ? given : all;
  const kept = shape.map((size, i) => (axes.includes(i) ? 1 : size));
  const keepdims = site.output(0).shape.length === shape.length;
  return {
    axes,
    kept,
    count: sizeOf(shape) / sizeOf(kept),
    keep: (value) => (keepdims ? value : site.reshape(value, kept)),
  };
}
