import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { ELEMENT_TYPES, type ElementType, type TypedArray } from './element-types.ts';
import { TensorProto_DataLocation, TensorProtoSchema } from './generated/onnx_pb.ts';
import { makeTensor, readTensor } from './tensor.ts';

const EXAMPLES: [ElementType, TypedArray][] = [
  ['float32', Float32Array.of(1.5, -2)],
  ['float64', Float64Array.of(1.5, -2)],
  ['float16', Uint16Array.of(0x3c00, 0xc000)],
  ['int64', BigInt64Array.of(-1n, 5n)],
  ['uint64', BigUint64Array.of(1n, 5n)],
  ['int32', Int32Array.of(-1, 5)],
  ['uint32', Uint32Array.of(1, 5)],
  ['int16', Int16Array.of(-1, 5)],
  ['uint16', Uint16Array.of(1, 5)],
  ['int8', Int8Array.of(-1, 5)],
  ['uint8', Uint8Array.of(1, 5)],
  ['bool', Uint8Array.of(1, 0)],
];

describe('tensors', () => {
  test('every element type survives', () => {
    expect(EXAMPLES.map(([type]) => type).sort()).toEqual(Object.keys(ELEMENT_TYPES).sort());
    for (const [type, data] of EXAMPLES) {
      const tensor = makeTensor('t', data, [1, 2], type);
      expect(tensor.dataType).toBe(ELEMENT_TYPES[type]);
      expect(readTensor(tensor)).toEqual({ type, shape: [1, 2], data });
    }
  });

  test('reads views that are not aligned, as a parsed file has them', () => {
    const tensor = makeTensor('t', Float32Array.of(1, 2));
    const shifted = new Uint8Array(9);
    shifted.set(tensor.rawData, 1);
    expect(readTensor({ ...tensor, rawData: shifted.subarray(1) }).data).toEqual(Float32Array.of(1, 2));
  });

  test('reads values from the typed fields', () => {
    const common = { name: 't', dims: [2n] };
    const cases = [
      create(TensorProtoSchema, { ...common, dataType: ELEMENT_TYPES.float32, floatData: [1, 2] }),
      create(TensorProtoSchema, { ...common, dataType: ELEMENT_TYPES.float64, doubleData: [1, 2] }),
      create(TensorProtoSchema, { ...common, dataType: ELEMENT_TYPES.int32, int32Data: [1, 2] }),
      create(TensorProtoSchema, { ...common, dataType: ELEMENT_TYPES.uint32, uint64Data: [1n, 2n] }),
      create(TensorProtoSchema, { ...common, dataType: ELEMENT_TYPES.float16, int32Data: [1, 2] }),
    ];
    for (const tensor of cases) expect([...readTensor(tensor).data]).toEqual([1, 2]);
    const int64 = create(TensorProtoSchema, {
      ...common,
      dataType: ELEMENT_TYPES.int64,
      int64Data: [1n, 2n],
    });
    expect([...readTensor(int64).data]).toEqual([1n, 2n]);
  });

  test('refuses what does not fit', () => {
    expect(() => makeTensor('t', Float32Array.of(1), [2])).toThrow(/expected 2 values .* got 1 values/);
    expect(() => makeTensor('t', Float32Array.of(1), [1], 'int64')).toThrow(/BigInt64Array.*Float32Array/);
    const tensor = makeTensor('t', Float32Array.of(1, 2));
    expect(() => readTensor({ ...tensor, dims: [3n] })).toThrow(/12 bytes.*8 bytes/);
    expect(() => readTensor({ ...tensor, dataType: 8 })).toThrow(/numeric type/);
    const dataLocation = TensorProto_DataLocation.EXTERNAL;
    expect(() => readTensor({ ...tensor, dataLocation })).toThrow(/another file/);
  });
});
