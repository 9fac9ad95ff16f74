/** What an optimiser is: a recipe for one step, as nodes of a graph. */
import type { GraphBuilder, Value } from '../../onnx/index.ts';

/** Parameters that share a learning rate and a weight decay. */
export interface ParameterGroup {
  /** Multiplies the scheduled learning rate; default 1. */
  learningRate?: number;
  /** Default 0. */
  weightDecay?: number;
}

/** One parameter in the graph. */
export interface Update {
  /** The parameter before the step. */
  parameter: Value;
  /** The loss's gradient, of the same shape. */
  gradient: Value;
  /** The state before the step, one value for each of {@link Optimizer.state}, shaped like the parameter. */
  state: readonly Value[];
  /** Float32 scalars of this step, one for each of {@link Optimizer.scalars}, with as many axes of size 1 as the parameter has. */
  scalars: readonly Value[];
  weightDecay: number;
  /** What to call the new values; default made up. */
  names?: { parameter: string; state: readonly string[] };
}

/** The new values. */
export interface Updated {
  parameter: Value;
  state: Value[];
}

/**
 * An optimiser: pure functions, no state of its own. The step's state lives in tensors that the caller feeds and gets
 * back; what depends on the step number or the learning rate comes in as scalars, worked out in float64.
 */
export interface Optimizer {
  readonly name: string;
  /** Names of the state tensors of a parameter. All have its shape and start at zero. */
  readonly state: readonly string[];
  /** Names of the scalar inputs. */
  readonly scalars: readonly string[];
  /**
   * The scalars of one step.
   *
   * @param step - 1 for the first
   * @param learningRate - that of the parameter's group
   * @param weightDecay - that of the parameter's group
   */
  scalarValues(step: number, learningRate: number, weightDecay: number): number[];
  /** Adds the nodes of one parameter's step. */
  build(g: GraphBuilder, update: Update): Updated;
}
