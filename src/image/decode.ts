import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import sharp from 'sharp';
import { RetrievalGuardError } from '../errors.ts';
import { MAX_PIXELS } from '../limits.ts';
import type { ByteImage, ImageSize } from './byte-image.ts';
import { beginsAsPicture, foreignFormat } from './formats.ts';

/** Where a picture comes from: the path of a file, or the bytes of one. */
export type ImageSource = string | Uint8Array;

/** Raster formats only: an SVG or a PDF has no pixels of its own, and Pillow would not open it. */
const FORMATS = new Set(['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif']);
const READABLE = 'a complete JPEG, PNG, WebP, GIF, TIFF or AVIF file';

const OPEN_IT = 'Open it in an image viewer to check, and replace or leave it out.';

function unreadable(source: ImageSource, why: string, cause?: unknown, fix = OPEN_IT): RetrievalGuardError {
  const name = typeof source === 'string' ? `'${source}'` : `${source.byteLength} bytes`;
  return new RetrievalGuardError('IMAGE_UNREADABLE', {
    expected: READABLE,
    got: `${name}: ${why}`,
    fix,
    cause,
  });
}

/**
 * Our own words: libvips collects the messages of its decoders for the whole process, and another image that is read at
 * the same time can take them away. Its own message stays as the cause.
 */
const NO_IMAGE = 'it does not begin as an image does';
const DAMAGED = 'its image data are damaged or cut short';

/** What the system's codes mean. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'it may not be read',
  EPERM: 'it may not be read',
  EISDIR: 'it is a folder',
  PIPE: 'it is no ordinary file',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'too many files are open',
};

/** Options of {@link decodeImage}. */
export interface DecodeOptions {
  /** Largest picture, in pixels; default {@link MAX_PIXELS}. */
  maxPixels?: number;
}

/** a · b / 255, rounded, in integers, as Pillow multiplies bytes. */
function multiplyBytes(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

/** Ink to light without a colour profile, as Pillow does it. */
function cmykToRgb(data: Uint8Array): Uint8Array {
  const pixels = data.length / 4;
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    const light = 255 - data[i * 4 + 3];
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = Math.max(0, light - multiplyBytes(data[i * 4 + c], light));
  }
  return rgb;
}

/** Keeps the colours (1: grey, repeated; 3: RGB) of pixels that may carry an alpha channel. */
function dropAlpha(data: Uint8Array, stored: number): Uint8Array {
  if (stored === 3) return data;
  const pixels = data.length / stored;
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = data[i * stored + (stored < 3 ? 0 : c)];
  }
  return rgb;
}

/** ITU-R 601-2 luma in the fixed point of Pillow's `convert('L')`. Grey stays as it is. */
function toLuminance(rgb: Uint8Array): Uint8Array {
  const luminance = new Uint8Array(rgb.length / 3);
  for (let i = 0; i < luminance.length; i++) {
    luminance[i] = (rgb[i * 3] * 19595 + rgb[i * 3 + 1] * 38470 + rgb[i * 3 + 2] * 7471 + 0x8000) >> 16;
  }
  return luminance;
}

