/** Networks to train, built in ONNX. */
import type { ModelProto } from '../../onnx/index.ts';
import { conv4 } from './conv4.ts';
import type { BackboneOptions } from './options.ts';
import { resnet18, resnet50 } from './residual.ts';

export { conv4, type Conv4Options } from './conv4.ts';
export { appendHead, type HeadOptions } from './head.ts';
export type { BackboneOptions } from './options.ts';
export { residualNetwork, type ResidualArchitecture, resnet18, resnet50 } from './residual.ts';
export { RELU_GAIN, standardizedConv, type StandardizedConvOptions } from './standardized-conv.ts';
export { Weights } from './weights.ts';

/** The backbones by name. */
export const BACKBONES = { conv4, resnet18, resnet50 } as const satisfies Readonly<
  Record<string, (options: BackboneOptions) => ModelProto>
>;

/** A name in {@link BACKBONES}. */
export type BackboneName = keyof typeof BACKBONES;
