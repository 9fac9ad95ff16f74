import { z } from 'zod';
import type { ImageSize } from './byte-image.ts';
import { RESAMPLE_FILTERS, type ResampleFilter } from './filters.ts';
import type { ResizeRule } from './geometry.ts';
import {
  checkChannels,
  jsonText,
  type ModelInput,
  perChannel,
  type Preprocessing,
  preprocessingError,
  requireSaneScale,
} from './preprocessing.ts';

const edge = z.int().min(1).max(16384);
const heightAndWidth = z.strictObject({ height: edge, width: edge });
const shortestEdge = z.strictObject({ shortest_edge: edge, longest_edge: edge.nullish() });
const flag = z.boolean().nullish();
const numbers = z.union([z.number(), z.array(z.number())]).nullish();

/** The code of a filter by any of its names: Pillow's, torchvision's and timm's, in any case. What is no name is handed on. */
function filterCode(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const plain = value.toLowerCase().replace(/^(pil\.)?(image\.)?(interpolationmode|resampling)\./, '');
  const code = (RESAMPLE_FILTERS as readonly string[]).indexOf(OTHER_FILTER_NAMES[plain] ?? plain);
  return code >= 0 ? code : value;
}

const OTHER_FILTER_NAMES: Readonly<Record<string, string>> = {
  'nearest-exact': 'nearest',
  nearest_exact: 'nearest',
  linear: 'bilinear',
  cubic: 'bicubic',
  lanczos3: 'lanczos',
  antialias: 'lanczos',
};

/** The keys that we understand. Every other key must be off (null or false) or listed in {@link INERT}. */
const configSchema = z.looseObject({
  image_processor_type: z.string().nullish(),
  feature_extractor_type: z.string().nullish(),
  do_resize: flag,
  size: z.union([edge, heightAndWidth, shortestEdge]).nullish(),
  default_to_square: flag,
  crop_pct: z.number().positive().max(1).nullish(),
  resample: z.preprocess(
    filterCode,
    z
      .int(`expected ${RESAMPLE_FILTERS.join(', ')}, or their code 0 to 5`)
      .min(0)
      .max(5)
      .nullish(),
  ),
  do_center_crop: flag,
  crop_size: z.union([edge, heightAndWidth]).nullish(),
  do_convert_rgb: flag,
  do_rescale: flag,
  rescale_factor: z.number().positive().nullish(),
  do_normalize: flag,
  image_mean: numbers,
  image_std: numbers,
});
type Config = z.infer<typeof configSchema>;

/** Keys of transformers' files that change no pixel of an image model's input, whatever they hold. */
const INERT = new Set([
  'processor_class',
  'auto_map',
  'transformers_version',
  'model_input_names',
  'return_tensors',
  'data_format',
  'input_data_format',
  'device',
  'disable_grouping',
  'do_reduce_labels',
  'reduce_labels',
  'pad_size', // do_pad, which would use it, is refused
]);

/**
 * Where a file leaves something open, transformers fills in a default of the class that the file names. These are the
 * classes whose default differs from that of the rest.
 */
const SHORTEST_EDGE_BY_DEFAULT =
  /^(Bit|CLIP|ChineseCLIP|ConvNext|Levit|MobileNetV1|MobileNetV2|MobileViT|PoolFormer|ViTHybrid)/i;
const BICUBIC_BY_DEFAULT =
  /^(Beit|Bit|CLIP|ChineseCLIP|ConvNext|DeiT|EfficientFormer|Flava|Levit|PoolFormer|Siglip|ViTHybrid)/i;
/** Classes that do more, or in another order, than resize, crop, rescale and normalise. */
const UNSUPPORTED_CLASS = /^(Perceiver|EfficientNet|ImageGPT|Timm)/i;

/** `crop_pct` of the classes that have one where their file gives none. */
const CONVNEXT_CROP_PCT = 224 / 256;
const POOLFORMER_CROP_PCT = 0.9;
/** From this edge on ConvNeXT squeezes the picture to a square and crops nothing. */
const CONVNEXT_NO_CROP_EDGE = 384;

