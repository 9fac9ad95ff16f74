/** The attributes of a node, to be given to another. */
import { type Attributes, type AttributeValue, float, ints, type NodeProto } from '../../onnx/index.ts';
import { AttributeProto_AttributeType as Type } from '../../onnx/generated/onnx_pb.ts';

/** Integers, floats and strings, lists of integers; others are left out. */
export function copyAttributes(node: NodeProto): Attributes {
  return Object.fromEntries(
    node.attribute.flatMap(({ name, type, i, f, s, ints: list }): [string, AttributeValue][] => {
      switch (type) {
        case Type.INT:
          return [[name, i]];
        case Type.FLOAT:
          return [[name, float(f)]];
        case Type.STRING:
          return [[name, new TextDecoder().decode(s)]];
        case Type.INTS:
          return [[name, ints(list)]];
        default:
          return [];
      }
    }),
  );
}
