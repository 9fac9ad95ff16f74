/** From the stored bytes of a picture to a row of a training batch: every augmentation, in its order. */
import { RetrievalGuardError } from '../../../errors.ts';
import type { ByteImage, Preprocessing } from '../../../image/index.ts';
import type { NoiseKey } from '../../../noise/index.ts';
import { type Purpose, RandomStream, sampleIndex, trainingKey } from '../random.ts';
import type { AffineOptions, AugmentOptions, CropOptions } from '../types.ts';
import { affineRanges, randomInverseMap } from './affine.ts';
import { Canvas } from './canvas.ts';
import { cropRanges, randomRectangle } from './random-resized-crop.ts';
import { rotateQuarters } from './rotations.ts';

/** What {@link Augmenter} needs to know. */
export interface AugmenterOptions {
  readonly preprocessing: Preprocessing;
  readonly augment: AugmentOptions;
  /** Standard deviation of the noise in [0,1] pixel units, ≥ 0. */
  readonly sigma: number;
  /** A safe integer ≥ 0. */
  readonly seed: number;
}

/** Which picture of which batch is drawn. */
export interface Draw {
  readonly step: number;
  /** Place in the batch. */
  readonly position: number;
  /** Quarter turns of `rotations`, 0 to 3. */
  readonly quarters: number;
}

type DrawPurpose = Exclude<Purpose, 'sampler' | 'loss'>;

/** Makes rows of batches; one a thread. */
export class Augmenter {
  readonly #size: Preprocessing;
  readonly #crop: Required<CropOptions> | null;
  readonly #flip: boolean;
  readonly #affine: Required<AffineOptions> | null;
  readonly #canvas: Canvas;
  readonly #keys: Record<DrawPurpose, NoiseKey>;

  /** @throws RetrievalGuardError OPTION_INVALID for ranges, a sigma or a seed out of range, and for rotations of a size that is not square */
  constructor({ preprocessing, augment, sigma, seed }: AugmenterOptions) {
    const { height, width } = preprocessing;
    if (augment.rotations && height !== width) {
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: 'a model that takes square pictures, for rotations',
        got: `${height}×${width} (height × width)`,
        fix: 'Leave out the rotations.',
      });
    }
    this.#size = preprocessing;
    this.#crop = augment.crop ? cropRanges(augment.crop) : null;
    this.#flip = augment.flip ?? false;
    this.#affine = augment.affine ? affineRanges(augment.affine) : null;
    this.#canvas = new Canvas({ preprocessing, sigma, border: this.#affine?.border });
    this.#keys = {
      crop: trainingKey(seed, 'crop'),
      flip: trainingKey(seed, 'flip'),
      affine: trainingKey(seed, 'affine'),
      noise: trainingKey(seed, 'noise'),
    };
  }

  /** Writes the row, channels · height · width values, to `out`. Without a crop `stored` has the model's size. */
  write(stored: ByteImage, { step, position, quarters }: Draw, out: Float32Array): void {
    const random = (purpose: DrawPurpose): RandomStream =>
      new RandomStream(this.#keys[purpose], step, position);
    const image = rotateQuarters(stored, quarters);
    const mirror = this.#flip && random('flip').uniform() < 0.5;
    if (this.#crop)
      this.#canvas.fillResized(image, randomRectangle(image, this.#crop, random('crop')), mirror);
    else this.#canvas.fill(image, mirror);
    if (this.#affine) this.#canvas.warp(randomInverseMap(this.#size, this.#affine, random('affine')));
    out.set(this.#canvas.noisy(this.#keys.noise, sampleIndex(step, position)));
  }
}
