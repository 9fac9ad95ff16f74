/**
 * Convolution with scaled weight standardisation: what batch normalisation does for a layer that is trained from
 * scratch, without looking at a batch.
 *
 * Qiao, Wang, Liu, Shen, Yuille 2019, "Micro-batch training with batch-channel normalization and weight standardization";
 * Brock, De, Smith 2021, "Characterizing signal propagation to close the performance gap in unnormalized ResNets".
 */
import { conv, type ConvOptions, type GraphBuilder, type Value } from '../../onnx/index.ts';
import type { Weights } from './weights.ts';

/**
 * The gain that undoes what ReLU takes: for z ~ N(0, 1), Var(max(z, 0)) = (1 − 1/π)/2. A filter of mean 0 sees only the
 * variance of its inputs, and with Σw² = 2/(1 − 1/π) it gives variance 1 again.
 */
export const RELU_GAIN = Math.sqrt(2 / (1 - 1 / Math.PI));

/** Keeps the root away from 0, where it has no slope; the initial Σ(w − mean)² is 2. */
const EPSILON = 1e-8;

/** Options of {@link standardizedConv}. */
export interface StandardizedConvOptions extends ConvOptions {
  /** Prefix of the parameters' names. */
  name: string;
  inputs: number;
  outputs: number;
  /** Kernel height and width. */
  size: number;
  /** Initial gain of every filter: {@link RELU_GAIN} behind a ReLU, else 1. */
  gain: number;
}

/**
 * A convolution whose filters are, in the graph itself,
 *
 *     gain · (W − mean(W)) / (std(W) √fan_in)  =  gain · (W − mean(W)) / ‖W − mean(W)‖₂
 *
 * with mean and std of each filter. Trainable: `NAME.weight` W [O, I, k, k], `NAME.gain` [O, 1, 1, 1], `NAME.bias` [O].
 * The filters depend on parameters alone, so that `foldConstants` leaves a plain Conv.
 */
export function standardizedConv(
  g: GraphBuilder,
  weights: Weights,
  x: Value,
  options: StandardizedConvOptions,
): Value {
  const { name, inputs, outputs, size, gain, ...convOptions } = options;
  const w = weights.he(`${name}.weight`, [outputs, inputs, size, size]);
  const gains = weights.filled(`${name}.gain`, [outputs, 1, 1, 1], gain);
  const bias = weights.filled(`${name}.bias`, [outputs], 0);
  const axes = [1, 2, 3];
  const centred = g.op('Sub', [w, g.op('ReduceMean', [w], { axes, keepdims: 1 })]);
  const squares = g.op('ReduceSum', [g.op('Mul', [centred, centred]), g.int64(axes)], { keepdims: 1 });
  const norm = g.op('Sqrt', [g.op('Add', [squares, g.float32(EPSILON)])]);
  const filters = g.op('Mul', [g.op('Div', [centred, norm]), gains]);
  return conv(g, x, filters, { ...convOptions, bias });
}
