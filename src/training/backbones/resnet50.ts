/** ResNet-50. */
import type { ModelProto } from '../../onnx/index.ts';
import type { BackboneOptions } from './options.ts';
import { residualNetwork } from './residual.ts';

/** ResNet-50 without its classifier: `image` [batch, C, H, W] → `features` [batch, 2048]. See {@link residualNetwork}. */
export function resnet50(options: BackboneOptions): ModelProto {
  return residualNetwork({ name: 'resnet50', block: 'bottleneck', blocks: [3, 4, 6, 3] }, options);
}
