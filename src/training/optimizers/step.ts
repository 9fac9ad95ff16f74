/** The optimiser's step for all parameters of a network, with the inputs and outputs through which state goes around. */
import { RetrievalGuardError } from '../../errors.ts';
import type { GraphBuilder, Value } from '../../onnx/index.ts';
import { clipByGlobalNorm } from './clip.ts';
import type { Optimizer, ParameterGroup } from './optimizer.ts';
import { scalarOfRank } from '../../runtime/index.ts';

/** A parameter to train. */
export interface TrainedParameter {
  /** Unique; the tensors of its state are called after it. */
  name: string;
  shape: readonly number[];
  /** An input of the graph. */
  value: Value;
  /** Of the same shape. */
  gradient: Value;
  /** Index into the groups; default 0. */
  group?: number;
}

/** Options of {@link addOptimizerStep}. */
export interface OptimizerStepOptions {
  /** Default one group with the defaults of {@link ParameterGroup}. */
  groups?: readonly ParameterGroup[];
  /** Largest global norm of the gradients, > 0; default none. */
  clipNorm?: number;
}

/** A tensor that goes around: the output of one step is the input of the next. */
export interface CarriedTensor {
  /** Name of the graph's input. */
  input: string;
  /** Name of the graph's output. */
  output: string;
  shape: readonly number[];
}

/** What a trainer feeds and fetches. */
export interface OptimizerStep {
  /** The parameters, in the given order. */
  parameters: CarriedTensor[];
  /** State tensors; each is zero before the first step. */
  state: CarriedTensor[];
  /** Output: the global norm of the gradients before clipping, float32 scalar. */
  gradientNorm: string;
  /**
   * The scalar inputs of one step.
   *
   * @param step - 1 for the first
   * @param learningRate - as scheduled; the groups' multipliers are applied here
   */
  scalars(step: number, learningRate: number): { input: string; value: number }[];
}

/**
 * Adds one step of `optimizer` to a graph that has the parameters as inputs and computes their gradients. Declares inputs for
 * state (`NAME.moment1`) and scalars (`optimizer.0.step_size`, 0 the group), and outputs for the new parameters
 * (`NAME.new`), the new state (`NAME.moment1.new`) and `gradient_norm`.
 *
 * @throws RetrievalGuardError OPTION_INVALID for a bad group or limit, or without parameters
 */
export function addOptimizerStep(
  g: GraphBuilder,
  optimizer: Optimizer,
  parameters: readonly TrainedParameter[],
  options: OptimizerStepOptions = {},
): OptimizerStep {
  const { groups = [{}], clipNorm } = options;
  check(parameters, groups, clipNorm);
  const inputName = (group: number, scalar: string): string => `optimizer.${group}.${scalar}`;
  // groups that no parameter is in get no inputs
  const used = groups.map((_, i) => parameters.some(({ group = 0 }) => group === i));
  const scalars = groups.map((_, i) =>
    used[i] ? optimizer.scalars.map((name) => g.input(inputName(i, name), 'float32', [])) : [],
  );
  const clipped = clipByGlobalNorm(
    g,
    parameters.map(({ gradient }) => gradient),
    clipNorm,
    parameters.map(({ shape }) => shape.length),
  );
  g.output('gradient_norm', clipped.norm, 'float32', []);

  const newName = (input: string): string => `${input}.new`;
  const carry = (input: string, value: Value, shape: readonly number[]): CarriedTensor => {
    const output = newName(input);
    g.output(output, value, 'float32', shape);
    return { input, output, shape };
  };
  const carriedState: CarriedTensor[] = [];
  const carriedParameters = parameters.map(({ name, shape, value, group = 0 }, i) => {
    const { weightDecay = 0 } = groups[group];
    const stateNames = optimizer.state.map((part) => `${name}.${part}`);
    const updated = optimizer.build(g, {
      parameter: { ...value, shape },
      gradient: clipped.gradients[i],
      state: stateNames.map((stateName) => g.input(stateName, 'float32', shape)),
      scalars: scalars[group].map((scalar) => scalarOfRank(g, scalar, shape.length)),
      weightDecay,
      // written straight into the outputs
      names: { parameter: newName(value.name), state: stateNames.map(newName) },
    });
    stateNames.forEach((stateName, k) => carriedState.push(carry(stateName, updated.state[k], shape)));
    return carry(value.name, updated.parameter, shape);
  });

  return {
    parameters: carriedParameters,
    state: carriedState,
    gradientNorm: 'gradient_norm',
    scalars: (step, learningRate) =>
      groups.flatMap(({ learningRate: multiplier = 1, weightDecay = 0 }, i) => {
        const values = optimizer.scalarValues(step, learningRate * multiplier, weightDecay);
        return used[i]
          ? optimizer.scalars.map((name, k) => ({ input: inputName(i, name), value: values[k] }))
          : [];
      }),
  };
}

function check(
  parameters: readonly TrainedParameter[],
  groups: readonly ParameterGroup[],
  clipNorm: number | undefined,
): void {
  const bad = (expected: string, got: string): RetrievalGuardError =>
    new RetrievalGuardError('OPTION_INVALID', { expected, got });
  if (parameters.length === 0) throw bad('a parameter to train', 'none');
  for (const { name, group = 0 } of parameters) {
    if (groups[group] === undefined)
      throw bad(`a parameter group for '${name}'`, `group ${group} of ${groups.length}`);
  }
  for (const { learningRate = 1, weightDecay = 0 } of groups) {
    if (!(learningRate >= 0 && learningRate < Infinity && weightDecay >= 0 && weightDecay < Infinity)) {
      throw bad(
        'a learning rate multiplier and a weight decay of at least 0',
        `learning rate × ${learningRate}, weight decay ${weightDecay}`,
      );
    }
  }
  if (clipNorm !== undefined && !(clipNorm > 0 && clipNorm < Infinity)) {
    throw bad('a limit > 0 for the norm of the gradients', String(clipNorm));
  }
}
