/** The networks of the training benchmark: one description that both sides build from. */

/** A convolution, with frozen batch normalisation (`norm`) or a bias. */
export interface ConvLayer {
  op: 'conv';
  inputs: number;
  outputs: number;
  size: number;
  stride: number;
  group: number;
  norm: boolean;
  act: 'relu' | 'relu6' | 'none';
}

/** A layer, as bench/torch_train.py reads it. */
export type Layer =
  | ConvLayer
  | { op: 'pool'; size: number; stride: number; pad: number }
  | { op: 'mean' }
  | { op: 'flatten' }
  | { op: 'dense'; inputs: number; outputs: number }
  | { op: 'residual'; body: Layer[]; skip: Layer[] };

/** A network and what to reach: time as a share of PyTorch's as people run it. */
export interface TrainingNetwork {
  name: string;
  /** [N, C, H, W] */
  images: readonly [number, number, number, number];
  layers: Layer[];
  /** Targets of the full step: portable graph, CPU-lowered graph. The input gradient's is 0.5. */
  target: { portable: number; lowered: number };
}

/** Size of the embeddings. */
export const DIMENSION = 128;

const conv = (
  inputs: number,
  outputs: number,
  size: number,
  options: Partial<ConvLayer> = {},
): ConvLayer => ({
  op: 'conv',
  inputs,
  outputs,
  size,
  stride: 1,
  group: 1,
  norm: true,
  act: 'relu',
  ...options,
});
const dense = (inputs: number): Layer => ({ op: 'dense', inputs, outputs: DIMENSION });

/** Three 3×3 convolutions with biases, two poolings, a dense layer. */
function small(): Layer[] {
  const pool: Layer = { op: 'pool', size: 2, stride: 2, pad: 0 };
  const plain = { norm: false };
  return [
    conv(1, 32, 3, plain),
    pool,
    conv(32, 64, 3, plain),
    pool,
    conv(64, 128, 3, plain),
    { op: 'flatten' },
    dense(128 * 49),
  ];
}

/** MobileNet v1 1.0 (Howard et al. 2017). */
function mobilenet(): Layer[] {
  const act = 'relu6' as const;
  const layers: Layer[] = [conv(3, 32, 3, { stride: 2, act })];
  let last = 32;
  const plan = [
    [64, 1],
    [128, 2],
    [128, 1],
    [256, 2],
    [256, 1],
    [512, 2],
    ...Array.from({ length: 5 }, () => [512, 1]),
    [1024, 2],
    [1024, 1],
  ];
  for (const [outputs, stride] of plan) {
    layers.push(conv(last, last, 3, { stride, group: last, act }), conv(last, outputs, 1, { act }));
    last = outputs;
  }
  return [...layers, { op: 'mean' }, dense(last)];
}

/** ResNet-50 (He et al. 2016), the stride in the 3×3 convolutions. */
function resnet50(): Layer[] {
  const layers: Layer[] = [conv(3, 64, 7, { stride: 2 }), { op: 'pool', size: 3, stride: 2, pad: 1 }];
  let last = 64;
  [3, 4, 6, 3].forEach((blocks, stage) => {
    const width = 64 * 2 ** stage;
    for (let i = 0; i < blocks; i++) {
      const stride = i === 0 && stage > 0 ? 2 : 1;
      const outputs = 4 * width;
      const none = { act: 'none' as const };
      layers.push({
        op: 'residual',
        body: [conv(last, width, 1), conv(width, width, 3, { stride }), conv(width, outputs, 1, none)],
        skip: last === outputs ? [] : [conv(last, outputs, 1, { ...none, stride })],
      });
      last = outputs;
    }
  });
  return [...layers, { op: 'mean' }, dense(last)];
}

/** All of them. */
export const NETWORKS: readonly TrainingNetwork[] = [
  {
    name: 'small CNN',
    images: [112, 1, 28, 28],
    layers: small(),
    target: { portable: 0.8, lowered: 0.45 },
  },
  {
    name: 'MobileNet v1',
    images: [16, 3, 160, 160],
    layers: mobilenet(),
    target: { portable: 0.8, lowered: 0.6 },
  },
  {
    name: 'ResNet-50',
    images: [8, 3, 224, 224],
    layers: resnet50(),
    target: { portable: 0.8, lowered: 0.75 },
  },
];