interface Geometry {
  resize: ResizeRule | null;
  centerCrop: ImageSize | null;
}

/** A switch: null is off, as in Python, and only an absent one takes the default. */
const isOn = (value: boolean | null | undefined, byDefault: boolean): boolean =>
  value === undefined ? byDefault : value === true;
const square = (side: number): ImageSize => ({ height: side, width: side });
const sizeText = ({ height, width }: ImageSize): string => `${height}×${width} (height × width)`;

function readConfig(config: unknown): Config {
  const parsed = configSchema.safeParse(config);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0];
    const key = path.length > 0 ? String(path[0]) : '';
    const value = key === '' ? config : (config as Record<string, unknown>)[key];
    throw preprocessingError(
      key === ''
        ? 'a preprocessor_config.json holding one object'
        : `a usable '${key}' in preprocessor_config.json`,
      `${jsonText(value)} (${message})`,
      key === 'size'
        ? 'Give size as a number, {"height", "width"} or {"shortest_edge"}, in pixels.'
        : key === 'crop_size'
          ? 'Give crop_size as a number or {"height", "width"}, in pixels.'
          : undefined,
    );
  }
  for (const [key, value] of Object.entries(parsed.data)) {
    if (key in configSchema.shape || INERT.has(key) || key.startsWith('_')) continue;
    if (value === null || value === undefined || value === false) continue;
    throw preprocessingError(
      'only settings of preprocessor_config.json that RetrievalGuard can follow',
      `'${key}': ${jsonText(value)}`,
      'If it changes nothing for your pictures, remove it or set it to false; else do that step inside the model.',
    );
  }
  return parsed.data;
}

/** ConvNeXT: below 384, resize the shorter edge to edge / crop_pct and crop edge × edge; from 384 on, no crop. */
function convNextGeometry(side: number, cropPct: number): Geometry {
  if (side >= CONVNEXT_NO_CROP_EDGE) return { resize: { kind: 'exact', ...square(side) }, centerCrop: null };
  return { resize: { kind: 'shortest_edge', edge: Math.trunc(side / cropPct) }, centerCrop: square(side) };
}

/** `size` as it stands; a bare number is a square or a shortest edge, by the class or, unnamed, by whether a crop follows. */
function plainResize(config: Config, className: string, crops: boolean): ResizeRule {
  const { size } = config;
  if (size === null || size === undefined) {
    throw preprocessingError(
      "'size' in preprocessor_config.json",
      'none',
      'Give it, or set do_resize to false.',
    );
  }
  if (typeof size === 'number') {
    const keepsAspect = className === '' ? crops : SHORTEST_EDGE_BY_DEFAULT.test(className);
    return (config.default_to_square ?? !keepsAspect)
      ? { kind: 'exact', ...square(size) }
      : { kind: 'shortest_edge', edge: size };
  }
  if ('height' in size) return { kind: 'exact', height: size.height, width: size.width };
  const { shortest_edge, longest_edge } = size;
  if (typeof longest_edge !== 'number') return { kind: 'shortest_edge', edge: shortest_edge };
  if (longest_edge <= shortest_edge) {
    throw preprocessingError("a 'longest_edge' above 'shortest_edge' in size", jsonText(size));
  }
  return { kind: 'shortest_edge', edge: shortest_edge, max: longest_edge };
}

/** PoolFormer: `crop_pct` enlarges the resize; a square size is a shortest edge. */
function poolFormerResize(rule: ResizeRule, cropPct: number): ResizeRule {
  const grow = (side: number): number => Math.trunc(side / cropPct);
  if (rule.kind === 'exact' && rule.height !== rule.width) {
    return { kind: 'exact', height: grow(rule.height), width: grow(rule.width) };
  }
  return { kind: 'shortest_edge', edge: grow(rule.kind === 'exact' ? rule.height : rule.edge) };
}

