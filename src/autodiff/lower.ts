/** The last pass over a finished graph: writes composite operators out, so that ONNX Runtime can run it. */
import { GraphBuilder, type ModelProto, type NodeProto } from '../onnx/index.ts';
import { COMPOSITE_DOMAIN, type CompositeNode, type Expansion } from './composites/composite.ts';
import { expandConvInputGradient } from './composites/conv-input-gradient.ts';
import { expandConvWeightGradient } from './composites/conv-weight-gradient.ts';
import { expandMaxPoolGradient } from './composites/max-pool-gradient.ts';

/** Composite operator → its form in standard operators. */
const EXPANSIONS: Readonly<Record<string, Expansion>> = {
  ConvInputGradient: expandConvInputGradient,
  ConvWeightGradient: expandConvWeightGradient,
  MaxPoolGradient: expandMaxPoolGradient,
};

/** Replaces every composite operator by standard operators: runs on any execution provider. */
export function expandComposites(model: ModelProto): ModelProto {
  const g = GraphBuilder.rewriting(model, (node, builder) => {
    if (node.domain !== COMPOSITE_DOMAIN) return false;
    expandComposite(builder, node);
    return true;
  });
  const expanded = g.toModel();
  expanded.opsetImport = expanded.opsetImport.filter(({ domain }) => domain !== COMPOSITE_DOMAIN);
  return expanded;
}

/** Writes one composite operator out; its output keeps its name. */
export function expandComposite(g: GraphBuilder, node: NodeProto): void {
  const value = EXPANSIONS[node.opType](g, viewOf(node, g));
  g.op('Identity', [value], {}, { name: node.output[0] });
}

/** What an expansion or a lowering reads of a composite node. */
export function viewOf(node: NodeProto, g: GraphBuilder): CompositeNode {
  const attribute = (name: string) => {
    const found = node.attribute.find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(`${node.opType} '${node.name}' lacks its attribute '${name}'`);
    return found;
  };
  return {
    node,
    // looked up when asked for: a lowering may not have written them
    get inputs() {
      return node.input.map((name) => g.value(name));
    },
    ints: (name) => attribute(name).ints.map(Number),
    int: (name) => Number(attribute(name).i),
  };
}
