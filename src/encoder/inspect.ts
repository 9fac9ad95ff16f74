/** Finds the image input and the embedding output among what a model declares. */
import type { InferenceSession } from 'onnxruntime-node';
import { RetrievalGuardError } from '../errors.ts';
import type {
  EmbeddingOutput,
  FloatType,
  ImageInput,
  ModelFlags,
  OtherInput,
  Pooling,
} from './encoder-info.ts';

/** What a session says of its model. */
export type SessionMetadata = Pick<InferenceSession, 'inputMetadata' | 'outputMetadata'>;

type Metadata = InferenceSession.ValueMetadata;
type TensorMetadata = InferenceSession.TensorValueMetadata;

/** Output names that exporters conventionally give to embeddings, best first. */
const CONVENTIONAL_OUTPUTS = ['image_embeds', 'embeddings', 'pooler_output', 'last_hidden_state'];

/**
 * Chooses the image input and the embedding output of a model.
 *
 * @throws RetrievalGuardError MODEL_UNSUPPORTED when there is none or more than one, naming all with their shapes
 */
export function inspectModel(
  metadata: SessionMetadata,
  flags: ModelFlags = {},
): { input: ImageInput; output: EmbeddingOutput } {
  return {
    input: chooseInput(metadata.inputMetadata, flags),
    output: chooseOutput(metadata.outputMetadata, flags),
  };
}

/**
 * The pooling of an output of known rank.
 *
 * @throws RetrievalGuardError MODEL_UNSUPPORTED for other ranks, or when rank 3 comes without a choice
 */
export function choosePooling(name: string, shape: readonly (number | string)[], flags: ModelFlags): Pooling {
  const described = `'${name}' ${shapeText(shape)}`;
  const { pooling } = flags;
  const rank = shape.length;
  if (rank === 2 && pooling === undefined) return 'none';
  if (rank === 4 && pooling !== 'cls') return 'spatial';
  if (rank === 3) {
    if (pooling) return pooling;
    throw unsupported(
      'a choice of pooling for an output of [batch, tokens, dim]',
      described,
      "Say which: 'cls' takes the first token, 'mean' the mean of all tokens.",
    );
  }
  if (rank === 2 || rank === 4) {
    throw unsupported(
      `an output of [batch, tokens, dim] for the pooling '${pooling}'`,
      described,
      'Leave the pooling out for this output.',
    );
  }
  throw unsupported(
    'an embedding output of [batch, dim], [batch, dim, h, w] or [batch, tokens, dim]',
    described,
    'Export the model with its embedding as output, or name another output.',
  );
}

function chooseInput(inputs: readonly Metadata[], flags: ModelFlags): ImageInput {
  const expected = 'an image input of [batch, channels, height, width] in float32 or float16';
  if (flags.input !== undefined && !inputs.some((input) => input.name === flags.input)) {
    throw unsupported(`an input called '${flags.input}'`, list(inputs), 'Name one of these.');
  }
  if (inputs.length > 1 && flags.input === undefined) {
    throw unsupported(
      'a single input, the image',
      list(inputs),
      'Export the image encoder alone, or name the image input: the others are then fed zeros.',
    );
  }
  const image = flags.input === undefined ? inputs[0] : inputs.find((input) => input.name === flags.input);
  if (image === undefined || !image.isTensor) throw unsupported(expected, list(inputs));
  const { name, type, shape } = image;
  if (shape.length !== 4 || !isFloat(type)) throw unsupported(expected, list([image]));
  const [batch, channels, height, width] = shape.map((size) => (typeof size === 'number' ? size : null));
  const last = width === 1 || width === 3;
  if (
    (channels === null && height === null && last) ||
    (channels !== null && channels !== 1 && channels !== 3)
  ) {
    throw unsupported(
      '1 or 3 channels in the second dimension of the input',
      list([image]),
      last
        ? 'The channels seem to come last (NHWC); export the model with channels first: tf2onnx has --inputs-as-nchw, and in ONNX a Transpose with perm [0, 2, 3, 1] in front of the graph does it.'
        : undefined,
    );
  }
  const batchName = typeof shape[0] === 'string' ? shape[0] : undefined;
  const others = inputs
    .filter((input) => input !== image)
    .map((input) => otherInput(input, batchName, batch));
  return { name, type, batch, channels, height, width, others };
}

/** An input that will be fed zeros: dimensions named like the image's batch follow it, other open ones are 1. */
function otherInput(input: Metadata, batchName: string | undefined, batch: number | null): OtherInput {
  if (!input.isTensor || !isOtherType(input.type)) {
    throw unsupported(
      'inputs beside the image that can be fed zeros (float32, float16, int64, int32 or bool tensors)',
      list([input]),
    );
  }
  const shape = input.shape.map((size): number | 'batch' => {
    if (typeof size === 'number') return size;
    return batch === null && size !== '' && size === batchName ? 'batch' : 1;
  });
  return { name: input.name, type: input.type, shape };
}

function chooseOutput(outputs: readonly Metadata[], flags: ModelFlags): EmbeddingOutput {
  if (flags.output !== undefined) {
    const named = outputs.find((output) => output.name === flags.output);
    if (named === undefined) {
      throw unsupported(`an output called '${flags.output}'`, list(outputs), 'Name one of these.');
    }
    if (!isUsable(named)) throw noUsableOutput([named]);
    return describe(named);
  }
  const usable = outputs.filter(isUsable);
  if (usable.length === 0) throw noUsableOutput(outputs);
  if (usable.length === 1) return describe(usable[0]);
  for (const name of CONVENTIONAL_OUTPUTS) {
    const conventional = usable.find((output) => output.name === name);
    if (conventional) return describe(conventional);
  }
  throw unsupported('a single embedding output', list(outputs), 'Name the one to use.');
}

const noUsableOutput = (outputs: readonly Metadata[]) =>
  unsupported(
    'an output of [batch, dim], [batch, dim, h, w] or [batch, tokens, dim] in float32 or float16',
    list(outputs),
  );

type Usable = TensorMetadata & { type: FloatType };

/** Rank 0 stands for a shape that the file leaves open. */
const isUsable = (output: Metadata): output is Usable =>
  output.isTensor && isFloat(output.type) && [0, 2, 3, 4].includes(output.shape.length);

const describe = ({ name, type, shape }: Usable): EmbeddingOutput => ({
  name,
  type,
  rank: shape.length === 0 ? null : shape.length,
});

const isFloat = (type: string): type is FloatType => type === 'float32' || type === 'float16';

const isOtherType = (type: string): type is OtherInput['type'] =>
  isFloat(type) || type === 'int64' || type === 'int32' || type === 'bool';

const shapeText = (shape: readonly (number | string)[]): string =>
  `[${shape.map((size) => (size === '' ? '?' : size)).join(', ')}]`;

/** `'x' float32 [batch, 3, 224, 224], 'y' …` */
function list(values: readonly Metadata[]): string {
  if (values.length === 0) return 'none';
  return values
    .map((value) =>
      value.isTensor
        ? `'${value.name}' ${value.type} ${shapeText(value.shape)}`
        : `'${value.name}', which is no tensor`,
    )
    .join(', ');
}

function unsupported(expected: string, got: string, fix?: string): RetrievalGuardError {
  return new RetrievalGuardError('MODEL_UNSUPPORTED', { expected, got, fix });
}
