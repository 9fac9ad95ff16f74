import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { Random } from '../../test/helpers/random.ts';
import { batchNorm, conv, GraphBuilder, type ModelProto, writeModel } from '../onnx/index.ts';
import { foldBatchNorm } from './fold-batch-norm.ts';

const random = new Random(3);
const values = (count: number, low = -1, high = 1) =>
  Float32Array.from({ length: count }, () => low + (high - low) * random.uniform());

/** Conv with bias → BN → depthwise Conv without → BN → a BN of its own, and a convolution used twice. */
function network(): ModelProto {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [2, 3, 6, 6]);
  const norm = (channels: number) => ({
    scale: g.constant(values(channels, 0.5, 2)),
    bias: g.constant(values(channels)),
    mean: g.constant(values(channels)),
    variance: g.constant(Float32Array.from([1e-12, ...values(channels - 1, 0.1, 2)])),
  });
  const w1 = g.constant(values(4 * 3 * 9), [4, 3, 3, 3]);
  let y = conv(g, x, w1, { bias: g.constant(values(4)), strides: [2, 2], pads: [1, 1, 1, 1] });
  y = batchNorm(g, y, norm(4), 1e-3);
  y = conv(g, y, g.constant(values(4 * 9), [4, 1, 3, 3]), { group: 4, pads: [1, 0, 1, 2] });
  y = batchNorm(g, batchNorm(g, y, norm(4)), norm(4));
  const shared = conv(g, y, g.constant(values(16), [4, 4, 1, 1]));
  y = g.op('Add', [batchNorm(g, shared, norm(4)), shared]);
  g.output('y', y, 'float32');
  return g.toModel();
}

async function run(model: ModelProto, x: Float32Array): Promise<Float32Array> {
  const session = await InferenceSession.create(writeModel(model), { graphOptimizationLevel: 'disabled' });
  const { y } = await session.run({ x: new Tensor('float32', x, [2, 3, 6, 6]) });
  await session.release();
  return y.data as Float32Array;
}

test('computes the same with the normalisation inside the convolutions', async () => {
  const model = network();
  const folded = foldBatchNorm(model);
  const count = (of: ModelProto) =>
    of.graph!.node.filter(({ opType }) => opType === 'BatchNormalization').length;
  // left: the one after another normalisation, and the one whose convolution has a second user
  expect([count(model), count(folded)]).toEqual([4, 2]);
  const x = values(2 * 3 * 36);
  const [before, after] = [await run(model, x), await run(folded, x)];
  const largest = Math.max(...before.map(Math.abs));
  for (let i = 0; i < before.length; i++) expect(Math.abs(after[i] - before[i])).toBeLessThan(2e-6 * largest);
});
