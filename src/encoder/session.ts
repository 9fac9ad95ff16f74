/** The lower layer: one ONNX Runtime session that turns normalised images into raw, pooled embeddings. */
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { RetrievalGuardError } from '../errors.ts';
import { float16ToFloat32, float32ToFloat16, sizeOf } from '../onnx/index.ts';
import { loadSession } from './load-session.ts';
import { poolRows } from './encoder-pool.ts';
import { runModel, tensorOver, zeroInputs } from './tensors.ts';
import type { EncoderInfo, SessionOptions } from './encoder-info.ts';

/**
 * An open model, for use inside a worker thread. Images come in already normalised and embeddings go out before L2
 * normalisation, both through the caller's memory: where the model's types and the batch allow it, ONNX Runtime reads
 * and writes there without a copy. Views of a WebAssembly.Memory will do; shared memory works, with a copy.
 *
 * `run` blocks its thread while it computes: ONNX Runtime's Node binding is synchronous beneath its promise.
 */
export class EncoderSession {
  readonly info: EncoderInfo;
  /** Most images a run. */
  readonly batch: number;
  /** Whether every run has the full batch size. */
  readonly padded: boolean;
  readonly #session: InferenceSession;
  readonly #serial = new Serial();
  readonly #feeds = new TensorSlot();
  readonly #fetches = new TensorSlot();
  readonly #zeros = new Map<number, Record<string, Tensor>>();
  /** The last run, if ONNX Runtime read and wrote the caller's memory in it. */
  #inPlace: InPlaceRun | undefined;
  /** Allocated when first needed, for a full batch. */
  #input: Float32Array | undefined;
  #halfInput: Uint16Array | undefined;
  #output: Float32Array | undefined;
  #halfOutput: Uint16Array | undefined;

  private constructor(session: InferenceSession, info: EncoderInfo, options: SessionOptions) {
    this.#session = session;
    this.info = info;
    this.batch = checkedBatch(info, options.batch);
    this.padded = info.input.batch !== null || options.padded === true;
  }

  /** Opens the model of `info`, which `openEncoder` or `describeEncoder` made. */
  static async create(info: EncoderInfo, options: SessionOptions = {}): Promise<EncoderSession> {
    checkedBatch(info, options.batch);
    const { provider = 'cpu', threads = 1 } = options;
    return new EncoderSession(await loadSession(info.modelPath, { provider, threads }), info, options);
  }

  /** Wraps a session that is open already; it is released with this one. */
  static over(session: InferenceSession, info: EncoderInfo, options: SessionOptions = {}): EncoderSession {
    return new EncoderSession(session, info, options);
  }

