/**
 * Outputs that are written into the caller's memory and copied nowhere.
 *
 * onnxruntime-node lets ONNX Runtime write into the tensors that it is given for outputs, but then it copies each output into a
 * new array for the result it returns: some 40 ms per 100 MB, and as much garbage. It makes the results one after another
 * in the order of the graph's outputs, when the run is over, and refuses outputs that are no tensors. So an output of another
 * type in the first place stops it after the run and before the first copy. Whether it does is tried on a small model, once per process;
 * the error of the trial is the only one that counts as success. Where the trial ends otherwise, outputs are copied.
 */
import { create } from '@bufbuild/protobuf';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { changed } from '../onnx/changed.ts';
import { ELEMENT_TYPES } from '../onnx/element-types.ts';
import {
  type ModelProto,
  NodeProtoSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from '../onnx/generated/onnx_pb.ts';
import { GraphBuilder } from '../onnx/graph-builder.ts';
import { opsetOf, writeModel } from '../onnx/model.ts';
import { makeTensor } from '../onnx/tensor.ts';

const NAME = 'retrievalguard.nothing';

/** SequenceConstruct exists since this version of the operator set. */
const SEQUENCES = 11;

/** A session that writes its outputs into given memory. */
export class InPlaceSession {
  readonly #session: InferenceSession;
  /** Of the error that ends every run; null where runs end with results. */
  readonly #ending: string | null;

  private constructor(session: InferenceSession, ending: string | null) {
    this.#session = session;
    this.#ending = ending;
  }

  /**
   * Opens a model.
   *
   * @throws as `InferenceSession.create` does
   */
  static async create(
    model: ModelProto,
    options: InferenceSession.SessionOptions = {},
  ): Promise<InPlaceSession> {
    const { executionProviders = ['cpu'] } = options;
    const onCpu = executionProviders.every((provider) => provider === 'cpu');
    const ending = onCpu ? await (tried ??= trial()) : null;
    const stopping = ending === null ? null : withNothing(model);
    const session = await InferenceSession.create(writeModel(stopping ?? model), options);
    return new InPlaceSession(session, stopping && ending);
  }

  /**
   * Runs the model.
   *
   * @param outputs - tensors of the right type and shape for those outputs that are wanted; their data is overwritten, and must
   *   not be that of a feed
   * @throws as `InferenceSession.run` does
   */
  async run(
    feeds: Readonly<Record<string, Tensor>>,
    outputs: Readonly<Record<string, Tensor>>,
  ): Promise<void> {
    if (this.#ending === null) {
      await this.#session.run(feeds, outputs);
      return;
    }
    const marks = Object.values(outputs).map(mark);
    try {
      await this.#session.run(feeds, { [NAME]: null, ...outputs });
    } catch (error) {
      const written = marks.every((first) => first[0] !== MARK);
      if (!(error instanceof Error) || error.message !== this.#ending || !written) throw error;
    }
  }

  /** Frees the model. */
  release(): Promise<void> {
    return this.#session.release();
  }
}

/** The bits of a NaN that no computation makes. */
const MARK = 0x7fc5_a1b7;

/** Marks a tensor whose data the run has to write, so that an end before that is not taken for success. */
function mark({ data }: Tensor): Uint32Array {
  const { buffer, byteOffset, byteLength } = data as Float32Array;
  if (byteLength < 4 || byteOffset % 4 !== 0) return new Uint32Array(0);
  return new Uint32Array(buffer, byteOffset, 1).fill(MARK);
}

let tried: Promise<string | null> | undefined;

/** The message of the error that ends a run without copies; null if there is none, or if the outputs were not written. */
async function trial(): Promise<string | null> {
  const g = new GraphBuilder();
  g.output('y', g.op('Neg', [g.input('x', 'float32', [2])]), 'float32', [2]);
  const tensor = (...values: number[]): Tensor => new Tensor('float32', Float32Array.from(values), [2]);
  const y = tensor(0, 0);
  const session = await InferenceSession.create(writeModel(withNothing(g.toModel())!), {
    logSeverityLevel: 4,
  }).catch(() => null);
  if (session === null) return null;
  try {
    await session.run({ x: tensor(1, 2) }, { [NAME]: null, y });
    return null;
  } catch (error) {
    const [first, second] = y.data as Float32Array;
    return error instanceof Error && first === -1 && second === -2 ? error.message : null;
  } finally {
    await session.release();
  }
}

/** The model with a sequence of one number as its first output; null for operator sets without sequences. */
function withNothing(model: ModelProto): ModelProto | null {
  const { graph } = model;
  if (!graph || opsetOf(model) < SEQUENCES) return null;
  const item = `${NAME} item`;
  const elemType = create(TypeProtoSchema, {
    value: { case: 'tensorType', value: { elemType: ELEMENT_TYPES.float32 } },
  });
  const type = create(TypeProtoSchema, { value: { case: 'sequenceType', value: { elemType } } });
  const node = create(NodeProtoSchema, { opType: 'SequenceConstruct', input: [item], output: [NAME] });
  return changed(model, {
    graph: changed(graph, {
      node: [node, ...graph.node],
      initializer: [...graph.initializer, makeTensor(item, Float32Array.of(0), [1])],
      output: [create(ValueInfoProtoSchema, { name: NAME, type }), ...graph.output],
    }),
  });
}
