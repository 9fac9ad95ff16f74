/** Random affine maps of a picture: see {@link AffineOptions}. */
import { RetrievalGuardError } from '../../../errors.ts';
import type { ImageSize } from '../../../image/index.ts';
import type { RandomStream } from '../random.ts';
import type { AffineOptions } from '../types.ts';
import type { InverseMap } from './picture-kernel.ts';

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