function resolveCrop(config: Config, crops: boolean, input: ModelInput): ImageSize | null {
  if (!crops) return null;
  const { crop_size } = config;
  if (typeof crop_size === 'number') return square(crop_size);
  if (crop_size) return { height: crop_size.height, width: crop_size.width };
  if (input.height && input.width) return { height: input.height, width: input.width };
  throw preprocessingError("'crop_size' in preprocessor_config.json, as do_center_crop is true", 'none');
}

function resolveGeometry(config: Config, className: string, input: ModelInput): Geometry {
  const crops = isOn(config.do_center_crop, config.crop_size !== null && config.crop_size !== undefined);
  const resizes = isOn(config.do_resize, true);
  const named = (pattern: RegExp): boolean => pattern.test(className);
  const pctGiven = typeof config.crop_pct === 'number';

  if (named(/^ConvNext/i) || (pctGiven && className === '' && !crops)) {
    if (crops) {
      throw preprocessingError(
        `one center crop: a ${className} crops by crop_pct`,
        `crop_size ${jsonText(config.crop_size)} too`,
        'Set do_center_crop to false or remove it.',
      );
    }
    if (!resizes) return { resize: null, centerCrop: null };
    const rule = plainResize({ ...config, default_to_square: false }, className, true);
    if (rule.kind === 'exact' || rule.max !== undefined) {
      throw preprocessingError(
        "'size' as {\"shortest_edge\"}, as ConvNeXT's crop_pct needs it",
        jsonText(config.size),
      );
    }
    return convNextGeometry(rule.edge, config.crop_pct ?? CONVNEXT_CROP_PCT);
  }

  const centerCrop = resolveCrop(config, crops, input);
  if (!resizes) return { resize: null, centerCrop };
  const rule = plainResize(config, className, crops);
  if (named(/^Levit/i) && rule.kind === 'shortest_edge') {
    return { resize: { ...rule, edge: Math.trunc((256 / 224) * rule.edge) }, centerCrop };
  }
  if (named(/^PoolFormer/i) || (pctGiven && className === '')) {
    const pct = config.crop_pct === undefined ? POOLFORMER_CROP_PCT : config.crop_pct;
    return { resize: pct === null ? rule : poolFormerResize(rule, pct), centerCrop };
  }
  if (pctGiven) {
    throw preprocessingError(
      "'crop_pct' only with a ConvNeXT or PoolFormer image processor",
      `crop_pct ${config.crop_pct} with ${className}`,
      'Remove crop_pct, or give size, do_center_crop and crop_size in its stead.',
    );
  }
  return { resize: rule, centerCrop };
}

/** Height and width after resize and crop, held against what the model takes. */
function finalSize({ resize, centerCrop }: Geometry, config: Config, input: ModelInput): ImageSize {
  const known = centerCrop ?? (resize?.kind === 'exact' ? resize : null);
  if (known === null && resize !== null) {
    throw preprocessingError(
      'one size for every picture',
      `size ${jsonText(config.size)} without a center crop, which leaves the longer edge open`,
      'Add do_center_crop with crop_size, or give size as {"height", "width"}.',
    );
  }
  const height = known?.height ?? input.height;
  const width = known?.width ?? input.width;
  if (!height || !width) {
    throw preprocessingError(
      'a size in preprocessor_config.json, as the model takes any',
      'do_resize false and no center crop',
    );
  }
  if ((input.height ?? height) !== height || (input.width ?? width) !== width) {
    throw preprocessingError(
      `pictures of ${input.height ?? 'any'}×${input.width ?? 'any'} (height × width), the model's input`,
      `${sizeText({ height, width })} from preprocessor_config.json`,
      'Correct size or crop_size, or use the file that belongs to this model.',
    );
  }
  return { height, width };
}

