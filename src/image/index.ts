/**
 * Pictures: decoding, preprocessor_config.json, resizing and cropping as Pillow and transformers do, [0,1] CHW pixels.
 *
 * @module image
 */
export type { ByteImage, ImageSize } from './byte-image.ts';
export { decodeFile, decodeImage, type DecodeOptions, type ImageSource } from './decode.ts';
export { MAX_PIXELS } from '../limits.ts';
export { type LoaderSetup, PictureLoader } from './picture-loader.ts';
export { RESAMPLE_FILTERS, type ResampleFilter } from './filters.ts';
export { centerCrop, resizedSize, type ResizeRule } from './geometry.ts';
export { contrastOf, FileMap, type FilePixels } from './file-map.ts';
export { encodePng, loadBytes, loadImage, loadPicture, type ModelPicture, thumbnail } from './load-image.ts';
export { PREPROCESSING_FILES, type PreprocessingFile } from './preprocessing-files.ts';
export { parsePreprocessing, preprocessorConfig } from './preprocessor-config.ts';
export {
  type BarePreprocessing,
  defaultPreprocessing,
  type ModelInput,
  type Preprocessing,
  preprocessingHash,
} from './preprocessing.ts';
export { resize } from './resize.ts';
