/** Random affine maps of a picture: see {@link AffineOptions}. */
import { RetrievalGuardError } from '../../../errors.ts';
import type { ByteImage, ImageSize } from '../../../image/index.ts';
import type { RandomStream } from '../random.ts';
import type { AffineOptions } from '../types.ts';

/** Where an output position takes its value: row and column of the input are a·x + b·y + c and d·x + e·y + f. */
export interface InverseMap {
  /** Column of the input: columns per output column, per output row, at the output's (0, 0). */
  readonly column: readonly [number, number, number];
  /** Row of the input: rows per output column, per output row, at the output's (0, 0). */
  readonly row: readonly [number, number, number];
}

/** The options with their defaults. Throws OPTION_INVALID for values that are out of range. */
export function affineRanges(options: AffineOptions): Required<AffineOptions> {
  const { rotation = 0, scale = [1, 1], shear = 0, shift = 0, border = 'edge' } = options;
  const amounts = [rotation, shear, shift].every((v) => Number.isFinite(v) && v >= 0);
  const sizes = scale.length === 2 && 0 < scale[0] && scale[0] <= scale[1] && scale[1] < Infinity;
  if (!amounts || !sizes || (border !== 'edge' && !(border >= 0 && border <= 1))) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected:
        "an affine map with rotation, shear and shift >= 0, 0 < scale[0] <= scale[1], border 'edge' or in [0, 1]",
      got: JSON.stringify({ rotation, scale, shear, shift, border }),
    });
  }
  return { rotation, scale, shear, shift, border };
}

/** Draws a map and inverts it: pixel (y, x) of the output, centres at + ½, comes from where the map takes to it. */
export function randomInverseMap(
  { height, width }: ImageSize,
  { rotation, scale, shear, shift }: Required<AffineOptions>,
  random: RandomStream,
): InverseMap {
  const angle = (random.between(-rotation, rotation) * Math.PI) / 180;
  const s = random.between(scale[0], scale[1]);
  const k = random.between(-shear, shear);
  const right = random.between(-shift, shift) * width;
  const down = random.between(-shift, shift) * height;
  // (s R [1 k; 0 1])⁻¹ = [1 −k; 0 1] Rᵀ / s
  const cos = Math.cos(angle) / s;
  const sin = Math.sin(angle) / s;
  const a = cos + k * sin;
  const b = sin - k * cos;
  const d = -sin;
  const e = cos;
  // p_in + ½ − c = M⁻¹ (p_out + ½ − c − t), c the middle
  const x = 0.5 - width / 2 - right;
  const y = 0.5 - height / 2 - down;
  return {
    column: [a, b, a * x + b * y + width / 2 - 0.5],
    row: [d, e, d * x + e * y + height / 2 - 0.5],
  };
}

/**
 * Writes channel planes of the mapped picture to `out`, bilinear between the four nearest pixels, each looked up in
 * `table` (see normalisationTable): as the map is linear in the values, it does not matter that they are normalised
 * first. `outside` has the value beyond the border of each channel, null for the nearest pixel of the edge.
 */
export function writeMappedPlanes(
  image: ByteImage,
  map: InverseMap,
  table: Float32Array,
  outside: ArrayLike<number> | null,
  out: Float32Array,
): void {
  const { data, height, width, channels } = image;
  const area = height * width;
  const [a, b, c0] = map.column;
  const [d, e, r0] = map.row;
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to++) {
      const column = a * x + b * y + c0;
      const row = d * x + e * y + r0;
      const left = Math.floor(column);
      const top = Math.floor(row);
      const u = column - left;
      const v = row - top;
      const inside = left >= 0 && top >= 0 && left < width - 1 && top < height - 1;
      if (inside) {
        const first = (top * width + left) * channels;
        const below = first + width * channels;
        for (let c = 0; c < channels; c++) {
          const t = c * 256;
          const upper = (1 - u) * table[t + data[first + c]] + u * table[t + data[first + channels + c]];
          const lower = (1 - u) * table[t + data[below + c]] + u * table[t + data[below + channels + c]];
          out[c * area + to] = (1 - v) * upper + v * lower;
        }
      } else {
        for (let c = 0; c < channels; c++) {
          const at = (r: number, q: number): number => {
            if (outside !== null && (r < 0 || q < 0 || r >= height || q >= width)) return outside[c];
            const yy = Math.min(Math.max(r, 0), height - 1);
            const xx = Math.min(Math.max(q, 0), width - 1);
            return table[c * 256 + data[(yy * width + xx) * channels + c]];
          };
          const upper = (1 - u) * at(top, left) + u * at(top, left + 1);
          const lower = (1 - u) * at(top + 1, left) + u * at(top + 1, left + 1);
          out[c * area + to] = (1 - v) * upper + v * lower;
        }
      }
    }
  }
}
