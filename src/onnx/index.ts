/**
 * Reads, writes and builds ONNX models.
 *
 * @module onnx
 */
export {
  type Attributes,
  type AttributeValue,
  float,
  floats,
  int,
  intOf,
  ints,
  intsOf,
  makeAttribute,
  type TypedNumbers,
} from './attributes.ts';
export {
  ARRAY_CONSTRUCTORS,
  ELEMENT_TYPES,
  type ElementType,
  elementTypeOf,
  elementTypeOfArray,
  type TypedArray,
  type TypedArrayConstructor,
  type TypedArrays,
} from './element-types.ts';
export { externalDataLocations, readWholeModel, tensorsOf } from './external-data.ts';
export { foldConstants } from './fold.ts';
export type {
  AttributeProto,
  FunctionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
  ValueInfoProto,
} from './generated/onnx_pb.ts';
export {
  type Dimension,
  GraphBuilder,
  type GraphOptions,
  type NodeOptions,
  type Value,
} from './graph-builder.ts';
export { float16ToFloat32, float16ToNumber, float32ToFloat16, numberToFloat16 } from './half.ts';
export {
  batchNorm,
  conv,
  type ConvOptions,
  gemm,
  globalAveragePool,
  l2normalize,
  relu,
} from './layers.ts';
export { opsetOf, readModel, writeModel } from './model.ts';
export { randomNodes } from './randomness.ts';
export { makeTensor, readTensor, sizeOf, type TensorData } from './tensor.ts';
