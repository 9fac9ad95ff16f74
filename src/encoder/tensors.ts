/** Tensors for ONNX Runtime. */
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { RetrievalGuardError } from '../errors.ts';
import { ARRAY_CONSTRUCTORS, sizeOf } from '../onnx/index.ts';
import { runtimeMessage } from './load-session.ts';
import type { OtherInput } from './encoder-info.ts';

/** A tensor over `data` (float16: bits), without a copy. */
export function tensorOver(data: Float32Array | Uint16Array, shape: readonly number[]): Tensor {
  return data instanceof Float32Array
    ? new Tensor('float32', data, shape)
    : new Tensor('float16', data, shape);
}

/** A tensor of zeros. */
export function zeros(type: OtherInput['type'], shape: readonly number[]): Tensor {
  return new Tensor(type, new ARRAY_CONSTRUCTORS[type](sizeOf(shape)), shape);
}

/** Zeros for the inputs that are not the image. */
export function zeroInputs(others: readonly OtherInput[], batch: number): Record<string, Tensor> {
  const sizes = (shape: OtherInput['shape']) => shape.map((size) => (size === 'batch' ? batch : size));
  return Object.fromEntries(others.map(({ name, type, shape }) => [name, zeros(type, sizes(shape))]));
}

/** Runs the model; a failure is put in words. */
export async function runModel(
  session: InferenceSession,
  feeds: InferenceSession.FeedsType,
  fetches: InferenceSession.FetchesType,
  batch: number,
): Promise<InferenceSession.ReturnType> {
  try {
    return await session.run(feeds, fetches);
  } catch (cause) {
    throw new RetrievalGuardError('MODEL_UNSUPPORTED', {
      expected: `the model to run on a batch of ${batch}`,
      got: `'${runtimeMessage(cause)}' from ONNX Runtime`,
      fix:
        batch > 1
          ? 'Some exports fix the batch size inside; try a batch of 1.'
          : 'Does the model take images of this size?',
      cause,
    });
  }
}
