/** Mirroring, left to right. */
import type { ByteImage } from '../../../image/index.ts';

/** The mirror image. */
export function flipHorizontally({ data, height, width, channels }: ByteImage): ByteImage {
  const out = new Uint8Array(data.length);
  const row = width * channels;
  for (let y = 0; y < height; y++) {
    let from = y * row;
    for (let to = (y + 1) * row - channels; to >= y * row; to -= channels, from += channels) {
      for (let c = 0; c < channels; c++) out[to + c] = data[from + c];
    }
  }
  return { data: out, height, width, channels };
}
