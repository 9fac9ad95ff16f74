/** The network that a training starts from: a backbone of our own or one of the user's, with an embedding head. */
import { type EncoderInfo, type ModelFlags, readEncoderInfo } from '../encoder/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import { defaultPreprocessing, type Preprocessing } from '../image/index.ts';
import { foldConstants, type ModelProto, opsetOf, readWholeModel } from '../onnx/index.ts';
import { appendHead, BACKBONES, type BackboneName } from './backbones/index.ts';

/** Losses and miners give axes as inputs, as they are since then. */
const OLDEST_OPSET = 13;

/** Options of {@link initialModel}. */
export interface InitialModelOptions {
  /** Name of a built-in backbone, or path of an .onnx file or a model folder. */
  backbone: string;
  /** Size of the embedding. */
  dimension: number;
  /** Which initial weights. */
  seed: number;
  /**
   * Size, channels and normalisation of the images. For a built-in backbone: height and width default to 28 for conv4 and 224 for
   * the others, channels to 1 for conv4 and 3 for the others, mean and std to 0.5. For a file: where its own files do not say.
   */
  image?: ModelFlags;
}

/** A network and what it takes. */
export interface InitialModel {
  /** One image input, one output `embedding` of unit rows. */
  model: ModelProto;
  preprocessing: Preprocessing;
  /** The built-in name, or 'sha256:…' of the file. */
  backbone: string;
  /** What was assumed of a file, and what looks wrong: a sentence each. */
  notes: string[];
}

/**
 * Builds or reads the backbone and appends a linear head with L2 normalisation.
 *
 * @throws RetrievalGuardError OPTION_INVALID for a name that is neither a backbone nor a path, and as reading a model does
 */
export async function initialModel(options: InitialModelOptions): Promise<InitialModel> {
  const { backbone, dimension, seed, image = {} } = options;
  if (Object.hasOwn(BACKBONES, backbone)) return builtIn(backbone as BackboneName, options);
  const info = await readEncoderInfo(backbone, image).catch((cause: unknown) => {
    if (!/[./\\]/.test(backbone)) throw unknownBackbone(backbone);
    throw cause;
  });
  const model = await readBackbone(info);
  const { pooling } = info.output;
  return {
    model: appendHead(model, {
      dimension,
      seed,
      output: info.output.name,
      pooling: pooling === 'mean' ? 'mean' : 'cls',
      features: info.dimension,
    }),
    preprocessing: info.preprocessing,
    backbone: `sha256:${info.modelHash}`,
    notes: info.notes,
  };
}

function builtIn(name: BackboneName, { dimension, seed, image = {} }: InitialModelOptions): InitialModel {
  const small = name === 'conv4';
  const { channels = small ? 1 : 3, height = small ? 28 : 224, width = small ? 28 : 224 } = image;
  const preprocessing = defaultPreprocessing({
    channels,
    height,
    width,
    mean: image.mean ?? 0.5,
    std: image.std ?? 0.5,
  });
  const model = BACKBONES[name]({ channels, height, width, seed });
  return { model: appendHead(model, { dimension, seed }), preprocessing, backbone: name, notes: [] };
}

/** The file's network, with Constant nodes and other weights that are computed turned into initializers. */
async function readBackbone({ modelPath, input }: EncoderInfo): Promise<ModelProto> {
  if (input.type !== 'float32' || input.others.length > 0) {
    throw new RetrievalGuardError('MODEL_UNSUPPORTED', {
      expected: 'a float32 backbone whose only input is the image',
      got:
        input.type === 'float32'
          ? `further inputs (${input.others.map(({ name }) => name).join(', ')})`
          : input.type,
      fix: 'Export the image encoder alone, in float32.',
    });
  }
  const model = await readWholeModel(modelPath);
  if (opsetOf(model) < OLDEST_OPSET) {
    throw new RetrievalGuardError('MODEL_UNSUPPORTED', {
      expected: `a backbone of operator set ${OLDEST_OPSET} or later, in which losses are written`,
      got: `operator set ${opsetOf(model)} in ${modelPath}`,
      fix: 'Export the model with a later opset_version, or convert it with onnx.version_converter.',
    });
  }
  return foldConstants(model);
}

function unknownBackbone(backbone: string): RetrievalGuardError {
  return new RetrievalGuardError('OPTION_INVALID', {
    expected: `a backbone among ${Object.keys(BACKBONES).join(', ')}, or the path of an .onnx file`,
    got: `'${backbone}'`,
  });
}
