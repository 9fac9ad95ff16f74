/**
 * Gradients of ONNX graphs as ONNX graphs.
 *
 * @module autodiff
 */
export { addGradients, type GradientRequest } from './gradients.ts';
export { expandComposites } from './lower.ts';
export { fixShape, type MeasuredGraph, measureGraph, type TensorInfo } from './measure.ts';
export { DIFFERENTIABLE, type DifferentiableOp, RULES } from './rules.ts';
export type { InputGradient, Known, Rule, Site } from './site.ts';
