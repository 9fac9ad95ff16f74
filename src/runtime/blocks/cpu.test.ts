/** The lowered graph against the portable one, which central differences and PyTorch vouch for. */
import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { addGradients, expandComposites, measureGraph } from '../../autodiff/index.ts';
import { numbers } from '../../autodiff/testing/check-gradient.ts';
import { float, GraphBuilder, type ModelProto, sizeOf, type Value, writeModel } from '../../onnx/index.ts';
import { blockSize } from './block-size.ts';
import { lowerForCpu } from './index.ts';
import { lowerToBlocks } from './lower-to-blocks.ts';

/** A network: adds nodes to the builder, `weight` makes a tensor to differentiate. */
type Build = (g: GraphBuilder, weight: (shape: number[]) => Value, image: Value) => Value;

const block = await blockSize();

/** Gradients of Σ u·y, u fixed numbers, with respect to the image and all weights. */
async function gradientGraph(
  imageShape: number[],
  build: Build,
  domains: Record<string, number> = {},
): Promise<ModelProto> {
  const g = new GraphBuilder({ domains });
  const wrt: string[] = [];
  const input = (shape: number[]): Value => {
    const name = `w${wrt.length}`;
    wrt.push(name);
    return g.input(name, 'float32', shape);
  };
  const image = input(imageShape);
  g.output('y', build(g, input, image), 'float32');
  const measured = await measureGraph(g.toModel());
  const extended = GraphBuilder.extending(measured.model, { domains: { ...domains, retrievalguard: 1 } });
  const { shape } = measured.tensors.get('y')!;
  const upstream = { y: extended.constant(numbers(sizeOf(shape), 77), shape) };
  for (const [name, gradient] of addGradients(extended, measured, { upstream, wrt }))
    extended.output(`gradient of ${name}`, gradient, 'float32', measured.tensors.get(name)!.shape);
  return extended.toModel();
}

/** The largest difference of any output, as a share of its largest value. */
async function disagreement(portable: ModelProto, lowered: ModelProto): Promise<number> {
  const feeds = Object.fromEntries(
    portable.graph!.input.map((declared, i) => {
      const type = declared.type?.value.case === 'tensorType' ? declared.type.value.value : undefined;
      const shape = (type?.shape?.dim ?? []).map(({ value }) => Number(value.value));
      return [declared.name, new Tensor('float32', numbers(sizeOf(shape), i + 1), shape)];
    }),
  );
  const [expected, got] = [await run(portable, feeds), await run(lowered, feeds)];
  expect(Object.keys(got)).toEqual(Object.keys(expected));
  let worst = 0;
  for (const [name, { data, dims }] of Object.entries(expected)) {
    expect(got[name].dims).toEqual(dims);
    const [a, b] = [data as Float32Array, got[name].data as Float32Array];
    const largest = a.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
    a.forEach((value, i) => {
      worst = Math.max(worst, Number.isNaN(b[i]) ? Infinity : Math.abs(value - b[i]) / largest);
    });
  }
  return worst;
}

