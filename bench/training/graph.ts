/** The benchmark's networks with loss, gradients and optimiser in one graph. */
import { addGradients, measureGraph } from '../../src/autodiff/index.ts';
import { GraphBuilder, type ModelProto, sizeOf, type TensorProto, type Value } from '../../src/onnx/index.ts';
import { foldBatchNorm } from '../../src/runtime/index.ts';
import { adam, addOptimizerStep } from '../../src/training/optimizers/index.ts';
import { trainableParameters } from '../../src/training/trainable.ts';
import { RATE } from './files.ts';
import type { Forward } from './model.ts';
import { DIMENSION, type TrainingNetwork } from './networks.ts';

/** A graph to run: before composite operators are written out. */
export interface TrainingGraph {
  model: ModelProto;
  /** Tensors that go around: what comes out is the next step's input. The optimiser's state starts at zero. */
  carried: { input: string; output: string; shape: readonly number[]; initial?: TensorProto }[];
  /** Scalars to feed in step 1, 2, … */
  scalars(step: number): { input: string; value: number }[];
}

const DOMAINS = { retrievalguard: 1 };

/** Σ (embedding − target)² / N, one step of Adam on all weights but those of the batch normalisation. */
export async function stepGraph(network: TrainingNetwork, { model }: Forward): Promise<TrainingGraph> {
  const trained = trainableParameters(model);
  const g = GraphBuilder.extending(foldBatchNorm(model));
  const initial = trained.map(({ name }) => g.promote(name));
  const loss = addLoss(g, network);
  const measured = await measureGraph(g.toModel());
  const extended = GraphBuilder.extending(measured.model, { domains: DOMAINS });
  const wrt = trained.map(({ name }) => name);
  const one = extended.constant(Float32Array.of(1), []);
  const gradients = addGradients(extended, measured, { upstream: { [loss]: one }, wrt });
  const step = addOptimizerStep(
    extended,
    adam(),
    trained.map(({ name, shape }) => {
      return { name, shape, value: extended.value(name), gradient: gradients.get(name)! };
    }),
  );
  const weights = new Map(initial.map((tensor) => [tensor.name, tensor]));
  const carried = [...step.parameters, ...step.state].map(({ input, output, shape }) => {
    return { input, output, shape, initial: weights.get(input) };
  });
  return { model: extended.toModel(), carried, scalars: (number) => step.scalars(number, RATE) };
}

/** The same loss's gradient with respect to the images; the weights are constants. */
export async function inputGraph(network: TrainingNetwork, { model }: Forward): Promise<TrainingGraph> {
  const g = GraphBuilder.extending(foldBatchNorm(model));
  const loss = addLoss(g, network);
  const measured = await measureGraph(g.toModel());
  const extended = GraphBuilder.extending(measured.model, { domains: DOMAINS });
  const one = extended.constant(Float32Array.of(1), []);
  const gradients = addGradients(extended, measured, { upstream: { [loss]: one }, wrt: ['image'] });
  extended.output('gradient', gradients.get('image')!, 'float32', [...network.images]);
  return { model: extended.toModel(), carried: [], scalars: () => [] };
}

/** Replaces the output by the loss; returns its name. */
function addLoss(g: GraphBuilder, { images }: TrainingNetwork): string {
  const target = g.input('target', 'float32', [images[0], DIMENSION]);
  const away = g.op('Sub', [g.value('embedding'), target]);
  const total: Value = g.op('ReduceSum', [g.op('Mul', [away, away])], { keepdims: 0 });
  g.clearOutputs();
  g.output('loss', g.op('Mul', [total, g.float32(1 / images[0])]), 'float32', []);
  return 'loss';
}

/** Bytes of the tensors that go around. */
export const carriedBytes = ({ carried }: TrainingGraph): number =>
  carried.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
