/**
 * Residual networks as torchvision lays them out, with its parameter names and shapes, so that its weights can be
 * carried over one to one. He, Zhang, Ren, Sun 2016, "Deep residual learning for image recognition"; the stride of a
 * bottleneck sits in its 3×3 convolution, as in torchvision.
 *
 * Batch normalisation is frozen: it applies the stored statistics, and none of its four tensors is trained.
 */
import { batchNorm, conv, GraphBuilder, type ModelProto, relu, type Value } from '../../onnx/index.ts';
import { type BackboneOptions, checkImage } from './options.ts';
import { Weights } from './weights.ts';

/** What tells one residual network from another. */
export interface ResidualArchitecture {
  name: string;
  /** Two 3×3 convolutions, or 1×1, 3×3, 1×1 with four times the width at the end. */
  block: 'basic' | 'bottleneck';
  /** Blocks of each stage; stage s has width 64·2^s, and all but the first halve the resolution. */
  blocks: readonly [number, number, number, number];
}

/**
 * Builds the network: input `image` [batch, C, H, W], output `features` [batch, 512] (basic) or [batch, 2048].
 *
 * Initial weights are for training from scratch. Statistics are the identity (mean 0, variance 1), weights He normal. The last
 * normalisation of each residual branch scales by 1/√L, L the number of blocks: every block then adds a share of 1/L to the
 * variance, which grows by a constant factor over the whole depth, not exponentially (Hanin & Rolnick 2018, "How to start training").
 * The usual 0 would not do here: with the scale frozen, no gradient would ever reach the branch.
 *
 * @throws RetrievalGuardError OPTION_INVALID for an impossible image or seed
 */
export function residualNetwork(architecture: ResidualArchitecture, options: BackboneOptions): ModelProto {
  checkImage(options, 1);
  const { channels, height, width, seed, batch = 'batch' } = options;
  const g = new GraphBuilder({ name: architecture.name });
  const weights = new Weights(g, seed);
  const expansion = architecture.block === 'basic' ? 1 : 4;
  const branchScale = 1 / Math.sqrt(architecture.blocks.reduce((sum, count) => sum + count, 0));

  /** Convolution without bias, then frozen batch normalisation. */
  const normalisedConv = (x: Value, layer: Layer): Value => {
    const { conv: name, bn, inputs, outputs, size, stride = 1, scale = 1 } = layer;
    const pads = Array.from({ length: 4 }, () => size >> 1);
    const weight = weights.he(`${name}.weight`, [outputs, inputs, size, size]);
    const y = conv(g, x, weight, { strides: [stride, stride], pads });
    return batchNorm(g, y, {
      scale: weights.filled(`${bn}.weight`, [outputs], scale),
      bias: weights.filled(`${bn}.bias`, [outputs], 0),
      mean: weights.filled(`${bn}.running_mean`, [outputs], 0),
      variance: weights.filled(`${bn}.running_var`, [outputs], 1),
    });
  };

  /** A residual block; its last node is called `name`, as a place to freeze up to. */
  const block = (x: Value, name: string, inputs: number, inner: number, stride: number): Value => {
    const outputs = inner * expansion;
    /** Convolution and normalisation number i of the branch. */
    const layer = (i: number, from: number, to: number, size: number): Layer => ({
      conv: `${name}.conv${i}`,
      bn: `${name}.bn${i}`,
      inputs: from,
      outputs: to,
      size,
    });
    const last = { scale: branchScale };
    let y: Value;
    if (architecture.block === 'basic') {
      y = relu(g, normalisedConv(x, { ...layer(1, inputs, inner, 3), stride }));
      y = normalisedConv(y, { ...layer(2, inner, outputs, 3), ...last });
    } else {
      y = relu(g, normalisedConv(x, layer(1, inputs, inner, 1)));
      y = relu(g, normalisedConv(y, { ...layer(2, inner, inner, 3), stride }));
      y = normalisedConv(y, { ...layer(3, inner, outputs, 1), ...last });
    }
    let skip = x;
    if (stride !== 1 || inputs !== outputs) {
      const [projection, bn] = [`${name}.downsample.0`, `${name}.downsample.1`];
      skip = normalisedConv(x, { conv: projection, bn, inputs, outputs, size: 1, stride });
    }
    return g.op('Relu', [g.op('Add', [y, skip])], {}, { name });
  };

  const image = g.input('image', 'float32', [batch, channels, height, width]);
  let x = relu(
    g,
    normalisedConv(image, { conv: 'conv1', bn: 'bn1', inputs: channels, outputs: 64, size: 7, stride: 2 }),
  );
  x = g.op(
    'MaxPool',
    [x],
    { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
    { name: 'maxpool' },
  );
  let inputs = 64;
  architecture.blocks.forEach((count, stage) => {
    const inner = 64 * 2 ** stage;
    for (let i = 0; i < count; i++) {
      x = block(x, `layer${stage + 1}.${i}`, inputs, inner, i === 0 && stage > 0 ? 2 : 1);
      inputs = inner * expansion;
    }
  });
  const pooled = g.op('GlobalAveragePool', [x]);
  const features = g.op('Flatten', [pooled], { axis: 1 }, { name: 'features' });
  g.output('features', features, 'float32', [batch, inputs]);
  return g.toModel();
}

/** ResNet-18 without its classifier: `image` [batch, C, H, W] → `features` [batch, 512]. See {@link residualNetwork}. */
export const resnet18 = (options: BackboneOptions): ModelProto =>
  residualNetwork({ name: 'resnet18', block: 'basic', blocks: [2, 2, 2, 2] }, options);

/** ResNet-50 without its classifier: `image` [batch, C, H, W] → `features` [batch, 2048]. See {@link residualNetwork}. */
export const resnet50 = (options: BackboneOptions): ModelProto =>
  residualNetwork({ name: 'resnet50', block: 'bottleneck', blocks: [3, 4, 6, 3] }, options);

interface Layer {
  /** Names of the convolution and of the normalisation. */
  conv: string;
  bn: string;
  inputs: number;
  outputs: number;
  /** Kernel height and width. */
  size: number;
  stride?: number;
  /** Initial scale of the normalisation. */
  scale?: number;
}
