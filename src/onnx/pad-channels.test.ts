import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { GraphBuilder, type Value } from './graph-builder.ts';
import { batchNorm, conv, gemm, globalAveragePool, relu } from './layers.ts';
import { type ModelProto, writeModel } from './index.ts';
import { padChannels } from './pad-channels.ts';
import { readTensor } from './tensor.ts';

/** A value of [N, channels, size, size]. */
interface Map {
  value: Value;
  channels: number;
  size: number;
}
type Layer = (g: GraphBuilder, x: Map) => Map;

let state = 1;
/** Numbers in [−1, 1) that differ from call to call. */
function numbers(count: number): Float32Array {
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const dense =
  (channels: number, kernel = 1, strides = 1): Layer =>
  (g, x) => {
    const weight = g.constant(numbers(channels * x.channels * kernel ** 2), [
      channels,
      x.channels,
      kernel,
      kernel,
    ]);
    const pad = (kernel - 1) / 2;
    const value = conv(g, x.value, weight, {
      bias: g.constant(numbers(channels)),
      strides: [strides, strides],
      pads: [pad, pad, pad, pad],
    });
    return { value, channels, size: Math.ceil(x.size / strides) };
  };

const depthwise: Layer = (g, x) => {
  const weight = g.constant(numbers(x.channels * 9), [x.channels, 1, 3, 3]);
  return { ...x, value: conv(g, x.value, weight, { pads: [1, 1, 1, 1], group: x.channels }) };
};

const normalised: Layer = (g, x) => {
  const [scale, bias, mean] = [0, 1, 2].map(() => g.constant(numbers(x.channels)));
  const variance = g.constant(numbers(x.channels).map((value) => value + 1.5));
  return { ...x, value: batchNorm(g, x.value, { scale, bias, mean, variance }) };
};

const unary =
  (type: string, attributes = {}): Layer =>
  (g, x) => ({ ...x, value: g.op(type, [x.value], attributes) });

const scalar =
  (type: string, value: number): Layer =>
  (g, x) => ({ ...x, value: g.op(type, [x.value, g.float32(value)]) });

const residual: Layer = (g, x) => {
  const branch = dense(x.channels, 3)(g, unary('Relu')(g, dense(x.channels + 3)(g, x)));
  return { ...x, value: g.op('Add', [branch.value, x.value]) };
};

const squeezeAndExcite: Layer = (g, x) => {
  const mean = { ...x, value: g.op('GlobalAveragePool', [x.value]), size: 1 };
  const hidden = unary('Relu')(g, dense(9)(g, mean));
  const gate = unary('HardSigmoid')(g, dense(x.channels)(g, hidden));
  return { ...x, value: g.op('Mul', [x.value, gate.value]) };
};

const pooled =
  (type: string): Layer =>
  (g, x) => ({
    ...x,
    value: g.op(type, [x.value], { kernel_shape: [2, 2], strides: [1, 1], pads: [1, 1, 0, 0] }),
  });

const concatenated: Layer = (g, x) => ({
  ...x,
  channels: 2 * x.channels,
  value: g.op('Concat', [x.value, relu(g, x.value)], { axis: 1 }),
});

const reshaped: Layer = (g, x) => {
  const flat = g.op('Reshape', [x.value, g.int64([0, -1])]);
  return { ...x, value: g.op('Reshape', [flat, g.int64([-1, x.channels, x.size, x.size])]) };
};

const layer: fc.Arbitrary<Layer> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 40 }).map((channels) => dense(channels)) },
  { weight: 2, arbitrary: fc.integer({ min: 8, max: 24 }).map((channels) => dense(channels, 3, 2)) },
  { weight: 3, arbitrary: fc.constant(depthwise) },
  fc.constantFrom(normalised, residual, squeezeAndExcite, concatenated, reshaped),
  fc.constantFrom('AveragePool', 'MaxPool').map(pooled),
  fc.constantFrom('Relu', 'HardSwish', 'Sigmoid', 'LeakyRelu', 'Softplus', 'Tanh').map((type) => unary(type)),
  fc.constantFrom(scalar('Add', 3), scalar('Mul', 0.2), scalar('Div', 4), scalar('Sub', -1)),
);

const SIZE = 6;

function network(layers: readonly Layer[], options: { head?: boolean } = {}): ModelProto {
  state = 1;
  const g = new GraphBuilder();
  let x: Map = { value: g.input('x', 'float32', ['n', 3, SIZE, SIZE]), channels: 3, size: SIZE };
  for (const one of layers) x = one(g, x);
  if (options.head === false) {
    g.output('y', x.value, 'float32');
  } else {
    const weight = g.constant(numbers(x.channels * 5), [x.channels, 5]);
    g.output('y', gemm(g, globalAveragePool(g, x.value), weight), 'float32', ['n', 5]);
  }
  return g.toModel();
}

async function outputOf(model: ModelProto): Promise<Float32Array> {
  const session = await InferenceSession.create(writeModel(model), { intraOpNumThreads: 1 });
  const images = Float32Array.from({ length: 2 * 3 * SIZE ** 2 }, (_, i) => ((i + 1) * 0.618034) % 1);
  const { y } = await session.run({ x: new Tensor('float32', images, [2, 3, SIZE, SIZE]) });
  await session.release();
  return y.data as Float32Array;
}

/** [C_out, C_in] of each convolution. */
const widths = (model: ModelProto): number[][] => {
  const shapes = new Map(model.graph!.initializer.map((t) => [t.name, readTensor(t).shape]));
  return model
    .graph!.node.filter(({ opType }) => opType === 'Conv')
    .map(({ input }) => shapes.get(input[1])!.slice(0, 2));
};

