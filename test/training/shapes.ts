/** A small dataset of many classes for training: each class is a pattern of soft blobs, each picture of it moved and noisy. */
import { join } from 'node:path';
import { Random } from '../helpers/random.ts';
import { writePng } from '../cli/support.ts';

/** Side of the pictures. */
export const SHAPE_SIDE = 12;

/** Writes `folder/<class>/<number>.png` for classes `first` to `first + classes − 1`. */
export async function writeShapes(
  folder: string,
  options: { first: number; classes: number; perClass: number },
): Promise<string> {
  const { first, classes, perClass } = options;
  for (let c = first; c < first + classes; c++) {
    const shape = new Random(500 + c);
    const blobs = Array.from({ length: 4 }, () => ({
      x: 2 + shape.uniform() * (SHAPE_SIDE - 4),
      y: 2 + shape.uniform() * (SHAPE_SIDE - 4),
      sign: shape.uniform() < 0.5 ? -1 : 1,
    }));
    const random = new Random(9000 + c);
    for (let i = 0; i < perClass; i++) {
      const [dx, dy] = [random.normal() * 0.4, random.normal() * 0.4];
      const plane = Float64Array.from({ length: SHAPE_SIDE ** 2 }, (_, p) => {
        let value = 0.5 + 0.03 * random.normal();
        for (const { x, y, sign } of blobs) {
          const square = ((p % SHAPE_SIDE) - x - dx) ** 2 + (Math.floor(p / SHAPE_SIDE) - y - dy) ** 2;
          value += 0.45 * sign * Math.exp(-square / 3);
        }
        return Math.min(1, Math.max(0, value));
      });
      const planes = Float64Array.from({ length: 3 * plane.length }, (_, p) => plane[p % plane.length]);
      await writePng(join(folder, `class${c}`, `${i}.png`), planes, SHAPE_SIDE);
    }
  }
  return folder;
}
