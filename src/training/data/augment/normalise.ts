/** From bytes to the numbers that a network takes, without the noise: (v/255 − mean)/std, from a table. */
import type { ByteImage, Preprocessing } from '../../../image/index.ts';
import { affineNoise } from '../../../noise/index.ts';

/** [channels × 256]: what each byte becomes in each channel; the bits that loadImage and affineNoise give. */
export function normalisationTable(preprocessing: Preprocessing): Float32Array {
  const { channels } = preprocessing;
  const pixels = Float32Array.from({ length: channels * 256 }, (_, i) => (i % 256) / 255);
  return affineNoise(pixels, 0, preprocessing).base;
}

/** Writes the channel planes of `image` through `table` to `out`, length channels · height · width. */
export function writePlanes({ data, channels }: ByteImage, table: Float32Array, out: Float32Array): void {
  const area = data.length / channels;
  for (let c = 0; c < channels; c++) {
    const row = table.subarray(c * 256, (c + 1) * 256);
    const plane = out.subarray(c * area, (c + 1) * area);
    for (let i = 0, from = c; i < area; i++, from += channels) plane[i] = row[data[from]];
  }
}
