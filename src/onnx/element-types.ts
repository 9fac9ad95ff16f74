/** The element types of tensors: our names (those of ONNX Runtime), ONNX's codes, and typed arrays. */
import { TensorProto_DataType as DataType } from './generated/onnx_pb.ts';

/** Name of an element type → ONNX's code for it. Of two with the same typed array the first is the one that an array stands for. */
export const ELEMENT_TYPES = {
  float32: DataType.FLOAT,
  uint8: DataType.UINT8,
  int8: DataType.INT8,
  uint16: DataType.UINT16,
  int16: DataType.INT16,
  int32: DataType.INT32,
  int64: DataType.INT64,
  bool: DataType.BOOL,
  float16: DataType.FLOAT16,
  float64: DataType.DOUBLE,
  uint32: DataType.UINT32,
  uint64: DataType.UINT64,
} as const;

/** Name of an element type that this package can hold. */
export type ElementType = keyof typeof ELEMENT_TYPES;

/** The typed array of each element type; float16 holds the bits, bool holds 0 and 1. */
export interface TypedArrays {
  float32: Float32Array;
  uint8: Uint8Array;
  int8: Int8Array;
  uint16: Uint16Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  bool: Uint8Array;
  float16: Uint16Array;
  float64: Float64Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
}

/** Any typed array that can hold a tensor. */
export type TypedArray = TypedArrays[ElementType];

/** A constructor of typed arrays. */
export interface TypedArrayConstructor<A extends TypedArray = TypedArray> {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): A;
  new (buffer: ArrayBuffer): A;
}

/** Element type → constructor of its typed array. */
export const ARRAY_CONSTRUCTORS: { readonly [T in ElementType]: TypedArrayConstructor<TypedArrays[T]> } = {
  float32: Float32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
  float16: Uint16Array,
  float64: Float64Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
};

const ALL = Object.keys(ELEMENT_TYPES) as ElementType[];

/** The name of one of ONNX's element type codes, or undefined for one that this package cannot hold. */
export const elementTypeOf = (code: number): ElementType | undefined =>
  ALL.find((type) => ELEMENT_TYPES[type] === code);

/** The element type that a typed array stands for when none is named (Uint16Array: uint16, Uint8Array: uint8). */
export const elementTypeOfArray = (data: TypedArray): ElementType =>
  ALL.find((type) => data instanceof ARRAY_CONSTRUCTORS[type])!;
