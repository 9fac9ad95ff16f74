/** Which operators can be differentiated, and how: one file per operator in ops/. */
import { absRule } from './ops/abs.ts';
import { addRule } from './ops/add.ts';
import { averagePoolRule } from './ops/average-pool.ts';
import { batchNormalizationRule } from './ops/batch-normalization.ts';
import { castRule } from './ops/cast.ts';
import { clipRule } from './ops/clip.ts';
import { concatRule } from './ops/concat.ts';
import { convRule } from './ops/conv.ts';
import { convTransposeRule } from './ops/conv-transpose.ts';
import { cosRule } from './ops/cos.ts';
import { cumSumRule } from './ops/cum-sum.ts';
import { depthToSpaceRule } from './ops/depth-to-space.ts';
import { divRule } from './ops/div.ts';
import { dropoutRule } from './ops/dropout.ts';
import { einsumRule } from './ops/einsum.ts';
import { eluRule } from './ops/elu.ts';
import { erfRule } from './ops/erf.ts';
import { expRule } from './ops/exp.ts';
import { expandRule } from './ops/expand.ts';
import { gatherRule } from './ops/gather.ts';
import { gatherElementsRule } from './ops/gather-elements.ts';
import { fastGeluRule, geluRule, quickGeluRule } from './ops/gelu.ts';
import { gemmRule } from './ops/gemm.ts';
import { globalAveragePoolRule } from './ops/global-average-pool.ts';
import { globalMaxPoolRule } from './ops/global-max-pool.ts';
import { groupNormalizationRule } from './ops/group-normalization.ts';
import { hardSigmoidRule } from './ops/hard-sigmoid.ts';
import { hardSwishRule } from './ops/hard-swish.ts';
import { identityRule } from './ops/identity.ts';
import { instanceNormalizationRule } from './ops/instance-normalization.ts';
import { layerNormalizationRule } from './ops/layer-normalization.ts';
import { leakyReluRule } from './ops/leaky-relu.ts';
import { logRule } from './ops/log.ts';
import { logSoftmaxRule } from './ops/log-softmax.ts';
import { lpNormalizationRule } from './ops/lp-normalization.ts';
import { matMulRule } from './ops/mat-mul.ts';
import { maxRule } from './ops/max.ts';
import { maxPoolRule } from './ops/max-pool.ts';
import { meanRule } from './ops/mean.ts';
import { mulRule } from './ops/mul.ts';
import { negRule } from './ops/neg.ts';
import { pReluRule } from './ops/p-relu.ts';
import { padRule } from './ops/pad.ts';
import { powRule } from './ops/pow.ts';
import { reciprocalRule } from './ops/reciprocal.ts';
import { reduceL1Rule } from './ops/reduce-l1.ts';
import { reduceL2Rule } from './ops/reduce-l2.ts';
import { reduceLogSumExpRule } from './ops/reduce-log-sum-exp.ts';
import { reduceLogSumRule } from './ops/reduce-log-sum.ts';
import { reduceMaxRule } from './ops/reduce-max.ts';
import { reduceMeanRule } from './ops/reduce-mean.ts';
import { reduceProdRule } from './ops/reduce-prod.ts';
import { reduceSumRule } from './ops/reduce-sum.ts';
import { reduceSumSquareRule } from './ops/reduce-sum-square.ts';
import { reluRule } from './ops/relu.ts';
import { reshapeRule } from './ops/reshape.ts';
import { resizeRule } from './ops/resize.ts';
import { sigmoidRule } from './ops/sigmoid.ts';
import { sinRule } from './ops/sin.ts';
import { sliceRule } from './ops/slice.ts';
import { softmaxRule } from './ops/softmax.ts';
import { softplusRule } from './ops/softplus.ts';
import { spaceToDepthRule } from './ops/space-to-depth.ts';
import { splitRule } from './ops/split.ts';
import { sqrtRule } from './ops/sqrt.ts';
import { subRule } from './ops/sub.ts';
import { sumRule } from './ops/sum.ts';
import { tanhRule } from './ops/tanh.ts';
import { tileRule } from './ops/tile.ts';
import { transposeRule } from './ops/transpose.ts';
import { triluRule } from './ops/trilu.ts';
import { whereRule } from './ops/where.ts';
import type { Rule } from './site.ts';

