/** ResNet-18. */
import type { ModelProto } from '../../onnx/index.ts';
import type { BackboneOptions } from './options.ts';
import { residualNetwork } from './residual.ts';

/** ResNet-18 without its classifier: `image` [batch, C, H, W] → `features` [batch, 512]. See {@link residualNetwork}. */
export function resnet18(options: BackboneOptions): ModelProto {
  return residualNetwork({ name: 'resnet18', block: 'basic', blocks: [2, 2, 2, 2] }, options);
}
