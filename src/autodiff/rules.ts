/** Which operators can be differentiated, and how: their rules stand in ops/. */
import { CONVOLUTIONS } from './ops/convolution.ts';
import { ELEMENTWISE } from './ops/elementwise.ts';
import { GATHERINGS } from './ops/gathering.ts';
import { NORMALIZATIONS } from './ops/normalization.ts';
import { POOLINGS } from './ops/pooling.ts';
import { PRODUCTS } from './ops/products.ts';
import { REDUCTIONS } from './ops/reductions.ts';
import { RESAMPLINGS } from './ops/resampling.ts';
import { SHAPES } from './ops/shapes.ts';
import type { Rule } from './site.ts';

/** Operator → gradient rule. */
export const RULES = {
  ...CONVOLUTIONS,
  ...ELEMENTWISE,
  ...GATHERINGS,
  ...NORMALIZATIONS,
  ...POOLINGS,
  ...PRODUCTS,
  ...REDUCTIONS,
  ...RESAMPLINGS,
  ...SHAPES,
} satisfies Record<string, Rule>;

/** An operator that has a rule. */
export type DifferentiableOp = keyof typeof RULES;
/** The operators that have a rule. */
export const DIFFERENTIABLE = Object.keys(RULES) as readonly DifferentiableOp[];

/**
 * Operators whose outputs are constant almost everywhere, or integers and booleans: no gradient passes. Those of
 * random numbers too.
 */
export const STOPS: ReadonlySet<string> = new Set(
  `Shape Size ArgMax ArgMin Equal Greater GreaterOrEqual Less LessOrEqual Not And Or Xor IsNaN IsInf Sign Floor Ceil Round NonZero
  OneHot Range ConstantOfShape Constant EyeLike RandomNormal RandomNormalLike RandomUniform RandomUniformLike Bernoulli
  Multinomial`.split(/\s+/),
);

/** Whether an operator has a rule. */
export function isDifferentiable(op: string): op is DifferentiableOp {
  return Object.hasOwn(RULES, op);
}
