import type { EncoderInfo } from '../encoder/index.ts';
import { type AffineNoise, affineNoise } from '../noise/index.ts';

/**
 * A query's picture as its samples need it, see {@link affineNoise}. In shared memory: every task of the query carries it, and
 * no thread copies or computes it again.
 *
 * @param pixels [channels × height × width] in [0,1]
 * @throws OPTION_INVALID as affineNoise does
 */
export function queryImage(pixels: Float32Array, sigma: number, info: EncoderInfo): AffineNoise {
  const { base, scale } = affineNoise(pixels, sigma, info.preprocessing);
  const shared = new Float32Array(new SharedArrayBuffer(base.byteLength));
  shared.set(base);
  return { base: shared, scale };
}
