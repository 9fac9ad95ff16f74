/**
 * Stochastic gradient descent with momentum (Sutskever, Martens, Dahl, Hinton 2013), in PyTorch's form, where the
 * learning rate scales the step and not the velocity:
 *
 *     b ← μb + g        p ← p − ηb        (Nesterov: p ← p − η(g + μb))
 */
import { RetrievalGuardError } from '../../errors.ts';
import type { Value } from '../../onnx/index.ts';
import type { Optimizer } from './optimizer.ts';
import { constantOfRank } from '../../runtime/index.ts';

/** Options of {@link sgd}. */
export interface SgdOptions {
  /** μ; default 0.9. Without momentum, 0, there is no state. */
  momentum?: number;
  /** Default false. */
  nesterov?: boolean;
}

/**
 * SGD; weight decay λ adds λp to the gradient.
 *
 * @throws RetrievalGuardError OPTION_INVALID unless 0 ≤ μ < 1, and μ > 0 for Nesterov's form
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum = 0.9, nesterov = false } = options;
  if (!(momentum >= 0 && momentum < 1) || (nesterov && momentum === 0)) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: nesterov ? '0 < momentum < 1 with nesterov' : '0 <= momentum < 1',
      got: `momentum = ${momentum}`,
    });
  }
  return {
    name: 'sgd',
    state: momentum > 0 ? ['velocity'] : [],
    scalars: ['learning_rate'],
    scalarValues: (_step, learningRate) => [learningRate],
    build(g, { parameter, gradient, state: [b], scalars: [learningRate], weightDecay, names }) {
      const constant = (value: number): Value => constantOfRank(g, value, parameter.shape?.length ?? 0);
      const decayed = (): Value => g.op('Add', [gradient, g.op('Mul', [parameter, constant(weightDecay)])]);
      const slope = weightDecay > 0 ? decayed() : gradient;
      const descend = (direction: Value): Value =>
        g.op('Sub', [parameter, g.op('Mul', [direction, learningRate])], {}, { name: names?.parameter });
      if (momentum === 0) return { parameter: descend(slope), state: [] };
      const mu = constant(momentum);
      const velocity = g.op('Add', [g.op('Mul', [b, mu]), slope], {}, { name: names?.state[0] });
      const direction = nesterov ? g.op('Add', [slope, g.op('Mul', [velocity, mu])]) : velocity;
      return { parameter: descend(direction), state: [velocity] };
    },
  };
}
