/** Which operators can be differentiated, and how: their rules stand in ops/. */
import { averagePoolRule } from './ops/average-pool.ts';
import { batchNormalizationRule } from './ops/batch-normalization.ts';
import { convRule } from './ops/conv.ts';
import { convTransposeRule } from './ops/conv-transpose.ts';
import { einsumRule } from './ops/einsum.ts';
import { ELEMENTWISE } from './ops/elementwise.ts';
import { gatherRule } from './ops/gather.ts';
import { gatherElementsRule } from './ops/gather-elements.ts';
import { gemmRule } from './ops/gemm.ts';
import { globalAveragePoolRule } from './ops/global-average-pool.ts';
import { globalMaxPoolRule } from './ops/global-max-pool.ts';
import { groupNormalizationRule } from './ops/group-normalization.ts';
import { instanceNormalizationRule } from './ops/instance-normalization.ts';
import { layerNormalizationRule } from './ops/layer-normalization.ts';
import { matMulRule } from './ops/mat-mul.ts';
import { maxPoolRule } from './ops/max-pool.ts';
import { padRule } from './ops/pad.ts';
import { REDUCTIONS } from './ops/reductions.ts';
import { resizeRule } from './ops/resize.ts';
import { SHAPES } from './ops/shapes.ts';
import type { Rule } from './site.ts';

/** Operator → gradient rule. */
export const RULES = {
  ...ELEMENTWISE,
  ...REDUCTIONS,
  ...SHAPES,
  AveragePool: averagePoolRule,
  BatchNormalization: batchNormalizationRule,
  Conv: convRule,
  ConvTranspose: convTransposeRule,
  Einsum: einsumRule,
  Gather: gatherRule,
  GatherElements: gatherElementsRule,
  Gemm: gemmRule,
  GlobalAveragePool: globalAveragePoolRule,
  GlobalMaxPool: globalMaxPoolRule,
  GroupNormalization: groupNormalizationRule,
  InstanceNormalization: instanceNormalizationRule,
  LayerNormalization: layerNormalizationRule,
  MatMul: matMulRule,
  MaxPool: maxPoolRule,
  Pad: padRule,
  Resize: resizeRule,
  Upsample: resizeRule,
} satisfies Record<string, Rule>;

/** An operator that has a rule. */
export type DifferentiableOp = keyof typeof RULES;
/** The operators that have a rule. */
export const DIFFERENTIABLE = Object.keys(RULES) as readonly DifferentiableOp[];

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
  return Object.hasOwn(RULES, op);
}