async function readBytes(source: ImageSource): Promise<Uint8Array> {
  if (typeof source !== 'string') return source;
  try {
    // without waiting for the other end of a pipe
    const handle = await open(source, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const found = await handle.stat();
      if (!found.isFile())
        throw Object.assign(new Error(), { code: found.isDirectory() ? 'EISDIR' : 'PIPE' });
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const why = REASONS[code] ?? (code || String(error));
    throw unreadable(source, why, error, 'Check the path and the right to read it.');
  }
}

/** A picture as the decoder gives it. */
interface Stored extends ImageSize {
  /** Bytes, `stored` a pixel. */
  data: Uint8Array;
  stored: number;
  /** What the file says of its colours and of its samples, in the words of libvips. */
  space: string;
  depth: string;
}

/** Throws IMAGE_UNREADABLE as {@link decodeImage} says. */
async function decodeStored(source: ImageSource, { maxPixels = MAX_PIXELS }: DecodeOptions): Promise<Stored> {
  const bytes = await readBytes(source);
  if (bytes.byteLength === 0) throw unreadable(source, 'it is empty');
  const foreign = foreignFormat(bytes);
  if (foreign) throw unreadable(source, `it is ${foreign.name}`, undefined, foreign.fix ?? OPEN_IT);
  const options = { failOn: 'error', ignoreIcc: true, limitInputPixels: false } as const;
  const { format, space, depth, width, height } = await sharp(bytes, options)
    .metadata()
    .catch((error: unknown): never => {
      throw unreadable(source, beginsAsPicture(bytes) ? DAMAGED : NO_IMAGE, error);
    });
  if (!FORMATS.has(format)) throw unreadable(source, `its format is '${format}'`);
  if (width * height > maxPixels)
    throw unreadable(
      source,
      `it has ${width}×${height} pixels, ${((width * height) / 1e6).toFixed(0)} million, more than the limit of ${(maxPixels / 1e6).toFixed(0)} million`,
      undefined,
      `Make it smaller, or raise the limit with --max-pixels ${width * height}; decoding takes ${((3 * width * height) / 2 ** 30).toFixed(1)} GiB.`,
    );
  try {
    const pipeline = sharp(bytes, options).autoOrient();
    const cmyk = space === 'cmyk';
    if (cmyk) pipeline.pipelineColourspace('cmyk').toColourspace('cmyk');
    const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
    return { data, stored: info.channels, height: info.height, width: info.width, space, depth };
  } catch (error) {
    throw unreadable(source, DAMAGED, error);
  }
}

/**
 * Decodes a picture as Python does with Pillow, `ImageOps.exif_transpose(Image.open(…)).convert('RGB')` (3 channels)
 * or `.convert('L')` (1 channel):
 * - the EXIF orientation is applied;
 * - alpha is dropped, not blended: the colours under transparent pixels come out as stored;
 * - embedded ICC profiles are ignored and the stored numbers taken as sRGB;
 * - CMYK becomes RGB by the plain formula, without a profile;
 * - palettes and 1-, 2- and 4-bit pixels are expanded, grey is repeated into three channels;
 * - 16-bit samples keep their high byte (for 16-bit *grey* Pillow's conversion saturates to white instead: the one
 *   deliberate difference);
 * - of an animation or a multi-page file the first picture is taken.
 *
 * Damaged files are refused where Pillow refuses them: truncated data throws, a mere warning of the JPEG decoder does not.
 * Throws IMAGE_UNREADABLE for a missing, empty, truncated or corrupt file, and for other formats.
 */
export async function decodeImage(
  source: ImageSource,
  channels: 1 | 3,
  options: DecodeOptions = {},
): Promise<ByteImage> {
  const { data, stored, height, width, space } = await decodeStored(source, options);
  const rgb = space === 'cmyk' ? cmykToRgb(data) : dropAlpha(data, stored);
  return { data: channels === 3 ? rgb : toLuminance(rgb), height, width, channels };
}

const NOT_AFFINE =
  'Save it as an opaque 8-bit RGB or grey picture, leave it out, or certify in the pixels of the model (--pixels input).';

/**
 * The pixels of a picture as {@link decodeImage} decodes them, before any change of colours: 1 channel where the file is grey, else 3. What
 * becomes of them on the way to the model must be linear, so files are refused whose colours the decoding itself makes by rounding (CMYK,
 * other colour spaces, more than 8 bits a sample) or whose colours are not what is seen (transparency).
 *
 * @throws RetrievalGuardError IMAGE_UNREADABLE for these, and as decodeImage does
 */
export async function decodeFile(source: ImageSource, options: DecodeOptions = {}): Promise<ByteImage> {
  const { data, stored, height, width, space, depth } = await decodeStored(source, options);
  const refuse = (why: string): RetrievalGuardError => unreadable(source, why, undefined, NOT_AFFINE);
  if (space !== 'srgb' && space !== 'b-w')
    throw refuse(`its colours are stored as '${space}' and are converted after decoding, with rounding`);
  if (depth !== 'uchar') throw refuse(`its samples have more than 8 bits ('${depth}') and are rounded`);
  if (stored % 2 === 0)
    for (let i = stored - 1; i < data.length; i += stored)
      if (data[i] !== 255) throw refuse('it is transparent in places');
  const rgb = dropAlpha(data, stored);
  if (space !== 'b-w') return { data: rgb, height, width, channels: 3 };
  return {
    data: Uint8Array.from({ length: height * width }, (_, i) => rgb[3 * i]),
    height,
    width,
    channels: 1,
  };
}
