/** The benchmark's networks with loss, gradients and optimiser in one graph. */
import { addGradients, measureGraph } from '../../src/autodiff/index.ts';
import { GraphBuilder, type ModelProto, sizeOf, type TensorProto, type Value } from '../../src/onnx/index.ts';
import { foldBatchNorm } from '../../src/training/graph/fold-batch-norm.ts';
import { adam } from '../../src/training/optimizers/index.ts';
import { trainableParameters } from '../../src/training/trainable.ts';
import type { Forward } from './model.ts';
import { DIMENSION, type TrainingNetwork } from './networks.ts';

/** A graph to run: before composite operators are written out. */
export interface TrainingGraph {
  model: ModelProto;
  /** Tensors that go around, in the order of the outputs `NAME.new`; the moments start at zero. */
  carried: { name: string; shape: number[]; initial?: TensorProto }[];
}

/** Scalars of one step of Adam, by name of the graph's input. */
export function stepScalars(step: number, rate: number): Record<string, number> {
  const optimizer = adam();
  const values = optimizer.scalarValues(step, rate, 0);
  return Object.fromEntries(optimizer.scalars.map((name, i) => [name, values[i]]));
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
  const optimizer = adam();
  const scalars = optimizer.scalars.map((name) => extended.input(name, 'float32', []));
  const carried: TrainingGraph['carried'] = [];
  for (const [i, { name, shape }] of trained.entries()) {
    const state = optimizer.state.map((part) => extended.input(`${name}.${part}`, 'float32', shape));
    const parameter = extended.value(name);
    const gradient = gradients.get(name)!;
    const updated = optimizer.build(extended, { parameter, gradient, state, scalars, weightDecay: 0 });
    [parameter, ...state].forEach((value, k) => {
      const after = k === 0 ? updated.parameter : updated.state[k - 1];
      extended.output(`${value.name}.new`, after, 'float32', shape);
      carried.push({ name: value.name, shape, ...(k === 0 ? { initial: initial[i] } : {}) });
    });
  }
  return { model: extended.toModel(), carried };
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
  return { model: extended.toModel(), carried: [] };
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