async function run(model: ModelProto, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  const session = await InferenceSession.create(writeModel(model), {
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  try {
    return (await session.run(feeds)) as Record<string, Tensor>;
  } finally {
    await session.release();
  }
}

/** Checks one network; returns the operators of the lowered graph, with their domains. */
async function check(
  imageShape: number[],
  build: Build,
  domains: Record<string, number> = {},
): Promise<string[]> {
  const model = await gradientGraph(imageShape, build, domains);
  const lowered = await lowerForCpu(model);
  expect(await disagreement(expandComposites(model), lowered)).toBeLessThan(1e-5);
  return lowered.graph!.node.map(({ domain, opType }) => (domain ? `${domain}.${opType}` : opType));
}

const blocked = (ops: string[]): string[] => ops.filter((op) => op.startsWith('com.microsoft.nchwc'));

describe.skipIf(block === null)('lowerForCpu on a machine with blocks', () => {
  test('any convolution', { timeout: 120_000 }, async () => {
    const configuration = fc.record({
      kind: fc.constantFrom('dense', 'depthwise', 'grouped'),
      batch: fc.integer({ min: 1, max: 18 }),
      inputs: fc.constantFrom(1, 3, 16, 20, 32),
      outputs: fc.constantFrom(5, 16, 48),
      height: fc.integer({ min: 7, max: 12 }),
      width: fc.integer({ min: 7, max: 12 }),
      kernel: fc.constantFrom(1, 2, 3, 5, 7),
      stride: fc.constantFrom(1, 2, 3),
      dilation: fc.constantFrom(1, 1, 1, 2),
      pads: fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 0, max: 3 }))),
      bias: fc.boolean(),
      relu: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(configuration, async (c) => {
        fc.pre(c.dilation * (c.kernel - 1) + 1 <= Math.min(c.height, c.width));
        const group = c.kind === 'depthwise' ? c.inputs : c.kind === 'grouped' && c.inputs % 2 === 0 ? 2 : 1;
        const outputs =
          c.kind === 'depthwise' ? c.inputs : group === 2 ? c.outputs + (c.outputs % 2) : c.outputs;
        const ops = await check([c.batch, c.inputs, c.height, c.width], (g, weight, x) => {
          const w = weight([outputs, c.inputs / group, c.kernel, c.kernel]);
          const y = g.op('Conv', c.bias ? [x, w, weight([outputs])] : [x, w], {
            strides: [c.stride, c.stride],
            dilations: [c.dilation, c.dilation],
            pads: c.pads,
            group,
          });
          return c.relu ? g.op('Relu', [y]) : y;
        });
        const inBlocks = group === 1 || c.kind === 'depthwise' ? outputs % block! === 0 : false;
        const fits = c.inputs % block! === 0 || (group === 1 && c.inputs < block!);
        expect(ops.includes('com.microsoft.nchwc.Conv')).toBe(inBlocks && fits);
      }),
      { numRuns: 60, seed: 3 },
    );
  });

  test('strides of a network in the usual shapes: each convolution is lowered', async () => {
    for (const [kernel, stride, pad] of [
      [1, 1, 0],
      [1, 2, 0],
      [3, 1, 1],
      [3, 2, 1],
      [5, 1, 2],
      [5, 2, 2],
      [7, 2, 3],
    ]) {
      for (const group of kernel === 1 ? [1] : [1, 32]) {
        const ops = await check([3, 32, 14, 15], (g, weight, x) =>
          g.op('Conv', [x, weight([32, 32 / group, kernel, kernel])], {
            strides: [stride, stride],
            pads: [pad, pad, pad, pad],
            group,
          }),
        );
        expect(ops.filter((op) => op === 'Conv')).toEqual([]);
      }
    }
  });

  test('images so large that their gradient is cut into strips', async () => {
    const ops = await check([4, 3, 96, 130], (g, weight, x) =>
      g.op('Conv', [x, weight([48, 3, 5, 5])], { pads: [2, 2, 2, 2], strides: [1, 2] }),
    );
    expect(ops).toContain('com.microsoft.nchwc.Conv');
  });

  test('max pooling, ties included', async () => {
    for (const [kernel, stride, pad] of [
      [2, 2, 0],
      [3, 2, 1],
      [3, 1, 1],
      [2, 3, 0],
      [3, 3, 1],
    ]) {
      const ops = await check([2, 16, 9, 8], (g, weight, x) => {
        const y = g.op('Conv', [x, weight([16, 16, 1, 1])]);
        // steps of 1/4: many windows have several maxima
        const coarse = g.op('Add', [
          g.op('Round', [g.op('Mul', [y, g.float32(4)])]),
          g.op('Mul', [y, g.float32(0)]),
        ]);
        return g.op('MaxPool', [coarse], {
          kernel_shape: [kernel, kernel],
          strides: [stride, stride],
          pads: [pad, pad, pad, pad],
        });
      });
      expect(ops).toContain('com.microsoft.nchwc.MaxPool');
    }
  });

  test('a small network: three convolutions, poolings, a dense layer', async () => {
    const ops = await check([5, 1, 12, 12], (g, weight, image) => {
      let x = image;
      for (const [inputs, outputs] of [
        [1, 16],
        [16, 32],
        [32, 16],
      ]) {
        const convolution = { pads: [1, 1, 1, 1] };
        x = g.op('Relu', [
          g.op('Conv', [x, weight([outputs, inputs, 3, 3]), weight([outputs])], convolution),
        ]);
        if (inputs < 32) x = g.op('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
      }
      return g.op('Gemm', [g.op('Flatten', [x]), weight([16 * 9, 8])]);
    });
    // both layouts meet at the dense layer only, in each direction once, and in front of weights
    expect(ops.filter((op) => op === 'MaxPool' || op === 'Conv')).toEqual([]);
  });

  test('residual blocks, channel factors, clipping and means', async () => {
    const ops = await check([4, 16, 10, 10], (g, weight, x) => {
      const pads = [1, 1, 1, 1];
      const first = g.op('Clip', [
        g.op('Conv', [x, weight([32, 16, 3, 3])], { pads }),
        g.float32(-0.2),
        g.float32(0.9),
      ]);
      const mean = g.op('GlobalAveragePool', [first]);
      const gate = g.op('Sigmoid', [g.op('Conv', [mean, weight([32, 32, 1, 1])])]);
      const scaled = g.op('Mul', [first, gate]);
      const skip = g.op('Conv', [x, weight([32, 16, 1, 1])]);
      const sum = g.op('Relu', [
        g.op('Add', [g.op('Conv', [scaled, weight([32, 32, 3, 3])], { pads }), skip]),
      ]);
      const activated = g.op('LeakyRelu', [g.op('Add', [sum, weight([1, 32, 1, 1])])], { alpha: float(0.1) });
      return g.op('ReduceMean', [activated], { axes: [2, 3] });
    });
    expect(blocked(ops)).toContain('com.microsoft.nchwc.GlobalAveragePool');
  });

  test('ReLU6 and its gradient become part of convolutions', async () => {
    const ops = await check([4, 16, 10, 10], (g, weight, x) => {
      const relu6 = (y: Value): Value =>
        g.op('Clip', [g.op('Mul', [y, g.float32(2)]), g.float32(0), g.float32(6)]);
      const clipped = (y: Value): Value => g.op('Clip', [y, g.float32(0), g.float32(0.7)]);
      const depthwise = clipped(g.op('Conv', [x, weight([16, 1, 3, 3])], { group: 16 }));
      return relu6(clipped(g.op('Conv', [depthwise, weight([32, 16, 1, 1])])));
    });
    // the one that follows a product is left as it is
    expect(ops.filter((op) => op === 'Clip' || op === 'Equal')).toEqual(['Clip', 'Equal']);
  });

  test('gradients of a mean and of a convolution that meet', async () => {
    const ops = await check([3, 16, 6, 6], (g, weight, x) => {
      const y = g.op('Relu', [g.op('Conv', [x, weight([32, 16, 3, 3])])]);
      const both = g.op('Add', [y, g.op('Conv', [y, weight([32, 32, 1, 1])])]);
      return g.op('Add', [g.op('GlobalAveragePool', [both]), g.op('GlobalAveragePool', [y])]);
    });
    expect(blocked(ops)).toContain('com.microsoft.nchwc.GlobalAveragePool');
  });

  test('a value in blocks that is an output, is taken twice, and by nodes without a blocked form', async () => {
    const ops = await check([2, 16, 6, 6], (g, weight, x) => {
      const y = g.op('Conv', [x, weight([16, 16, 3, 3])], { pads: [1, 1, 1, 1] });
      const both = g.op('Add', [y, y]);
      const flat = g.op('Softmax', [both], { axis: 3 });
      return g.op('Concat', [flat, g.op('Conv', [both, weight([16, 16, 1, 1])])], { axis: 1 });
    });
    expect(ops).toContain('Softmax');
  });

  test('channels that do not come in blocks stay portable', async () => {
    const ops = await check([2, 5, 6, 6], (g, weight, x) => g.op('Conv', [x, weight([7, 5, 3, 3])]));
    expect(blocked(ops)).toEqual([]);
  });

  test('a graph for another provider is the portable one', async () => {
    const model = await gradientGraph([2, 16, 6, 6], (g, weight, x) =>
      g.op('Conv', [x, weight([16, 16, 3, 3])]),
    );
    const lowered = await lowerForCpu(model, { provider: 'webgpu' });
    expect(writeModel(lowered)).toEqual(writeModel(expandComposites(model)));
  });

  test('an open batch size is asked for', async () => {
    const g = new GraphBuilder({ domains: { retrievalguard: 1 } });
    const x = g.input('x', 'float32', ['batch', 16, 6, 6]);
    const w = g.constant(numbers(16 * 16 * 9), [16, 16, 3, 3]);
    g.output('y', g.op('Relu', [g.op('Conv', [x, w])]), 'float32');
    const model = g.toModel();
    const lowered = await lowerToBlocks(block!, model, { x: [3, 16, 6, 6] });
    expect(lowered.graph!.node.map(({ domain }) => domain)).toContain('com.microsoft.nchwc');
    const feeds = { x: new Tensor('float32', numbers(3 * 16 * 36), [3, 16, 6, 6]) };
    const [expected, got] = [await run(model, feeds), await run(lowered, feeds)];
    const [a, b] = [expected.y.data as Float32Array, got.y.data as Float32Array];
    expect(Math.max(...a.map((value, i) => Math.abs(value - b[i])))).toBeLessThan(1e-5);
  });
});
