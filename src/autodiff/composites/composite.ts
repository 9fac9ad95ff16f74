/** Operators of our own that stand for a whole gradient until the finished graph is lowered. */
import type { GraphBuilder, NodeProto, Value } from '../../onnx/index.ts';

/** The domain of composite operators. No runtime knows it: `lowerForCpu` has to write them out. */
export const COMPOSITE_DOMAIN = 'retrievalguard';

/** A composite operator in a graph. */
export interface CompositeNode {
  readonly node: NodeProto;
  readonly inputs: readonly Value[];
  /** Attribute of integers. */
  ints(name: string): number[];
  /** Attribute of one integer. */
  int(name: string): number;
}

/**
 * Writes a composite operator out with standard operators, in a form that any execution provider runs. Its one output is
 * returned under whatever name.
 */
export type Expansion = (g: GraphBuilder, composite: CompositeNode) => Value;
