import sharp from 'sharp';
import { RetrievalGuardError } from '../errors.ts';
import type { ByteImage } from './byte-image.ts';
import { decodeFile, decodeImage, type DecodeOptions, type ImageSource } from './decode.ts';
import { FileMap, filePixels, type FilePixels } from './file-map.ts';
import { centerCrop, requireOrdinary, resizedSize } from './geometry.ts';
import { preprocessingError, type Preprocessing } from './preprocessing.ts';
import { resize } from './resize.ts';

/** Interleaved bytes to channel planes in [0,1]: value / 255 in single precision. */
export function toPlanes({ data, height, width, channels }: ByteImage): Float32Array {
  const area = height * width;
  const planes = new Float32Array(channels * area);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) planes[c * area + i] = data[i * channels + c] / 255;
  }
  return planes;
}

/**
 * The picture that a model sees, as bytes: decoded, resized and cropped, equal to Pillow's and transformers' own
 * preprocessing (see {@link decodeImage}, {@link resize}), before the division by 255.
 * Throws IMAGE_UNREADABLE as {@link decodeImage} does and for a strip too long to resize, and PREPROCESSING_INVALID if the preprocessing leaves a picture
 * of another size than the model takes (only without resize and crop).
 */
export async function loadBytes(
  source: ImageSource,
  preprocessing: Preprocessing,
  options?: DecodeOptions,
): Promise<ByteImage> {
  const { channels, height, width, resample } = preprocessing;
  const decoded = await decodeImage(source, channels, options);
  const size = preprocessing.resize ? resizedSize(decoded, preprocessing.resize) : decoded;
  requireOrdinary(decoded, size);
  const resized = resize(decoded, size, resample);
  const image = preprocessing.centerCrop ? centerCrop(resized, preprocessing.centerCrop) : resized;
  if (image.height !== height || image.width !== width) {
    throw preprocessingError(
      `pictures of ${height}×${width} (height × width) after preprocessing`,
      `${image.height}×${image.width}${typeof source === 'string' ? ` from '${source}'` : ''}`,
      'Resize to that size, or add a center crop.',
    );
  }
  return image;
}

/** A picture as a model sees it. */
export interface ModelPicture {
  /** CHW, float32 in [0,1], length channels · height · width. */
  pixels: Float32Array;
  /** What is known of the file, where the preprocessing is unrounded. */
  file?: FilePixels;
}

/**
 * The image x that a model sees, before noise and before mean and std: the bytes of {@link loadBytes} / 255, or where the preprocessing is
 * `unrounded` what {@link FileMap} makes of the file. Throws as loadBytes does; unrounded also IMAGE_UNREADABLE for files that
 * decodeFile refuses.
 */
export async function loadPicture(
  source: ImageSource,
  preprocessing: Preprocessing,
  options?: DecodeOptions,
): Promise<ModelPicture> {
  if (!preprocessing.unrounded) return { pixels: toPlanes(await loadBytes(source, preprocessing, options)) };
  const file = await decodeFile(source, options);
  const map = new FileMap(file, preprocessing);
  const pixels = map.apply(file.data);
  return { pixels, file: filePixels(file, map, pixels) };
}

/** The pixels of {@link loadPicture}. Throws as it does. */
export async function loadImage(
  source: ImageSource,
  preprocessing: Preprocessing,
  options?: DecodeOptions,
): Promise<Float32Array> {
  return (await loadPicture(source, preprocessing, options)).pixels;
}

/**
 * A small JPEG of a picture for reports, upright, at most `size` pixels on its longer edge, never enlarged; alpha is
 * dropped as for the model. For eyes only: its resampling is libvips'.
 * Throws IMAGE_UNREADABLE as {@link decodeImage} does, OPTION_INVALID for a size that is not a positive integer.
 */
export async function thumbnail(source: ImageSource, size: number): Promise<Buffer> {
  if (!Number.isInteger(size) || size < 1) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'a thumbnail of at least 1 pixel',
      got: `size = ${size}`,
    });
  }
  const { data, height, width, channels } = await decodeImage(source, 3);
  return sharp(data, { raw: { height, width, channels } })
    .resize({ width: size, height: size, fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 85, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

/**
 * A PNG of `pixels` (CHW, [0,1]), for pictures of inputs with or without noise: values outside [0,1] are clipped,
 * the rest rounded to the nearest of 256 levels.
 * Throws OPTION_INVALID if `pixels` has not channels · height · width values.
 */
export async function encodePng(
  pixels: Float32Array,
  channels: 1 | 3,
  height: number,
  width: number,
): Promise<Buffer> {
  const area = height * width;
  if (pixels.length !== channels * area || area < 1) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: `${channels}×${height}×${width} pixel values`,
      got: `${pixels.length} values`,
    });
  }
  const bytes = new Uint8ClampedArray(pixels.length); // its assignment clips and rounds
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) bytes[i * channels + c] = pixels[c * area + i] * 255;
  }
  const image = sharp(bytes, { raw: { height, width, channels } });
  return (channels === 1 ? image.toColourspace('b-w') : image).png().toBuffer();
}
