/** Which operators can be differentiated, and how: one file per operator in ops/. */
import { addRule } from './ops/add.ts';
import { convRule } from './ops/conv.ts';
import { identityRule } from './ops/identity.ts';
import { matMulRule } from './ops/mat-mul.ts';
import { maxPoolRule } from './ops/max-pool.ts';
import { reluRule } from './ops/relu.ts';
import type { Rule } from './site.ts';

/** The operators with a gradient rule; a name without a rule in {@link RULES} does not compile. */
export const DIFFERENTIABLE = ['Add', 'Conv', 'Identity', 'MatMul', 'MaxPool', 'Relu'] as const;

/** One of {@link DIFFERENTIABLE}. */
export type DifferentiableOp = (typeof DIFFERENTIABLE)[number];

/** Operator → gradient rule. */
export const RULES: { readonly [Op in DifferentiableOp]: Rule } = {
  Add: addRule,
  Conv: convRule,
  Identity: identityRule,
  MatMul: matMulRule,
  MaxPool: maxPoolRule,
  Relu: reluRule,
};

/**
 * Operators whose outputs are constant almost everywhere, or integers and booleans: no gradient passes. Those of
 * random numbers too.
 */
export const STOPS: ReadonlySet<string> = new Set([
  'Shape',
  'Size',
  'ArgMax',
  'ArgMin',
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
  'Not',
  'And',
  'Or',
  'Xor',
  'IsNaN',
  'IsInf',
  'Sign',
  'Floor',
  'Ceil',
  'Round',
  'NonZero',
  'OneHot',
  'Range',
  'ConstantOfShape',
  'Constant',
  'EyeLike',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Bernoulli',
  'Multinomial',
]);

/** Whether an operator has a rule. */
export function isDifferentiable(op: string): op is DifferentiableOp {
  return op in RULES;
}
