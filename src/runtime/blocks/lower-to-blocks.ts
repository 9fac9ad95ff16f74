/** Rewrites a graph for blocks of a known size. */
import { COMPOSITE_DOMAIN } from '../../autodiff/composites/composite.ts';
import { expandComposite, expandComposites, viewOf } from '../../autodiff/lower.ts';
import { usesOf } from '../../autodiff/measure.ts';
import { GraphBuilder, type ModelProto, type NodeProto } from '../../onnx/index.ts';
import { BLOCKED_DOMAIN } from './block-channels.ts';
import { lowerClip, lowerMask } from './clipping.ts';
import { lowerConvInputGradient } from './conv-input-gradient.ts';
import { lowerConvWeightGradient } from './conv-weight-gradient.ts';
import { lowerConv } from './convolution.ts';
import { lowerElementwise } from './elementwise.ts';
import { Layouts } from './layouts.ts';
import { lowerMaxPoolGradient, lowerPool } from './pooling.ts';
import { knownShapes } from './shapes.ts';
import { lowerExpand, lowerGlobalAveragePool, lowerReduction } from './reductions.ts';

/** What `lowerForCpu` does, without asking whether the machine has such blocks. */
export async function lowerToBlocks(
  block: number,
  model: ModelProto,
  shapes: Readonly<Record<string, readonly number[]>> = {},
): Promise<ModelProto> {
  const tensors = await knownShapes(expandComposites(model), shapes);
  const users = new Map<string, (NodeProto | null)[]>();
  const note = (name: string, user: NodeProto | null): void => {
    users.set(name, [...(users.get(name) ?? []), user]);
  };
  for (const node of model.graph?.node ?? []) for (const name of node.input) note(name, node);
  const outputs = (model.graph?.output ?? []).map(({ name }) => name);
  for (const name of outputs) note(name, null);

  let layouts: Layouts | undefined;
  const domains = { [BLOCKED_DOMAIN]: 1, 'com.microsoft': 1 };
  const lowered = GraphBuilder.rewriting(
    model,
    (node, g) => {
      layouts ??= new Layouts(g, block, tensors, users);
      // a value of unknown shape (sizes computed by Shape nodes, say) stays as it is: its plain form could not be written again
      const known = node.output.every((name) => name === '' || tensors.has(name));
      if (known && lowerNode(layouts, node)) return true;
      for (const name of usesOf(node)) layouts.ensurePlain(name);
      if (node.domain !== COMPOSITE_DOMAIN) return false;
      expandComposite(g, node);
      return true;
    },
    { domains },
  );
  for (const name of outputs) layouts?.ensurePlain(name);
  const result = lowered.toModel();
  result.opsetImport = result.opsetImport.filter(({ domain }) => domain !== COMPOSITE_DOMAIN);
  return result;
}

function lowerNode(layouts: Layouts, node: NodeProto): boolean {
  if (node.domain === COMPOSITE_DOMAIN) {
    const composite = viewOf(node, layouts.g);
    switch (node.opType) {
      case 'ConvInputGradient':
        return lowerConvInputGradient(layouts, node, composite);
      case 'ConvWeightGradient':
        return lowerConvWeightGradient(layouts, node, composite);
      case 'MaxPoolGradient':
        return lowerMaxPoolGradient(layouts, node, composite);
      default:
        return false;
    }
  }
  switch (node.opType) {
    case 'Conv':
      return lowerConv(layouts, node);
    case 'MaxPool':
    case 'AveragePool':
      return lowerPool(layouts, node);
    case 'GlobalAveragePool':
      return lowerGlobalAveragePool(layouts, node);
    case 'ReduceSum':
    case 'ReduceMean':
      return lowerReduction(layouts, node);
    case 'Expand':
      return lowerExpand(layouts, node);
    default:
      return lowerClip(layouts, node) || lowerMask(layouts, node) || lowerElementwise(layouts, node);
  }
}