describe('padChannels', () => {
  test('random networks keep their function, and are not changed themselves', async () => {
    let changed = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(layer, { minLength: 2, maxLength: 7 }),
        fc.constantFrom(8, 16),
        fc.boolean(),
        async (layers, block, head) => {
          const model = network([dense(11), ...layers], { head });
          const before = writeModel(model);
          const padded = padChannels(model, block);
          expect(writeModel(model)).toEqual(before);
          if (padded === null) return;
          changed++;
          expect(padded.graph!.node.every(({ domain }) => domain === '')).toBe(true);
          const [expected, got] = [await outputOf(model), await outputOf(padded)];
          expect(got.length).toBe(expected.length);
          const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
          const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - got[i])), 0);
          expect(worst / largest).toBeLessThan(2e-4);
          expect(got.some(Number.isNaN)).toBe(false);
        },
      ),
      { numRuns: 150 },
    );
    expect(changed).toBeGreaterThan(50);
  }, 60_000);

  test('what lies between convolutions is filled up, weights and batch normalisations with it', () => {
    const model = network([
      dense(24, 3),
      normalised,
      unary('Relu'),
      depthwise,
      dense(40),
      residual,
      dense(10),
    ]);
    expect(widths(padChannels(model, 16)!)).toEqual([
      [32, 3],
      [32, 1],
      [48, 32],
      [48, 48], // residual: 40 → 43 → 40
      [48, 48],
      [10, 48], // Flatten reads it
    ]);
    const group = padChannels(model, 16)!.graph!.node.flatMap(({ attribute }) =>
      attribute.filter(({ name, i }) => name === 'group' && i !== 1n).map(({ i }) => i),
    );
    expect(group).toEqual([32n]);
  });

  test('twice as many channels are the most', () => {
    expect(widths(padChannels(network([dense(8), dense(7), dense(20), dense(16)]), 16)!)).toEqual([
      [16, 3],
      [7, 16],
      [32, 7],
      [16, 32],
    ]);
  });

  const grouped: Layer = (g, x) => {
    const weight = g.constant(numbers(x.channels * 2), [x.channels, 2, 1, 1]);
    return { ...x, value: conv(g, x.value, weight, { group: x.channels / 2 }) };
  };
  const perChannel: Layer = (g, x) => {
    const factor = g.constant(numbers(x.channels), [x.channels, 1, 1]);
    return { ...x, value: g.op('Mul', [x.value, factor]) };
  };
  const ratio: Layer = (g, x) => ({ ...x, value: g.op('Div', [x.value, unary('Sigmoid')(g, x).value]) });
  test.each<[string, readonly Layer[]]>([
    ['whole blocks', [dense(16), dense(32)]],
    ['a concatenation', [dense(24), concatenated]],
    ['a reshape', [dense(24), reshaped, dense(16)]],
    ['a grouped convolution', [dense(24), grouped, dense(16)]],
    ['a factor for each channel', [dense(24), perChannel, dense(16)]],
    ['a quotient, 0/0 in further channels', [dense(24), ratio, dense(16)]],
    ['division by 0', [dense(24), scalar('Div', 0), dense(16)]],
    ['an infinite factor', [dense(24), scalar('Mul', Infinity), dense(16)]],
    ['an operator that makes 0 infinite', [dense(24), unary('Log'), dense(16)]],
    ['an operator across channels', [dense(24), unary('Softmax', { axis: 1 }), dense(16)]],
  ])('%s: left alone', (_, layers) => {
    expect(padChannels(network(layers), 16)).toBeNull();
  });

  test('outputs keep their channels, read again or not', () => {
    const g = new GraphBuilder();
    const image = { value: g.input('x', 'float32', [1, 3, SIZE, SIZE]), channels: 3, size: SIZE };
    const first = dense(24)(g, image);
    const second = dense(24)(g, first);
    g.output(first.value.name, first.value, 'float32');
    g.output(second.value.name, second.value, 'float32');
    expect(padChannels(g.toModel(), 16)).toBeNull();
  });

  test('weights that a caller can replace, or that are computed, are left alone', () => {
    const model = network([dense(24), dense(16)]);
    const g = new GraphBuilder();
    const { name } = model.graph!.initializer[0];
    g.output('weight', g.input(name, 'float32', [24, 3, 1, 1]), 'float32');
    const open = {
      ...model,
      graph: { ...model.graph!, input: [...model.graph!.input, ...g.toGraph().input] },
    };
    expect(padChannels(open, 16)).toBeNull();
    const computed: Layer = (h, x) => {
      const weight = h.op('Neg', [h.constant(numbers(24 * x.channels), [24, x.channels, 1, 1])]);
      return { ...x, channels: 24, value: conv(h, x.value, weight) };
    };
    expect(padChannels(network([computed, dense(16)]), 16)).toBeNull();
  });

  test('models with subgraphs are left alone', () => {
    const g = new GraphBuilder();
    const image = { value: g.input('x', 'float32', [1, 3, SIZE, SIZE]), channels: 3, size: SIZE };
    const x = dense(24)(g, image);
    const branch = g.subgraph('branch');
    branch.output('inner', relu(branch, x.value), 'float32');
    const condition = g.constant(Uint8Array.of(1), [], { type: 'bool' });
    const chosen = g.op('If', [condition], {
      then_branch: branch.toGraph(),
      else_branch: branch.toGraph(),
    });
    g.output('y', dense(16)(g, { ...x, value: chosen }).value, 'float32');
    expect(padChannels(g.toModel(), 16)).toBeNull();
  });
});