  /**
   * Encodes the first `count` images of `input` (CHW, normalised) into the first `count` rows of `output`.
   * Overlapping calls run one after another.
   *
   * @throws RetrievalGuardError OPTION_INVALID for a count or a length that does not fit
   */
  run(input: Float32Array, count: number, output: Float32Array): Promise<void> {
    const last = this.#inPlace;
    // the steady state of a sampling loop: the code below costs a percent where a run takes a millisecond
    if (last && last.input === input && last.count === count && last.output === output)
      return this.#serial.run(async () => {
        await runModel(this.#session, last.feeds, last.fetches, count);
      });
    this.#check(input, count, output);
    return this.#serial.run(() => this.#run(input, count, output));
  }

  /** Frees the model, after the runs that have begun. */
  release(): Promise<void> {
    return this.#serial.run(() => this.#session.release());
  }

  async #run(input: Float32Array, count: number, output: Float32Array): Promise<void> {
    const { input: image, output: embedding } = this.info;
    const size = this.padded ? this.batch : count;
    const raw = this.#rawOutput(count, size, output);
    const images = this.#rawInput(input, count, size);
    const feeds = {
      ...this.#zeroInputs(size),
      [image.name]: this.#feeds.over(images, [size, image.channels, image.height, image.width]),
    };
    const fetches = { [embedding.name]: this.#fetches.over(raw, [size, ...embedding.shape]) };
    await runModel(this.#session, feeds, fetches, size);
    if (raw.buffer === output.buffer) {
      // written in place
      if (images.buffer === input.buffer) this.#inPlace = { input, count, output, feeds, fetches };
      return;
    }
    const length = count * sizeOf(embedding.shape);
    const values =
      raw instanceof Uint16Array ? float16ToFloat32(raw.subarray(0, length), this.#floatOutput()) : raw;
    poolRows(values, count, embedding.shape, embedding.pooling, output);
  }

  /** What the model reads: the caller's memory, or a converted or padded copy. */
  #rawInput(input: Float32Array, count: number, size: number): Float32Array | Uint16Array {
    const imageSize = this.#imageSize();
    const images = input.subarray(0, count * imageSize);
    if (this.info.input.type === 'float16') {
      this.#halfInput ??= new Uint16Array(this.batch * imageSize);
      float32ToFloat16(images, this.#halfInput);
      return this.#halfInput.subarray(0, size * imageSize).fill(0, count * imageSize);
    }
    if (size === count && !isShared(input)) return images;
    this.#input ??= new Float32Array(this.batch * imageSize);
    this.#input.set(images);
    return this.#input.subarray(0, size * imageSize).fill(0, count * imageSize);
  }

  /** What the model writes: the caller's memory where it can, else memory of our own. */
  #rawOutput(count: number, size: number, output: Float32Array): Float32Array | Uint16Array {
    const { type, pooling, shape } = this.info.output;
    const length = size * sizeOf(shape);
    if (type === 'float16') {
      this.#halfOutput ??= new Uint16Array(this.batch * sizeOf(shape));
      return this.#halfOutput.subarray(0, length);
    }
    if (pooling === 'none' && size === count && !isShared(output)) return output.subarray(0, length);
    return this.#floatOutput().subarray(0, length);
  }

  #floatOutput(): Float32Array {
    this.#output ??= new Float32Array(this.batch * sizeOf(this.info.output.shape));
    return this.#output;
  }

  #zeroInputs(size: number): Record<string, Tensor> {
    let tensors = this.#zeros.get(size);
    if (tensors === undefined) this.#zeros.set(size, (tensors = zeroInputs(this.info.input.others, size)));
    return tensors;
  }

  #imageSize(): number {
    const { channels, height, width } = this.info.input;
    return channels * height * width;
  }

  #check(input: Float32Array, count: number, output: Float32Array): void {
    if (!Number.isInteger(count) || count < 1 || count > this.batch) {
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: `1 to ${this.batch} images a run`,
        got: String(count),
      });
    }
    for (const [what, array, needed] of [
      ['input', input, count * this.#imageSize()],
      ['output', output, count * this.info.dimension],
    ] as const) {
      if (array.length >= needed) continue;
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: `an ${what} of at least ${needed} values for ${count} image(s)`,
        got: `${array.length} values`,
      });
    }
  }
}

/** Runs asynchronous tasks one after another. */
class Serial {
  #last: Promise<unknown> = Promise.resolve();

  /** Starts `task` when all earlier ones have ended, however they ended. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** A run and its tensors. */
interface InPlaceRun {
  input: Float32Array;
  count: number;
  output: Float32Array;
  feeds: Record<string, Tensor>;
  fetches: Record<string, Tensor>;
}

/** The tensor over the memory used last, so that the steady state of a sampling loop makes no new ones. */
class TensorSlot {
  #data: Float32Array | Uint16Array | undefined;
  #tensor: Tensor | undefined;

  over(data: Float32Array | Uint16Array, shape: readonly number[]): Tensor {
    const last = this.#data;
    if (
      this.#tensor === undefined ||
      last?.buffer !== data.buffer ||
      last.byteOffset !== data.byteOffset ||
      last.length !== data.length
    ) {
      this.#data = data;
      this.#tensor = tensorOver(data, shape);
    }
    return this.#tensor;
  }
}

const isShared = (array: Float32Array): boolean =>
  typeof SharedArrayBuffer !== 'undefined' && array.buffer instanceof SharedArrayBuffer;

function checkedBatch(info: EncoderInfo, asked: number | undefined): number {
  const fixed = info.input.batch;
  const batch = asked ?? fixed ?? 1;
  if (Number.isInteger(batch) && batch >= 1 && (fixed === null || batch === fixed)) return batch;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: fixed === null ? 'a batch of at least 1' : `a batch of ${fixed}, which the model fixes`,
    got: String(batch),
  });
}