/** mean and std in [0,1] units: with pixel values v = 255 x the file means (f v − mean) / std. */
function resolveScale(config: Config, channels: 1 | 3): { mean: number[]; std: number[] } {
  const factor = isOn(config.do_rescale, true) ? (config.rescale_factor ?? 1 / 255) : 1;
  const scale = 255 * factor;
  const mean = config.image_mean ?? undefined;
  const std = config.image_std ?? undefined;
  if (!isOn(config.do_normalize, true)) {
    return {
      mean: perChannel('image_mean', 0, channels, false),
      std: perChannel('image_std', 1 / scale, channels, true),
    };
  }
  if (mean === undefined || std === undefined) {
    throw preprocessingError(
      "'image_mean' and 'image_std' in preprocessor_config.json",
      `image_mean ${jsonText(mean ?? null)}, image_std ${jsonText(std ?? null)}`,
      'Give both, or set do_normalize to false.',
    );
  }
  return {
    mean: perChannel('image_mean', mean, channels, false).map((m) => m / scale),
    std: perChannel('image_std', std, channels, true).map((s) => s / scale),
  };
}

/**
 * Resolves the content of a Hugging Face `preprocessor_config.json` for a model with the given input, as transformers'
 * (slow, Pillow-based) image processors read it.
 *
 * Left out of the file: do_resize, do_rescale and do_normalize are on, do_center_crop is on if there is a crop_size,
 * rescale_factor is 1/255, and `resample` and the meaning of a bare number as `size` are those of the class that the
 * file names (with no class: bilinear; a shortest edge if a crop follows, else a square).
 *
 * Throws PREPROCESSING_INVALID for anything malformed, for settings that are on and not understood (do_pad,
 * do_thumbnail, …: following the rest would feed the model other pictures than it was made for), for sizes that vary
 * from picture to picture, and for contradictions with the model's input, naming both sides.
 */
export function parsePreprocessing(config: unknown, input: ModelInput): Preprocessing {
  const channels = checkChannels(input.channels);
  const settings = readConfig(config);
  const className = settings.image_processor_type ?? settings.feature_extractor_type ?? '';
  if (UNSUPPORTED_CLASS.test(className)) {
    throw preprocessingError(
      'an image processor that resizes, crops, rescales and normalises',
      className,
      'Describe its steps with those settings and leave the class out.',
    );
  }
  if (channels === 1 && settings.do_convert_rgb) {
    throw preprocessingError(
      'grey pictures, as the model takes 1 channel',
      'do_convert_rgb: true, 3 channels',
    );
  }
  const geometry = resolveGeometry(settings, className, input);
  const scale = resolveScale(settings, channels);
  requireSaneScale(scale.mean, scale.std);
  const byDefault: ResampleFilter = BICUBIC_BY_DEFAULT.test(className) ? 'bicubic' : 'bilinear';
  return {
    channels,
    ...finalSize(geometry, settings, input),
    resize: geometry.resize,
    resample: typeof settings.resample === 'number' ? RESAMPLE_FILTERS[settings.resample] : byDefault,
    centerCrop: geometry.centerCrop,
    ...scale,
  };
}

/**
 * The content of a Hugging Face `preprocessor_config.json` that says what `preprocessing` does: `parsePreprocessing` of it, for a
 * model with the same input, gives the same record.
 */
export function preprocessorConfig(preprocessing: Preprocessing): Record<string, unknown> {
  const { resize, centerCrop, resample, mean, std } = preprocessing;
  const size =
    resize?.kind === 'exact'
      ? { height: resize.height, width: resize.width }
      : resize && {
          shortest_edge: resize.edge,
          ...(resize.max === undefined ? {} : { longest_edge: resize.max }),
        };
  return {
    do_resize: resize !== null,
    ...(size ? { size } : {}),
    resample: RESAMPLE_FILTERS.indexOf(resample),
    do_center_crop: centerCrop !== null,
    ...(centerCrop ? { crop_size: { height: centerCrop.height, width: centerCrop.width } } : {}),
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: [...mean],
    image_std: [...std],
  };
}
