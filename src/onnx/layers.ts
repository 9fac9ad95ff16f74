/** Common layers, as functions of a builder. */
import { float, ints } from './attributes.ts';
import type { GraphBuilder, Value } from './graph-builder.ts';

/** Options of {@link conv}; every default is ONNX's. */
export interface ConvOptions {
  /** [C_out] */
  bias?: Value;
  strides?: readonly number[];
  /** [top, left, bottom, right] */
  pads?: readonly number[];
  dilations?: readonly number[];
  group?: number;
}

/** Convolution of x [N, C, H, W] with weight [C_out, C/group, kH, kW]. */
export function conv(g: GraphBuilder, x: Value, weight: Value, options: ConvOptions = {}): Value {
  const { bias, strides, pads, dilations, group } = options;
  return g.op('Conv', bias ? [x, weight, bias] : [x, weight], { strides, pads, dilations, group });
}

/** max(x, 0) */
export function relu(g: GraphBuilder, x: Value): Value {
  return g.op('Relu', [x]);
}

/** A dense layer: x [N, K] times weight [K, M] ([M, K] when `transposed`), plus bias [M]. */
export function gemm(
  g: GraphBuilder,
  x: Value,
  weight: Value,
  bias?: Value,
  options: { transposed?: boolean } = {},
): Value {
  const inputs = bias ? [x, weight, bias] : [x, weight];
  return g.op('Gemm', inputs, options.transposed ? { transB: 1 } : {});
}

/** The mean over space: [N, C, H, W] → [N, C]. */
export function globalAveragePool(g: GraphBuilder, x: Value): Value {
  return g.op('Flatten', [g.op('GlobalAveragePool', [x])], { axis: 1 });
}

/** x / max(‖x‖₂, epsilon) over the last axis. */
export function l2normalize(g: GraphBuilder, x: Value, epsilon = 1e-12): Value {
  const axes = [-1];
  // Since opset 18 the axes of a reduction are an input.
  const norm =
    g.opset >= 18
      ? g.op('ReduceL2', [x, g.int64(axes)], { keepdims: 1 })
      : g.op('ReduceL2', [x], { axes: ints(axes), keepdims: 1 });
  return g.op('Div', [x, g.op('Clip', [norm, g.float32(epsilon)])]);
}

/** Batch normalisation with fixed statistics; all four are [C]. */
export function batchNorm(
  g: GraphBuilder,
  x: Value,
  statistics: { scale: Value; bias: Value; mean: Value; variance: Value },
  epsilon = 1e-5,
): Value {
  const { scale, bias, mean, variance } = statistics;
  return g.op('BatchNormalization', [x, scale, bias, mean, variance], { epsilon: float(epsilon) });
}
