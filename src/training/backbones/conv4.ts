/** Four 3×3 convolutions for small grey or colour images. */
import { RetrievalGuardError } from '../../errors.ts';
import { GraphBuilder, type ModelProto, type Value } from '../../onnx/index.ts';
import { type BackboneOptions, checkImage } from './options.ts';
import { standardizedConv } from './standardized-conv.ts';
import { Weights } from './weights.ts';

/** Options of {@link conv4}. */
export interface Conv4Options extends BackboneOptions {
  /** Channels of the layers; default 48, 96, 128, 128. Any number of layers will do. */
  widths?: readonly number[];
  /** How many of the layers, from the first, halve the resolution; default 3. */
  pools?: number;
  /** What becomes of the last map: all of it, or its mean over space. Default 'flatten'. */
  features?: 'flatten' | 'mean';
}

/**
 * Convolution with weight standardisation, 2×2 max-pooling in the first three layers, ReLU. `image` [batch, C, H, W] →
 * `features` [batch, F]; 28×28 pixels give a last map of 3×3×128, flattened F = 1152.
 *
 * It trains from scratch: no batch statistics, every image is embedded by itself, in training as afterwards.
 * Parameters: `conv1.weight`, `conv1.gain`, `conv1.bias`, `conv2.weight`, …; the ReLU that ends a layer is the node `conv1`, …
 *
 * @throws RetrievalGuardError OPTION_INVALID for impossible widths, pools, seed, or an image below 2^pools pixels
 */
export function conv4(options: Conv4Options): ModelProto {
  const { channels, height, width, seed, batch = 'batch' } = options;
  const { widths = [48, 96, 128, 128], pools = 3, features = 'flatten' } = options;
  const valid = widths.length > 0 && widths.every((w) => Number.isSafeInteger(w) && w >= 1);
  if (!valid || !Number.isSafeInteger(pools) || pools < 0 || pools > widths.length) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'layers of at least 1 channel, and at most as many poolings',
      got: `widths ${widths.join(', ') || 'none'} and ${pools} poolings`,
    });
  }
  checkImage(options, 2 ** pools);
  const g = new GraphBuilder({ name: 'conv4' });
  const weights = new Weights(g, seed);
  let x: Value = g.input('image', 'float32', [batch, channels, height, width]);
  let inputs = channels;
  widths.forEach((outputs, i) => {
    const name = `conv${i + 1}`;
    x = standardizedConv(g, weights, x, {
      name,
      inputs,
      outputs,
      size: 3,
      pads: [1, 1, 1, 1],
      first: i === 0,
    });
    // pooling and ReLU commute; this way round ReLU and its gradient touch a quarter of the values
    if (i < pools) x = g.op('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
    x = g.op('Relu', [x], {}, { name });
    inputs = outputs;
  });
  const cells = Math.floor(height / 2 ** pools) * Math.floor(width / 2 ** pools);
  const last = features === 'mean' ? g.op('GlobalAveragePool', [x]) : x;
  const size = features === 'mean' ? inputs : inputs * cells;
  g.output('features', g.op('Flatten', [last], { axis: 1 }, { name: 'features' }), 'float32', [batch, size]);
  return g.toModel();
}
