/** Tiny encoders for tests: their embeddings can be worked out by hand. */
import {
  type Dimension,
  type ElementType,
  GraphBuilder,
  numberToFloat16,
  type Value,
} from '../../onnx/index.ts';

/** Options of {@link tinyEncoder}. */
export interface TinyOptions {
  type?: 'float32' | 'float16';
  batch?: Dimension;
  channels?: Dimension;
  height?: Dimension;
  width?: Dimension;
  /** What the output looks like; default rank 2. */
  output?: 'rank2' | 'rank3' | 'rank4';
  /** Declare the output without a shape. */
  openOutput?: boolean;
  /** Opset; default 17. */
  opset?: number;
}

/** Weight of channel c in feature k of {@link tinyEncoder}. */
export const tinyWeight = (k: number, c: number): number =>
  1 + k - 0.5 * c * (k + 1) * (k % 2 === 0 ? 1 : -1);

/** Features of {@link tinyEncoder}. */
export const TINY_DIMENSION = 4;

/**
 * An encoder of 4 features: a 1×1 convolution with {@link tinyWeight}, squared. Rank 4 gives that as [batch, 4, h, w]; rank 3
 * as tokens, [batch, h·w, 4]; rank 2 its mean over space.
 */
export function tinyEncoder(options: TinyOptions = {}): Uint8Array<ArrayBuffer> {
  const {
    type = 'float32',
    batch = 'batch',
    channels = 3,
    height = 4,
    width = 5,
    output = 'rank2',
  } = options;
  const g = new GraphBuilder({ name: 'tiny', opset: options.opset });
  const x = g.input('image', type, [batch, channels, height, width]);
  const inputs = typeof channels === 'number' ? channels : 3;
  const weights = Float32Array.from({ length: TINY_DIMENSION * inputs }, (_, i) =>
    tinyWeight(Math.floor(i / inputs), i % inputs),
  );
  const kernel = floats(g, type, weights, [TINY_DIMENSION, inputs, 1, 1]);
  const map = g.op('Conv', [x, kernel]);
  const squared = g.op('Mul', [map, map]);
  const open = options.openOutput;
  if (output === 'rank4') {
    g.output('map', squared, type, open ? undefined : [batch, TINY_DIMENSION, height, width]);
  } else if (output === 'rank3') {
    const flat = g.op('Reshape', [squared, g.int64([0, TINY_DIMENSION, -1])]);
    const tokens = g.op('Transpose', [flat], { perm: [0, 2, 1] });
    g.output('last_hidden_state', tokens, type, open ? undefined : [batch, 'tokens', TINY_DIMENSION]);
  } else {
    const pooled = g.op('Flatten', [g.op('GlobalAveragePool', [squared])]);
    g.output('embedding', pooled, type, open ? undefined : [batch, 'dim']);
  }
  return g.toBytes();
}

/** A float constant of either type. */
export function floats(g: GraphBuilder, type: ElementType, data: Float32Array, shape: number[]): Value {
  return type === 'float16'
    ? g.constant(Uint16Array.from(data, numberToFloat16), shape, { type: 'float16' })
    : g.constant(data, shape);
}
