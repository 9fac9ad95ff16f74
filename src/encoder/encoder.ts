/** Clean embeddings, in the calling thread. */
import { availableParallelism } from 'node:os';
import { RetrievalGuardError } from '../errors.ts';
import { describeEncoder } from './describe.ts';
import { resolveModel } from './model-files.ts';
import { requireFunction } from './invariance.ts';
import { loadSession } from './load-session.ts';
import { normalizePixels, normalizeRows } from './normalize-pixels.ts';
import { EncoderSession } from './session.ts';
import type { EncoderInfo, ModelFlags, SessionOptions } from './encoder-info.ts';

/** Turns images into embeddings of length 1: the h of the certificates. */
export interface Encoder {
  readonly info: EncoderInfo;
  /**
   * Embeddings of `count` images, in [0,1] and not normalised, each CHW, one after another in `pixels`.
   *
   * @returns count × dimension, each row of Euclidean length 1
   * @throws RetrievalGuardError EMBEDDING_INVALID, naming the image, when an embedding is zero or not finite
   */
  embed(pixels: Float32Array, count: number): Promise<Float32Array>;
  /** Frees the model. */
  release(): Promise<void>;
}

/** Options of {@link openEncoder}. Here `threads` defaults to all cores and `batch` to 8. */
export type EncoderOptions = ModelFlags & SessionOptions;

/**
 * Opens the model at `path`: a folder or an .onnx file, see `resolveModel`.
 * @throws RetrievalGuardError MODEL_UNSUPPORTED also for one that answers the same image differently, see `requireFunction`
 */
export async function openEncoder(path: string, options: EncoderOptions = {}): Promise<Encoder> {
  const { provider = 'cpu', threads = availableParallelism(), batch, padded, ...flags } = options;
  const files = await resolveModel(path, flags);
  const session = await loadSession(files.modelPath, { provider, threads });
  try {
    const info = await describeEncoder(files, session);
    const opened = EncoderSession.over(session, info, { batch: batch ?? info.input.batch ?? 8, padded });
    await requireFunction(opened, files.randomNodes);
    return encoderOver(opened);
  } catch (error) {
    await session.release();
    throw error;
  }
}

/** The info of the model at `path`; opens it and closes it again. */
export async function readEncoderInfo(path: string, options: EncoderOptions = {}): Promise<EncoderInfo> {
  const encoder = await openEncoder(path, options);
  await encoder.release();
  return encoder.info;
}

/** An Encoder over a session, which is released with it. */
export function encoderOver(session: EncoderSession): Encoder {
  const { info, batch } = session;
  const { channels, height, width } = info.input;
  const imageSize = channels * height * width;
  return {
    info,
    async embed(pixels, count) {
      if (!Number.isInteger(count) || count < 0 || pixels.length !== count * imageSize) {
        throw new RetrievalGuardError('OPTION_INVALID', {
          expected: `${count} image(s) of ${channels}×${height}×${width}, ${count * imageSize} values`,
          got: `${pixels.length} values`,
        });
      }
      const rows = new Float32Array(count * info.dimension);
      const input = new Float32Array(Math.min(batch, count) * imageSize);
      for (let first = 0; first < count; first += batch) {
        const size = Math.min(batch, count - first);
        const images = pixels.subarray(first * imageSize, (first + size) * imageSize);
        normalizePixels(images, size, info.preprocessing, input);
        const output = rows.subarray(first * info.dimension, (first + size) * info.dimension);
        await session.run(input, size, output);
        normalizeRows(output, info.dimension, first);
      }
      return rows;
    },
    release: () => session.release(),
  };
}
