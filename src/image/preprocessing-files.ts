/**
 * The files in which the tools of the ecosystem say what a model's pictures go through, in the order in which they are looked for. Each is
 * brought into the form of a Hugging Face preprocessor_config.json, which parsePreprocessing then reads.
 */
import type { ImageSize } from './byte-image.ts';
import { jsonText, preprocessingError } from './preprocessing.ts';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A file that may stand beside a model. */
export interface PreprocessingFile {
  name: string;
  /** Its content as a preprocessor_config.json; null where it says nothing of preprocessing. Throws PREPROCESSING_INVALID. */
  read: (content: unknown) => unknown;
}

/** ImageNet's, which timm takes where a file gives none; pixels in [0,1]. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
/** OpenAI's, which open_clip takes. */
const CLIP = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
};
/** timm's share of the resized picture that is cropped, where a file gives none. */
const CROP_PCT = 0.875;

/** All files, the first that speaks of preprocessing wins. */
export const PREPROCESSING_FILES: readonly PreprocessingFile[] = [
  {
    name: 'preprocessor_config.json',
    read: (content) => {
      if (!isObject(content)) return content;
      if (isObject(content.image_processor)) return content.image_processor;
      return isObject(content.pretrained_cfg) ? timm(content.pretrained_cfg) : content;
    },
  },
  {
    name: 'processor_config.json',
    read: (content) =>
      isObject(content) && isObject(content.image_processor) ? content.image_processor : null,
  },
  {
    name: 'open_clip_config.json',
    read: (content) => {
      if (!isObject(content) || !isObject(content.preprocess_cfg)) return null;
      const vision = isObject(content.model_cfg) ? content.model_cfg.vision_cfg : undefined;
      const size = isObject(vision) ? vision.image_size : undefined;
      return openClip({ size, ...content.preprocess_cfg }, 'open_clip_config.json');
    },
  },
  {
    name: 'preprocess_cfg.json',
    read: (content) => (isObject(content) ? openClip(content, 'preprocess_cfg.json') : content),
  },
  {
    name: 'config.json',
    read: (content) => {
      if (!isObject(content)) return null;
      if (isObject(content.pretrained_cfg)) return timm(content.pretrained_cfg);
      return 'input_size' in content && ('mean' in content || 'crop_pct' in content) ? timm(content) : null;
    },
  },
];

/** timm's data configuration: resize to size / crop_pct, crop the centre, as its create_transform does for evaluation. */
function timm(cfg: Json): Json {
  const { input_size: size, crop_mode: mode = 'center', interpolation = 'bicubic' } = cfg;
  if (!(Array.isArray(size) && size.length === 3 && size.every(Number.isInteger)))
    throw preprocessingError(
      "'input_size' of [channels, height, width] in timm's pretrained_cfg",
      jsonText(size),
    );
  const [, height, width] = size as number[];
  const share = cfg.crop_pct ?? CROP_PCT;
  if (typeof share !== 'number' || !(share > 0 && share <= 1))
    throw preprocessingError("'crop_pct' in (0, 1] in timm's pretrained_cfg", jsonText(share));
  const grown = [height, width].map((side) => Math.floor(side / share));
  return {
    ...resizeAndCrop({ height, width }, { height: grown[0], width: grown[1] }, mode === 'squash'),
    ...(mode === 'center' || mode === 'squash' ? {} : refuse("timm's crop_mode 'center' or 'squash'", mode)),
    resample: interpolation === 'random' ? 'bilinear' : interpolation,
    image_mean: cfg.mean ?? IMAGENET.mean,
    image_std: cfg.std ?? IMAGENET.std,
  };
}

/** open_clip's preprocess_cfg, which Immich stores as a file of its own: shortest edge and crop, or both edges. */
function openClip(cfg: Json, file: string): Json {
  const { size, resize_mode: mode = 'shortest', interpolation = 'bicubic', mode: colour = 'RGB' } = cfg;
  const sides = Array.isArray(size) ? size : [size, size];
  if (!(sides.length === 2 && sides.every(Number.isInteger)))
    throw preprocessingError(`'size' as a number or [height, width] in ${file}`, jsonText(size));
  if (colour !== 'RGB') refuse(`mode 'RGB' in ${file}`, colour);
  if (mode !== 'shortest' && mode !== 'squash') refuse(`resize_mode 'shortest' or 'squash' in ${file}`, mode);
  const [height, width] = sides as number[];
  return {
    ...resizeAndCrop({ height, width }, { height, width }, mode === 'squash'),
    resample: interpolation,
    image_mean: cfg.mean ?? CLIP.mean,
    image_std: cfg.std ?? CLIP.std,
  };
}

/** Resizes both edges to `to`, or the shorter one, and crops the centre of the model's size. */
function resizeAndCrop(size: ImageSize, to: ImageSize, squash: boolean): Json {
  if (squash)
    return {
      size: to,
      do_center_crop: to.height !== size.height || to.width !== size.width,
      crop_size: size,
    };
  if (to.height !== to.width)
    refuse('a square picture where the aspect ratio is kept', `${to.height}×${to.width}`);
  return { size: { shortest_edge: to.height }, do_center_crop: true, crop_size: size };
}

function refuse(expected: string, got: unknown): never {
  throw preprocessingError(
    expected,
    jsonText(got),
    'Write a preprocessor_config.json that describes the same steps, or do that step inside the model.',
  );
}
