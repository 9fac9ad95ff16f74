/** Gaussian noise on normalised pictures, in one pass of the WebAssembly kernel. */
import type { Preprocessing } from '../../../image/index.ts';
import { Kernel } from '../../../kernel/index.ts';
import { affineNoise, type NoiseKey } from '../../../noise/index.ts';

/**
 * Adds σz / std to pictures (x − mean) / std: then they are (x + σz − mean) / std, as the encoder gets noisy pictures
 * everywhere in this package. Values are never clipped: a certificate needs the noise to be Gaussian.
 */
export class NoiseAdder {
  /** [channels × height × width] where the caller puts the normalised picture. */
  readonly picture: Float32Array;
  readonly #kernel: Kernel;
  readonly #place: { channels: number; plane: number; base: number; scale: number; out: number };
  readonly #noisy: Float32Array;
  readonly #sigma: number;

  /** @throws RetrievalGuardError OPTION_INVALID unless sigma is finite and ≥ 0 */
  constructor(preprocessing: Preprocessing, sigma: number) {
    const { channels, height, width } = preprocessing;
    const plane = height * width;
    const { scale } = affineNoise(new Float32Array(channels), sigma, preprocessing);
    const kernel = Kernel.createSync();
    const bytes = 4 * channels * plane;
    const place = {
      channels,
      plane,
      base: kernel.allocate(bytes),
      scale: kernel.allocate(4 * channels),
      out: kernel.allocate(bytes),
    };
    kernel.f32(place.scale, channels).set(scale);
    this.picture = kernel.f32(place.base, channels * plane);
    this.#noisy = kernel.f32(place.out, channels * plane);
    this.#kernel = kernel;
    this.#place = place;
    this.#sigma = sigma;
  }

  /** `picture` with sample `index` of the noise of `key`: a view until the next call; without noise at sigma 0. */
  noisy(key: NoiseKey, index: number): Float32Array {
    if (this.#sigma === 0) return this.picture;
    this.#kernel.perturb({ key, firstSample: index, count: 1, ...this.#place });
    return this.#noisy;
  }
}
