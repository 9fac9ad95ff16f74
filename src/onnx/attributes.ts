/** JavaScript values → attributes of ONNX nodes, and back. */
import { create, isMessage } from '@bufbuild/protobuf';
import { RetrievalGuardError } from '../errors.ts';
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProtoSchema,
} from './generated/onnx_pb.ts';

/** A value that says which numeric attribute type it wants, whatever number it holds. */
export interface TypedNumbers {
  readonly attribute: 'int' | 'ints' | 'float' | 'floats';
  readonly values: readonly (number | bigint)[];
}

/** An attribute of type FLOAT, also for a whole number: `{ alpha: float(1) }`. */
export const float = (value: number): TypedNumbers => ({ attribute: 'float', values: [value] });
/** An attribute of type FLOATS, also for whole numbers or none. */
export const floats = (values: readonly number[]): TypedNumbers => ({ attribute: 'floats', values });
/** An attribute of type INT; a plain whole number is one too. */
export const int = (value: number | bigint): TypedNumbers => ({ attribute: 'int', values: [value] });
/** An attribute of type INTS; a plain array of whole numbers is one too, but an empty one is ambiguous. */
export const ints = (values: readonly (number | bigint)[]): TypedNumbers => ({ attribute: 'ints', values });

/**
 * What a node's attribute can be given as. A whole number is an INT and any other number a FLOAT: write `float(1)`
 * where ONNX wants a float. Arrays likewise; booleans are INT 0 or 1; strings are STRING; `makeTensor(...)` is a
 * TENSOR; a GraphProto is a subgraph. `undefined` leaves the attribute out.
 */
export type AttributeValue =
  | number
  | bigint
  | boolean
  | string
  | readonly number[]
  | readonly bigint[]
  | readonly string[]
  | TypedNumbers
  | TensorProto
  | GraphProto
  | undefined;

/** Attributes of a node, by name. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** The AttributeProto of one value. */
export function makeAttribute(name: string, value: Exclude<AttributeValue, undefined>): AttributeProto {
  if (isMessage(value, TensorProtoSchema)) {
    return create(AttributeProtoSchema, { name, type: AttributeType.TENSOR, t: value });
  }
  if (isMessage(value, GraphProtoSchema)) {
    return create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g: value });
  }
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: utf8.encode(value) });
  }
  if (isListOfStrings(value)) {
    const strings = value.map((text) => utf8.encode(text));
    return create(AttributeProtoSchema, { name, type: AttributeType.STRINGS, strings });
  }
  const { attribute, values } = typedNumbers(name, value);
  switch (attribute) {
    case 'float':
      return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: Number(values[0]) });
    case 'floats':
      return create(AttributeProtoSchema, { name, type: AttributeType.FLOATS, floats: values.map(Number) });
    case 'int':
      return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: whole(name, values[0]) });
    case 'ints': {
      const list = values.map((v) => whole(name, v));
      return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: list });
    }
  }
}

/** The graphs that an attribute holds. */
export const subgraphsOf = ({ g, graphs }: AttributeProto): GraphProto[] => (g ? [g, ...graphs] : graphs);

/** An INT attribute of a node; `otherwise` where it is left out. */
export const intOf = (node: NodeProto, name: string, otherwise: number): number =>
  Number(node.attribute.find((attribute) => attribute.name === name)?.i ?? otherwise);

/** An INTS attribute of a node; undefined where it is left out. */
export const intsOf = (node: NodeProto, name: string): number[] | undefined =>
  node.attribute.find((attribute) => attribute.name === name)?.ints.map(Number);

const utf8 = new TextEncoder();

const isListOfStrings = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string');

type Numbers = number | bigint | boolean | readonly number[] | readonly bigint[] | TypedNumbers;

/** Which numeric type a value stands for. */
function typedNumbers(name: string, value: Numbers | readonly string[]): TypedNumbers {
  if (typeof value === 'boolean') return int(value ? 1 : 0);
  if (typeof value === 'bigint') return int(value);
  if (typeof value === 'number') return Number.isInteger(value) ? int(value) : float(value);
  if ('attribute' in value) return value;
  if (value.length === 0) {
    throw new RetrievalGuardError('ONNX_INVALID', {
      expected: `values for the attribute '${name}'`,
      got: 'an empty array, whose type is ambiguous',
      fix: 'Write ints([]) or floats([]).',
    });
  }
  const numbers = value as readonly (number | bigint)[];
  return numbers.every((item) => typeof item === 'bigint' || Number.isInteger(item))
    ? ints(numbers)
    : floats(numbers.map(Number));
}

function whole(name: string, value: number | bigint): bigint {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return BigInt(value);
  throw new RetrievalGuardError('ONNX_INVALID', {
    expected: `whole numbers for the attribute '${name}'`,
    got: String(value),
  });
}
