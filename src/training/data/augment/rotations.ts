/**
 * Quarter turns as classes of their own: N pictures of C classes become 4 N of 4 C. A letter that lies on its side is
 * another letter, so this makes four times the classes; it makes no sense for pictures that have no fixed upright.
 */
import type { ByteImage } from '../../../image/index.ts';

/** Turns in a full circle. */
export const QUARTERS = 4;

/** `image` turned counter-clockwise by `quarters` quarter turns (0 to 3). */
export function rotateQuarters(image: ByteImage, quarters: number): ByteImage {
  const { data, height, width, channels } = image;
  if (quarters === 0) return image;
  const [h, w] = quarters === 2 ? [height, width] : [width, height];
  const out = new Uint8Array(data.length);
  let to = 0;
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      // where the pixel that comes to (y, x) was
      const row = quarters === 1 ? x : quarters === 2 ? height - 1 - y : height - 1 - x;
      const column = quarters === 1 ? width - 1 - y : quarters === 2 ? width - 1 - x : y;
      const from = (row * width + column) * channels;
      for (let c = 0; c < channels; c++) out[to++] = data[from + c];
    }
  }
  return { data: out, height: h, width: w, channels };
}

/** Labels of N pictures in all four rotations: entry r · N + i is picture i turned r times, class r · classes + labels[i]. */
export function rotatedLabels(labels: Int32Array, classes: number): Int32Array {
  const count = labels.length;
  return Int32Array.from(
    { length: QUARTERS * count },
    (_, i) => Math.floor(i / count) * classes + labels[i % count],
  );
}

/** Names of the classes in all four rotations: those of the upright ones, then 'name@90', 'name@180', 'name@270'. */
export function rotatedNames(names: readonly string[]): string[] {
  return Array.from({ length: QUARTERS }, (_, r) =>
    names.map((name) => (r === 0 ? name : `${name}@${90 * r}`)),
  ).flat();
}
