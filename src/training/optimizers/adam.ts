/**
 * Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019).
 *
 *     m ← β₁m + (1 − β₁)g        v ← β₂v + (1 − β₂)g²
 *     p ← p − η (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
 *
 * The state holds M = m/(1 − β₁) and V = v/(1 − β₂) instead, which spares a pass over the tensor each; all constants
 * go into two scalars of the step, and what is computed is
 *
 *     M ← β₁M + g        V ← β₂V + g²        p ← p − a M / (√V + e)
 *     a = η (1 − β₁)/(1 − β₁ᵗ) √((1 − β₂ᵗ)/(1 − β₂))        e = ε √((1 − β₂ᵗ)/(1 − β₂))
 */
import { RetrievalGuardError } from '../../errors.ts';
import type { Value } from '../../onnx/index.ts';
import type { Optimizer } from './optimizer.ts';
import { constantOfRank } from '../../runtime/index.ts';

/** Options of {@link adam}; the defaults are PyTorch's. */
export interface AdamOptions {
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
  /** Default 1e-8. */
  epsilon?: number;
  /**
   * How weight decay λ acts. 'l2' (default): g ← g + λp before all else. 'decoupled', AdamW: p ← (1 − ηλ)p, apart from
   * the gradient.
   */
  decay?: 'l2' | 'decoupled';
}

/**
 * Adam.
 *
 * @throws RetrievalGuardError OPTION_INVALID unless 0 ≤ β < 1 and ε > 0
 */
export function adam(options: AdamOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decay = 'l2' } = options;
  const isBeta = (beta: number): boolean => beta >= 0 && beta < 1;
  if (!isBeta(beta1) || !isBeta(beta2) || !(epsilon > 0)) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: '0 <= beta < 1 and epsilon > 0',
      got: `beta1 = ${beta1}, beta2 = ${beta2}, epsilon = ${epsilon}`,
    });
  }
  const decoupled = decay === 'decoupled';
  return {
    name: decoupled ? 'adamw' : 'adam',
    state: ['moment1', 'moment2'],
    scalars: decoupled ? ['step_size', 'epsilon', 'keep'] : ['step_size', 'epsilon'],
    scalarValues(step, learningRate, weightDecay) {
      const root = Math.sqrt((1 - beta2 ** step) / (1 - beta2));
      const stepSize = ((learningRate * (1 - beta1)) / (1 - beta1 ** step)) * root;
      const scalars = [stepSize, epsilon * root];
      return decoupled ? [...scalars, 1 - learningRate * weightDecay] : scalars;
    },
    build(g, { parameter, gradient, state: [m, v], scalars: [stepSize, e, keep], weightDecay, names }) {
      const constant = (value: number): Value => constantOfRank(g, value, parameter.shape?.length ?? 0);
      const [name1, name2] = names?.state ?? [];
      let slope = gradient;
      let shrunk = parameter;
      if (weightDecay > 0) {
        if (decoupled) shrunk = g.op('Mul', [parameter, keep]);
        else slope = g.op('Add', [gradient, g.op('Mul', [parameter, constant(weightDecay)])]);
      }
      const moment1 = g.op('Add', [g.op('Mul', [m, constant(beta1)]), slope], {}, { name: name1 });
      const squared = g.op('Mul', [slope, slope]);
      const moment2 = g.op('Add', [g.op('Mul', [v, constant(beta2)]), squared], {}, { name: name2 });
      const root = g.op('Add', [g.op('Sqrt', [moment2]), e]);
      const step = g.op('Mul', [g.op('Div', [moment1, root]), stepSize]);
      const moved = g.op('Sub', [shrunk, step], {}, { name: names?.parameter });
      return { parameter: moved, state: [moment1, moment2] };
    },
  };
}
