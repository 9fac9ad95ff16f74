/** The benchmark's networks in ONNX: forward, and with loss, gradients and optimiser. */
import {
  batchNorm,
  conv,
  gemm,
  globalAveragePool,
  GraphBuilder,
  type ModelProto,
  relu,
  type Value,
} from '../../src/onnx/index.ts';
import { Weights } from '../../src/training/backbones/index.ts';
import { DIMENSION, type Layer, type TrainingNetwork } from './networks.ts';

/** The forward network, and its tensors in the order of the layers. */
export interface Forward {
  model: ModelProto;
  /** Names of all weights: what torch_train.py reads, in its order. */
  order: string[];
}

/** Input `image`, output `embedding`. Batch normalisation is part of the weights' computation. */
export function forward(network: TrainingNetwork): Forward {
  const g = new GraphBuilder({ name: network.name });
  const weights = new Weights(g, 1);
  const order: string[] = [];
  const note = (value: Value): Value => {
    order.push(value.name);
    return value;
  };
  const build = (x: Value, layer: Layer, name: string): Value => {
    switch (layer.op) {
      case 'conv': {
        const { inputs, outputs, size, stride, group, norm, act } = layer;
        const weight = note(weights.he(`${name}.weight`, [outputs, inputs / group, size, size]));
        const options = {
          strides: [stride, stride],
          pads: Array.from({ length: 4 }, () => size >> 1),
          group,
        };
        let y: Value;
        if (norm) {
          const about = (part: string, value: number, spread: number): Value => {
            const values = Float32Array.from(
              { length: outputs },
              (_, c) => value + spread * Math.sin(7 * c + value),
            );
            return note(g.constant(values, [outputs], { name: `${name}.${part}` }));
          };
          // the last convolution of a residual branch adds little, so that 16 of them do not blow up
          const scale = act === 'none' ? 0.3 : 1;
          y = batchNorm(g, conv(g, x, weight, options), {
            scale: about('scale', scale, 0.1 * scale),
            bias: about('shift', 0, 0.1),
            mean: about('mean', 0, 0.1),
            variance: about('variance', 1, 0.1),
          });
        } else {
          const bias = note(weights.normal(`${name}.bias`, [outputs], 0.05));
          y = conv(g, x, weight, { ...options, bias });
        }
        if (act === 'relu') return relu(g, y);
        return act === 'relu6' ? g.op('Clip', [y, g.float32(0), g.float32(6)]) : y;
      }
      case 'pool': {
        const { size, stride, pad } = layer;
        const pads = [pad, pad, pad, pad];
        return g.op('MaxPool', [x], { kernel_shape: [size, size], strides: [stride, stride], pads });
      }
      case 'mean':
        return globalAveragePool(g, x);
      case 'flatten':
        return g.op('Flatten', [x]);
      case 'dense': {
        const { inputs, outputs } = layer;
        const weight = note(weights.normal(`${name}.weight`, [outputs, inputs], 1 / Math.sqrt(inputs)));
        const bias = note(weights.filled(`${name}.bias`, [outputs], 0));
        return gemm(g, x, weight, bias, { transposed: true });
      }
      case 'residual': {
        const through = (layers: Layer[], path: string): Value =>
          layers.reduce((value, part, i) => build(value, part, `${name}.${path}.${i}`), x);
        return relu(g, g.op('Add', [through(layer.body, 'body'), through(layer.skip, 'skip')]));
      }
    }
  };
  const image = g.input('image', 'float32', [...network.images]);
  const embedding = network.layers.reduce((x, layer, i) => build(x, layer, String(i)), image);
  g.output('embedding', embedding, 'float32', [network.images[0], DIMENSION]);
  return { model: g.toModel(), order };
}
