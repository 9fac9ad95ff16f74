import { RetrievalGuardError } from '../errors.ts';
import { MAX_PIXELS } from '../limits.ts';
import type { ByteImage, ImageSize } from './byte-image.ts';

/** How a picture is brought to size before the crop. */
export type ResizeRule =
  /** The shorter edge becomes `edge`, the longer follows; with `max`, the longer edge is held to `max`. */
  | { readonly kind: 'shortest_edge'; readonly edge: number; readonly max?: number }
  /** Both edges are set; the aspect ratio may change. */
  | { readonly kind: 'exact'; readonly height: number; readonly width: number };

/**
 * The size that `rule` gives a picture of size `from`, rounded as transformers' `get_resize_output_image_size` rounds:
 * the longer edge is int(edge · long / short).
 */
export function resizedSize(from: ImageSize, rule: ResizeRule): ImageSize {
  if (rule.kind === 'exact') return { height: rule.height, width: rule.width };
  const portrait = from.width <= from.height;
  const short = portrait ? from.width : from.height;
  const long = portrait ? from.height : from.width;
  let newShort = rule.edge;
  let newLong = Math.trunc((rule.edge * long) / short);
  if (rule.max !== undefined && newLong > rule.max) {
    newShort = Math.trunc((rule.max * newShort) / newLong);
    newLong = rule.max;
  }
  return portrait ? { height: newLong, width: newShort } : { height: newShort, width: newLong };
}

/**
 * Refuses a strip of 1 × 60,000, which would fill the memory when resized.
 * Throws IMAGE_UNREADABLE for a picture of size `from` that would be resized to less than a pixel or to more than MAX_PIXELS.
 */
export function requireOrdinary(from: ImageSize, size: ImageSize): void {
  if (size.height >= 1 && size.width >= 1 && size.height * size.width <= MAX_PIXELS) return;
  throw new RetrievalGuardError('IMAGE_UNREADABLE', {
    expected: 'a picture of an ordinary aspect ratio',
    got: `${from.height}×${from.width} pixels, ${size.height}×${size.width} after resizing`,
    fix: 'Leave it out, or crop it.',
  });
}

/**
 * The middle `size` of a picture, as transformers' `center_crop`: the first row is floor((h − size.height) / 2), and
 * where the picture is smaller than the crop it is surrounded by zeros (black).
 */
export function centerCrop(image: ByteImage, { height, width }: ImageSize): ByteImage {
  if (height === image.height && width === image.width) return image;
  const { data, channels } = image;
  const top = Math.floor((image.height - height) / 2);
  const left = Math.floor((image.width - width) / 2);
  const out = new Uint8Array(height * width * channels);
  const firstColumn = Math.max(0, left);
  const lastColumn = Math.min(image.width, left + width); // exclusive
  for (let y = Math.max(0, top); y < Math.min(image.height, top + height); y++) {
    const row = y * image.width;
    out.set(
      data.subarray((row + firstColumn) * channels, (row + lastColumn) * channels),
      ((y - top) * width + firstColumn - left) * channels,
    );
  }
  return { data: out, height, width, channels };
}
