/** What both gradients of a convolution know of it. */
import type { CompositeNode } from './composite.ts';

/** A two-dimensional convolution with fixed shapes: y [N, M, oh, ow] = x [N, C, H, W] ∗ w [M, C/group, kh, kw]. */
export interface ConvGeometry {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly y: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** [top, left, bottom, right]; may reach beyond the last window. */
  readonly pads: readonly number[];
  readonly group: number;
}

/** Reads the attributes of `ConvInputGradient` and `ConvWeightGradient`. */
export const convGeometry = (composite: CompositeNode): ConvGeometry => ({
  x: composite.ints('x_shape'),
  w: composite.ints('w_shape'),
  y: composite.ints('y_shape'),
  strides: composite.ints('strides'),
  dilations: composite.ints('dilations'),
  pads: composite.ints('pads'),
  group: composite.int('group'),
});

/** Those attributes. */
export const convAttributes = (geometry: ConvGeometry) => ({
  strides: [...geometry.strides],
  pads: [...geometry.pads],
  dilations: [...geometry.dilations],
  group: geometry.group,
  x_shape: [...geometry.x],
  w_shape: [...geometry.w],
  y_shape: [...geometry.y],
});

/** A 1×1 kernel in one group, without padding. */
export const isPointwise = ({ w, pads, group }: ConvGeometry): boolean =>
  w[2] === 1 && w[3] === 1 && group === 1 && pads.every((size) => size === 0);

/** One kernel per channel. */
export const isDepthwise = ({ x, w, group }: ConvGeometry): boolean =>
  group === x[1] && group > 1 && w[0] === group;

/** How far the outputs reach in the padded x, so that the convolution of x with dy gives the taps and no more. */
export const reachOf = ({ w, y, strides, dilations }: ConvGeometry): number[] =>
  [0, 1].map((i) => strides[i] * (y[i + 2] - 1) + dilations[i] * (w[i + 2] - 1) + 1);