/** The operators with a gradient rule; a name without a rule in {@link RULES} does not compile. */
export const DIFFERENTIABLE = [
  'Abs',
  'Add',
  'AveragePool',
  'BatchNormalization',
  'Cast',
  'Clip',
  'Concat',
  'Conv',
  'ConvTranspose',
  'Cos',
  'CumSum',
  'DepthToSpace',
  'Div',
  'Dropout',
  'Einsum',
  'Elu',
  'Erf',
  'Exp',
  'Expand',
  'FastGelu',
  'Flatten',
  'Gather',
  'GatherElements',
  'Gelu',
  'Gemm',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'GroupNormalization',
  'HardSigmoid',
  'HardSwish',
  'Identity',
  'InstanceNormalization',
  'LayerNormalization',
  'LeakyRelu',
  'Log',
  'LogSoftmax',
  'LpNormalization',
  'MatMul',
  'Max',
  'MaxPool',
  'Mean',
  'Min',
  'Mul',
  'Neg',
  'PRelu',
  'Pad',
  'Pow',
  'QuickGelu',
  'Reciprocal',
  'ReduceL1',
  'ReduceL2',
  'ReduceLogSum',
  'ReduceLogSumExp',
  'ReduceMax',
  'ReduceMean',
  'ReduceMin',
  'ReduceProd',
  'ReduceSum',
  'ReduceSumSquare',
  'Relu',
  'Reshape',
  'Resize',
  'Upsample',
  'Sigmoid',
  'Sin',
  'Slice',
  'Softmax',
  'Softplus',
  'SpaceToDepth',
  'Split',
  'Sqrt',
  'Squeeze',
  'Sub',
  'Sum',
  'Tanh',
  'Tile',
  'Transpose',
  'Trilu',
  'Unsqueeze',
  'Where',
] as const;

/** One of {@link DIFFERENTIABLE}. */
export type DifferentiableOp = (typeof DIFFERENTIABLE)[number];

/** Operator → gradient rule. */
export const RULES: { readonly [Op in DifferentiableOp]: Rule } = {
  Abs: absRule,
  Add: addRule,
  AveragePool: averagePoolRule,
  BatchNormalization: batchNormalizationRule,
  Cast: castRule,
  Clip: clipRule,
  Concat: concatRule,
  Conv: convRule,
  ConvTranspose: convTransposeRule,
  Cos: cosRule,
  CumSum: cumSumRule,
  DepthToSpace: depthToSpaceRule,
  Div: divRule,
  Dropout: dropoutRule,
  Einsum: einsumRule,
  Elu: eluRule,
  Erf: erfRule,
  Exp: expRule,
  Expand: expandRule,
  FastGelu: fastGeluRule,
  Flatten: reshapeRule,
  Gather: gatherRule,
  GatherElements: gatherElementsRule,
  Gelu: geluRule,
  Gemm: gemmRule,
  GlobalAveragePool: globalAveragePoolRule,
  GlobalMaxPool: globalMaxPoolRule,
  GroupNormalization: groupNormalizationRule,
  HardSigmoid: hardSigmoidRule,
  HardSwish: hardSwishRule,
  Identity: identityRule,
  InstanceNormalization: instanceNormalizationRule,
  LayerNormalization: layerNormalizationRule,
  LeakyRelu: leakyReluRule,
  Log: logRule,
  LogSoftmax: logSoftmaxRule,
  LpNormalization: lpNormalizationRule,
  MatMul: matMulRule,
  Max: maxRule,
  MaxPool: maxPoolRule,
  Mean: meanRule,
  Min: maxRule,
  Mul: mulRule,
  Neg: negRule,
  PRelu: pReluRule,
  Pad: padRule,
  Pow: powRule,
  QuickGelu: quickGeluRule,
  Reciprocal: reciprocalRule,
  ReduceL1: reduceL1Rule,
  ReduceL2: reduceL2Rule,
  ReduceLogSum: reduceLogSumRule,
  ReduceLogSumExp: reduceLogSumExpRule,
  ReduceMax: reduceMaxRule,
  ReduceMean: reduceMeanRule,
  ReduceMin: reduceMaxRule,
  ReduceProd: reduceProdRule,
  ReduceSum: reduceSumRule,
  ReduceSumSquare: reduceSumSquareRule,
  Relu: reluRule,
  Reshape: reshapeRule,
  Resize: resizeRule,
  Sigmoid: sigmoidRule,
  Sin: sinRule,
  Slice: sliceRule,
  Softmax: softmaxRule,
  Softplus: softplusRule,
  SpaceToDepth: spaceToDepthRule,
  Split: splitRule,
  Sqrt: sqrtRule,
  Squeeze: reshapeRule,
  Sub: subRule,
  Sum: sumRule,
  Tanh: tanhRule,
  Tile: tileRule,
  Transpose: transposeRule,
  Trilu: triluRule,
  Upsample: resizeRule,
  Unsqueeze: reshapeRule,
  Where: whereRule,
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
  return Object.hasOwn(RULES, op);
}
