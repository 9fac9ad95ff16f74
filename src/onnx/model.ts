/** ModelProto from bytes and back. */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { RetrievalGuardError } from '../errors.ts';
import { messageOf } from '../words.ts';
import { type ModelProto, ModelProtoSchema } from './generated/onnx_pb.ts';

/**
 * Parses an .onnx file. Unknown fields are kept, so that a model that is read and written unchanged keeps its bytes.
 * The byte fields of the result are views of `bytes`: do not overwrite it. `name` stands in error messages.
 *
 * @throws RetrievalGuardError ONNX_INVALID when the bytes are no ONNX model
 */
export function readModel(bytes: Uint8Array, name = 'the model'): ModelProto {
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw notOnnx(name, `${bytes.length} bytes that are not one (${messageOf(cause)})`, cause);
  }
  if (model.graph === undefined || model.irVersion <= 0n) {
    throw notOnnx(name, `${bytes.length} bytes that parse as a message without a graph`);
  }
  return model;
}

/** The bytes of an .onnx file. */
export function writeModel(model: ModelProto): Uint8Array<ArrayBuffer> {
  return toBinary(ModelProtoSchema, model);
}

/** Version of the standard operator set that a model asks for; 0 where it names none. */
export function opsetOf({ opsetImport }: ModelProto): number {
  return Number(opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0n);
}

function notOnnx(name: string, got: string, cause?: unknown): RetrievalGuardError {
  return new RetrievalGuardError('ONNX_INVALID', {
    expected: `${name} to be an ONNX model`,
    got,
    fix: 'The file may be truncated, a Git LFS pointer, or of another format; download or export it again.',
    cause,
  });
}
