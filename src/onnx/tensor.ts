/** Typed arrays ↔ TensorProto. */
import { create } from '@bufbuild/protobuf';
import { RetrievalGuardError } from '../errors.ts';
import {
  ARRAY_CONSTRUCTORS,
  ELEMENT_TYPES,
  type ElementType,
  elementTypeOf,
  elementTypeOfArray,
  type TypedArray,
} from './element-types.ts';
import { TensorProto_DataLocation, TensorProtoSchema, type TensorProto } from './generated/onnx_pb.ts';

/** A tensor in memory: what a typed array cannot say by itself. */
export interface TensorData {
  type: ElementType;
  shape: number[];
  data: TypedArray;
}

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/**
 * A TensorProto with its values in `raw_data`.
 *
 * @param shape - default: one dimension
 * @param type - default: that of the typed array; name it for float16 (Uint16Array) and bool (Uint8Array)
 */
export function makeTensor(
  name: string,
  data: TypedArray,
  shape: readonly number[] = [data.length],
  type: ElementType = elementTypeOfArray(data),
): TensorProto {
  if (sizeOf(shape) !== data.length) {
    throw new RetrievalGuardError('ONNX_INVALID', {
      expected: `${sizeOf(shape)} values for the tensor '${name}' of shape [${shape.join(', ')}]`,
      got: `${data.length} values`,
    });
  }
  const wanted = ARRAY_CONSTRUCTORS[type];
  if (!(data instanceof wanted)) {
    throw new RetrievalGuardError('ONNX_INVALID', {
      expected: `a ${wanted.name} for the ${type} tensor '${name}'`,
      got: `a ${data.constructor.name}`,
    });
  }
  return create(TensorProtoSchema, {
    name,
    dataType: ELEMENT_TYPES[type],
    dims: shape.map(BigInt),
    rawData: littleEndian(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      data.BYTES_PER_ELEMENT,
    ),
  });
}

/**
 * The values of a TensorProto, copied, from whichever of its fields holds them.
 *
 * @throws RetrievalGuardError ONNX_INVALID for external data, strings and other types that are not in ElementType
 */
export function readTensor(tensor: TensorProto): TensorData {
  const type = elementTypeOf(tensor.dataType);
  if (type === undefined) throw unreadable(tensor, 'a numeric type', `data type ${tensor.dataType}`);
  if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    throw unreadable(tensor, 'values inside the model', 'values in another file');
  }
  const shape = tensor.dims.map(Number);
  const Constructor = ARRAY_CONSTRUCTORS[type];
  const size = sizeOf(shape);
  if (tensor.rawData.length > 0) {
    const width = Constructor.BYTES_PER_ELEMENT;
    if (tensor.rawData.length !== size * width) {
      throw unreadable(tensor, `${size * width} bytes`, `${tensor.rawData.length} bytes`);
    }
    return { type, shape, data: new Constructor(new Uint8Array(littleEndian(tensor.rawData, width)).buffer) };
  }
  const values = listedValues(tensor, type);
  if (values.length !== size) throw unreadable(tensor, `${size} values`, `${values.length} values`);
  const data = new Constructor(size);
  for (let i = 0; i < size; i++) data[i] = values[i];
  return { type, shape, data };
}

/** The repeated field that holds the values of each type when they are not raw. */
function listedValues(tensor: TensorProto, type: ElementType): readonly (number | bigint)[] {
  switch (type) {
    case 'float32':
      return tensor.floatData;
    case 'float64':
      return tensor.doubleData;
    case 'int64':
      return tensor.int64Data;
    case 'uint64':
      return tensor.uint64Data;
    case 'uint32':
      return tensor.uint64Data.map(Number);
    default:
      return tensor.int32Data;
  }
}

function unreadable(tensor: TensorProto, expected: string, got: string): RetrievalGuardError {
  return new RetrievalGuardError('ONNX_INVALID', {
    expected: `${expected} in the tensor '${tensor.name}'`,
    got,
  });
}

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** ONNX's raw data is little-endian: the same bytes on such a machine, else a copy with each element reversed. */
function littleEndian(bytes: Uint8Array, width: number): Uint8Array {
  if (HOST_IS_LITTLE_ENDIAN) return bytes;
  const swapped = new Uint8Array(bytes); // a copy, where slice() of a Buffer would be none
  for (let i = 0; i < swapped.length; i += width) swapped.subarray(i, i + width).reverse();
  return swapped;
}
