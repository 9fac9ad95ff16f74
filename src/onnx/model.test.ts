import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RetrievalGuardError } from '../errors.ts';
import { externalDataLocations } from './external-data.ts';
import { TensorProto_DataLocation } from './generated/onnx_pb.ts';
import { GraphBuilder } from './graph-builder.ts';
import { readModel, writeModel } from './model.ts';
import { readTensor } from './tensor.ts';

const models = process.env.RETRIEVALGUARD_MODELS ?? join('..', 'shared', 'models');
const path = join(models, 'mobilenet_v1_0.25_224', 'model.onnx');
const present = existsSync(path);
if (!present) console.warn(`skipped: no MobileNet at ${path}; set RETRIEVALGUARD_MODELS`);

describe('readModel', () => {
  test.runIf(present)('a real model survives byte for byte', () => {
    const bytes = readFileSync(path);
    const model = readModel(bytes);
    expect(Buffer.compare(writeModel(model), bytes)).toBe(0);
    const kernel = model.graph?.initializer.find((tensor) => tensor.name === 'conv_dw_5/kernel');
    expect(kernel && readTensor(kernel).shape).toEqual([64, 1, 3, 3]);
    expect(externalDataLocations(model)).toEqual([]);
  });

  test('refuses other bytes', () => {
    const invalid = (bytes: Uint8Array) => {
      try {
        readModel(bytes, 'x.onnx');
      } catch (error) {
        return error instanceof RetrievalGuardError ? error.code : error;
      }
      return undefined;
    };
    const pointer = 'version https://git-lfs.github.com/spec/v1';
    expect(invalid(new TextEncoder().encode(pointer))).toBe('ONNX_INVALID');
    expect(invalid(new Uint8Array())).toBe('ONNX_INVALID');
    const g = new GraphBuilder();
    g.output('y', g.op('Neg', [g.input('x', 'float32', [1])]), 'float32', [1]);
    expect(invalid(g.toBytes())).toBeUndefined();
    expect(invalid(g.toBytes().subarray(0, 30))).toBe('ONNX_INVALID');
  });

  test('finds external data, in subgraphs too', () => {
    const g = new GraphBuilder();
    g.constant(Float32Array.of(1), [1], { name: 'outer' });
    const branch = g.subgraph('then');
    branch.output('b', branch.constant(Float32Array.of(1), [1], { name: 'inner' }), 'float32', [1]);
    const body = branch.toGraph();
    g.output('y', g.op('If', [g.input('x', 'bool', [])], { then_branch: body }), 'float32', [1]);
    const model = g.toModel();
    const external = (tensor: (typeof body.initializer)[number], location: string) => {
      tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
      tensor.externalData = [{ $typeName: 'onnx.StringStringEntryProto', key: 'location', value: location }];
    };
    if (model.graph) external(model.graph.initializer[0], 'outer.bin');
    external(body.initializer[0], 'inner.bin');
    expect(externalDataLocations(model)).toEqual(['inner.bin', 'outer.bin']);
  });
});
