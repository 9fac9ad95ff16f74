/** From a model's files and an open session to its EncoderInfo. */
import { createHash } from 'node:crypto';
import type { InferenceSession } from 'onnxruntime-node';
import { RetrievalGuardError } from '../errors.ts';
import {
  defaultPreprocessing,
  parsePreprocessing,
  type Preprocessing,
  preprocessingHash,
} from '../image/index.ts';
import type { ModelFiles } from './model-files.ts';
import { choosePooling, inspectModel } from './inspect.ts';
import { pooledDimension } from './encoder-pool.ts';
import { runModel, zeroInputs, zeros } from './tensors.ts';
import type { EncoderInfo, ImageInput, ModelFlags } from './encoder-info.ts';

/** Inspects the model, settles its preprocessing and finds the embedding's dimension by running it once. */
export async function describeEncoder(files: ModelFiles, session: InferenceSession): Promise<EncoderInfo> {
  const { flags } = files;
  const declared = inspectModel(session, flags);
  const { preprocessing: settled, notes } = settlePreprocessing(files, declared.input);
  const preprocessing: Preprocessing =
    files.flags.pixels === 'file' ? { ...settled, unrounded: true } : settled;
  const { channels, height, width } = preprocessing;
  const input = { ...declared.input, channels, height, width };
  const dims = await probeOutput(session, input, declared.output.name);
  const pooling = choosePooling(declared.output.name, dims, flags);
  const shape = dims.slice(1);
  const { name, type } = declared.output;
  const output = { name, type, rank: dims.length as 2 | 3 | 4, pooling, shape };
  const hashOfPreprocessing = preprocessingHash(preprocessing);
  const { modelPath, modelHash, trainedWith } = files;
  const identity = [modelHash, input.name, height, width, channels, name, pooling, hashOfPreprocessing];
  return {
    modelPath,
    modelHash,
    encoderHash: createHash('sha256').update(JSON.stringify(identity)).digest('hex'),
    input,
    output,
    dimension: pooledDimension(shape, pooling),
    preprocessing,
    preprocessingHash: hashOfPreprocessing,
    notes: [...notes, ...suspicions(preprocessing)],
    ...(trainedWith ? { trainedWith } : {}),
  };
}

/** Preprocessing from the configuration files, the model's declared size and the flags, which must not disagree; and what to say of it. */
function settlePreprocessing(
  files: ModelFiles,
  input: ImageInput,
): { preprocessing: Preprocessing; notes: string[] } {
  const { flags } = files;
  const [first, ...others] = files.preprocessing;
  const channels = agree('channels', input.channels, flags.channels) ?? openChannels(first?.config, flags);
  const height = agree('height', input.height, flags.height);
  const width = agree('width', input.width, flags.width);
  if (flags.inputRange !== undefined && (first || flags.mean || flags.std)) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'an input range only where nothing else says what the model takes',
      got: first ? `${first.file} too` : 'a mean or std too',
      fix: 'Leave it out.',
    });
  }
  if (first) {
    const size = { channels, height, width };
    const parsed = parsePreprocessing(first.config, size);
    const conflicting = others.filter(({ config }) => !sameAs(parsed, config, size)).map(({ file }) => file);
    const { mean, std } = defaultPreprocessing({
      ...parsed,
      mean: flags.mean ?? parsed.mean,
      std: flags.std ?? parsed.std,
    });
    const notes =
      conflicting.length > 0
        ? [`${conflicting.join(' and ')} beside the model disagree with ${first.file}, which is followed`]
        : [];
    return { preprocessing: { ...parsed, mean, std }, notes };
  }
  if (height === null || width === null) {
    throw new RetrievalGuardError('MODEL_UNSUPPORTED', {
      expected: 'the size of the input image',
      got: `an input '${input.name}' of any size and no preprocessor_config.json`,
      fix: 'Give the height and width, or put the preprocessor_config.json of the model beside it.',
    });
  }
  const std = flags.std ?? (flags.inputRange === 255 ? [1 / 255] : undefined);
  const preprocessing = defaultPreprocessing({ channels, height, width, mean: flags.mean, std });
  if (flags.inputRange !== undefined || (flags.mean && flags.std)) return { preprocessing, notes: [] };
  const silent =
    files.silentFiles.length > 0 ? ` (${files.silentFiles.join(', ')} says nothing of preprocessing)` : '';
  return {
    preprocessing,
    notes: [
      `no preprocessing file beside the model${silent}: assuming ${height}×${width} pixels, resized bilinearly, mean ${preprocessing.mean.join(' ')} and std ${preprocessing.std.join(' ')} for pixels in [0,1]; --mean and --std, or --input-range 255, say otherwise`,
    ],
  };
}

/** Whether another file means the same; one that cannot be followed does not. */
function sameAs(parsed: Preprocessing, config: unknown, size: Parameters<typeof parsePreprocessing>[1]) {
  try {
    return preprocessingHash(parsePreprocessing(config, size)) === preprocessingHash(parsed);
  } catch {
    return false;
  }
}

/** Scales that look like those of pixels from 0 to 255. */
function suspicions({ mean, std }: Preprocessing): string[] {
  const large = [...mean, ...std].some((value) => Math.abs(value) > 2);
  if (!large) return [];
  const list = (values: readonly number[]): string =>
    values.map((value) => Number(value.toPrecision(5))).join(' ');
  return [
    `mean ${list(mean)} and std ${list(std)} look like those of pixels from 0 to 255, but pixels are in [0,1] here: all pictures will look alike to the model; divide both by 255, or set do_rescale to false in preprocessor_config.json`,
  ];
}

function agree(what: string, declared: number | null, flag: number | undefined): number | null {
  if (declared === null || flag === undefined || declared === flag) return declared ?? flag ?? null;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: `${what} ${declared}, which the model fixes`,
    got: `${what} ${flag}`,
    fix: 'Leave it out.',
  });
}

/** The channels of a model that leaves them open: as many as it has means, else 3. */
function openChannels(config: unknown, flags: ModelFlags): number {
  const configured =
    typeof config === 'object' && config !== null && 'image_mean' in config ? config.image_mean : undefined;
  if (flags.mean !== undefined && flags.mean.length > 1) return flags.mean.length;
  return Array.isArray(configured) ? configured.length : 3;
}

/** The dimensions of the output for one batch of zeros. */
async function probeOutput(
  session: InferenceSession,
  input: EncoderInfo['input'],
  output: string,
): Promise<readonly number[]> {
  const batch = input.batch ?? 1;
  const shape = [batch, input.channels, input.height, input.width];
  const feeds = { [input.name]: zeros(input.type, shape), ...zeroInputs(input.others, batch) };
  const { dims } = (await runModel(session, feeds, [output], batch))[output];
  if (dims.length >= 2 && dims[0] === batch && dims.every((size) => size > 0)) return dims;
  throw new RetrievalGuardError('MODEL_UNSUPPORTED', {
    expected: `an output '${output}' with one row for each of ${batch} image(s)`,
    got: `[${dims.join(', ')}]`,
    fix: 'Export the model with its embedding as output, or name another output.',
  });
}
