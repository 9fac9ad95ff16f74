/** Runs training steps: feeds parameters and state, and takes the new ones back. */
import { Tensor } from 'onnxruntime-node';
import { RetrievalGuardError } from '../../errors.ts';
import { type ModelProto, sizeOf } from '../../onnx/index.ts';
import { InPlaceSession } from '../../runtime/index.ts';
import { usableThreads } from '../../threads.ts';
import type { TrainingGraph } from './training-graph.ts';

/** What a step found, by the names of `TrainingGraph.statistics`. */
export type StepStatistics = Readonly<Record<string, number>>;

/**
 * A network in training. Parameters and optimiser state live in two sets of buffers that take turns as input and output, so
 * nothing is copied between steps.
 */
export class TrainingSession {
  readonly #graph: TrainingGraph;
  readonly #session: InPlaceSession;
  #current: Record<string, Tensor>;
  #next: Record<string, Tensor>;
  readonly #scalars: Record<string, { array: Float32Array; tensor: Tensor }> = {};

  private constructor(graph: TrainingGraph, session: InPlaceSession) {
    this.#graph = graph;
    this.#session = session;
    const tensors = (): Record<string, Tensor> =>
      Object.fromEntries(
        graph.carried.map(({ input, shape }) => [
          input,
          new Tensor('float32', new Float32Array(sizeOf(shape)), shape),
        ]),
      );
    this.#current = tensors();
    this.#next = tensors();
    this.restore(graph.initial);
  }

  /**
   * Opens the step.
   *
   * @param model - the graph's model without composite operators, as a lowering made it
   * @param options.threads - of ONNX Runtime; default all cores
   */
  static async create(
    graph: TrainingGraph,
    model: ModelProto,
    options: { provider?: string; threads?: number } = {},
  ): Promise<TrainingSession> {
    const { provider = 'cpu' } = options;
    const session = await InPlaceSession.create(model, {
      executionProviders: [provider],
      graphOptimizationLevel: 'all',
      intraOpNumThreads: usableThreads(options.threads),
      interOpNumThreads: 1,
      logSeverityLevel: 4,
    });
    return new TrainingSession(graph, session);
  }

  /**
   * One step.
   *
   * @param step - 1 for the first
   * @param learningRate - of the network
   * @param feeds.images - [B, C, H, W], normalised
   * @param feeds.labels - [B]
   * @param feeds.noise - by name, values in (0,1) for each of `TrainingGraph.noise`
   */
  async run(
    step: number,
    learningRate: number,
    feeds: { images: Tensor; labels: BigInt64Array; noise: Readonly<Record<string, Float32Array>> },
  ): Promise<StepStatistics> {
    const graph = this.#graph;
    const inputs: Record<string, Tensor> = {
      ...this.#current,
      [graph.imageInput]: feeds.images,
      [graph.labelsInput]: new Tensor('int64', feeds.labels, [feeds.labels.length]),
    };
    for (const { name, shape } of graph.noise) inputs[name] = new Tensor('float32', feeds.noise[name], shape);
    for (const { input, value } of graph.scalars(step, learningRate)) {
      const array = Float32Array.of(value);
      this.#scalars[input] ??= { array, tensor: new Tensor('float32', array, []) };
      this.#scalars[input].array[0] = value;
      inputs[input] = this.#scalars[input].tensor;
    }
    const statistics = Object.entries(graph.statistics).map(([name, output]) => {
      return { name, output, tensor: new Tensor('float32', new Float32Array(1), []) };
    });
    const outputs: Record<string, Tensor> = {};
    for (const { output, tensor } of statistics) outputs[output] = tensor;
    for (const { input, output } of graph.carried) outputs[output] = this.#next[input];
    await this.#session.run(inputs, outputs);
    [this.#current, this.#next] = [this.#next, this.#current];
    return Object.fromEntries(statistics.map(({ name, tensor }) => [name, Number(tensor.data[0])]));
  }

  /** Parameters and optimiser state as they are now, by input name: views, overwritten by later steps. */
  state(): Record<string, { shape: readonly number[]; data: Float32Array }> {
    return Object.fromEntries(
      this.#graph.carried.map(({ input, shape }) => [
        input,
        { shape, data: this.#current[input].data as Float32Array },
      ]),
    );
  }

  /** Sets parameters or state by input name; what is not named stays. */
  restore(values: Iterable<readonly [name: string, data: Float32Array]>): void {
    for (const [name, data] of values) {
      const target = this.#current[name]?.data as Float32Array | undefined;
      if (target === undefined) continue; // a parameter that the loss does not depend on
      if (target.length !== data.length) {
        throw new RetrievalGuardError('RUN_INVALID', {
          expected: `${target.length} values for '${name}'`,
          got: String(data.length),
          fix: 'The checkpoint belongs to another network; train into another folder.',
        });
      }
      target.set(data);
    }
  }

  /** Frees the step. */
  release(): Promise<void> {
    return this.#session.release();
  }
}
