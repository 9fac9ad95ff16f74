import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { expandComposites } from '../../autodiff/index.ts';
import { gemm, GraphBuilder, l2normalize, sizeOf, writeModel } from '../../onnx/index.ts';
import { LOSSES, type LossName } from '../losses/index.ts';
import { MINERS } from '../miners/index.ts';
import { OPTIMIZERS } from '../optimizers/index.ts';
import { buildTrainingGraph } from './training-graph.ts';
import { TrainingSession } from './training-session.ts';

const [CLASSES, PER_CLASS, PIXELS, DIMENSION] = [3, 2, 16, 4];
const BATCH = CLASSES * PER_CLASS;

const numbers = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(1 + (i + seed) * (i + 3)));

/** A network of one layer. */
function model() {
  const g = new GraphBuilder();
  const image = g.input('image', 'float32', ['batch', 1, 4, 4]);
  const weight = g.constant(numbers(PIXELS * DIMENSION, 1), [PIXELS, DIMENSION], { name: 'weight' });
  const embedding = l2normalize(g, gemm(g, g.op('Flatten', [image], { axis: 1 }), weight));
  g.output('embedding', embedding, 'float32', ['batch', DIMENSION]);
  return g.toModel();
}

test.each(Object.keys(LOSSES) as LossName[])(
  '%s: steps have the parameters, the state and the statistics of ONNX Runtime run by hand',
  async (name) => {
    const graph = await buildTrainingGraph({
      model: model(),
      parameters: ['weight'],
      imageShape: [BATCH, 1, 4, 4],
      dimension: DIMENSION,
      perClass: PER_CLASS,
      classes: CLASSES,
      loss: LOSSES[name].create(),
      miner: LOSSES[name].miner === 'none' ? null : MINERS.hard.create(),
      optimizer: OPTIMIZERS.adam(),
      learningRate: 0.01,
      weightDecay: 0,
    });
    const step = expandComposites(graph.model);
    const session = await TrainingSession.create(graph, step, { threads: 1 });
    const plain = await InferenceSession.create(writeModel(step), { logSeverityLevel: 4 });

    const images = new Tensor('float32', numbers(BATCH * PIXELS, 5), [BATCH, 1, 4, 4]);
    const labels = BigInt64Array.from({ length: BATCH }, (_, i) => BigInt(Math.floor(i / PER_CLASS)));
    const noise = Object.fromEntries(
      graph.noise.map((input) => [input.name, new Float32Array(sizeOf(input.shape)).fill(0.5)]),
    );
    let state: Record<string, Tensor> = Object.fromEntries(
      graph.carried.map(({ input, shape }) => {
        const data = graph.initial.get(input) ?? new Float32Array(sizeOf(shape));
        return [input, new Tensor('float32', data.slice(), shape)];
      }),
    );
    for (let number = 1; number <= 3; number++) {
      const statistics = await session.run(number, 0.01, { images, labels, noise });
      const results = await plain.run({
        ...state,
        [graph.imageInput]: images,
        [graph.labelsInput]: new Tensor('int64', labels, [BATCH]),
        ...Object.fromEntries(
          graph.noise.map((input) => [input.name, new Tensor('float32', noise[input.name], input.shape)]),
        ),
        ...Object.fromEntries(
          graph
            .scalars(number, 0.01)
            .map(({ input, value }) => [input, new Tensor('float32', Float32Array.of(value), [])]),
        ),
      });
      expect(Object.keys(statistics)).toContain('gradientNorm');
      for (const [statistic, output] of Object.entries(graph.statistics))
        expect(statistics[statistic]).toBeCloseTo(Number(results[output].data[0]), 5);
      state = Object.fromEntries(graph.carried.map(({ input, output }) => [input, results[output]]));
      for (const [input, { data }] of Object.entries(session.state())) {
        const expected = state[input].data as Float32Array;
        expect(data.length).toBe(expected.length);
        data.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
      }
    }
    const { weight } = session.state();
    expect(weight.data).not.toEqual(graph.initial.get('weight'));
    await session.release();
    await plain.release();
  },
);
