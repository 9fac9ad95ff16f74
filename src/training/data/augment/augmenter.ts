/** From the stored bytes of a picture to a row of a training batch: every augmentation, in its order. */
import { RetrievalGuardError } from '../../../errors.ts';
import type { ByteImage, Preprocessing } from '../../../image/index.ts';
import type { NoiseKey } from '../../../noise/index.ts';
import { type Purpose, RandomStream, sampleIndex, trainingKey } from '../random.ts';
import type { AffineOptions, AugmentOptions, CropOptions } from '../types.ts';
import { affineRanges, randomInverseMap, writeMappedPlanes } from './affine.ts';
import { flipHorizontally } from './flip.ts';
import { NoiseAdder } from './noise.ts';
import { normalisationTable, writePlanes } from './normalise.ts';
import { cropRanges, randomResizedCrop } from './random-resized-crop.ts';
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

type DrawPurpose = Exclude<Purpose, 'sampler'>;

/** Makes rows of batches; one a thread. */
export class Augmenter {
  readonly #size: Preprocessing;
  readonly #crop: Required<CropOptions> | null;
  readonly #flip: boolean;
  readonly #affine: Required<AffineOptions> | null;
  readonly #outside: number[] | null;
  readonly #table: Float32Array;
  readonly #noise: NoiseAdder;
  readonly #keys: Record<DrawPurpose, NoiseKey>;

  /** @throws RetrievalGuardError OPTION_INVALID for ranges, a sigma or a seed out of range, and for rotations of a size that is not square */
  constructor({ preprocessing, augment, sigma, seed }: AugmenterOptions) {
    const { height, width, mean, std } = preprocessing;
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
    const border = this.#affine?.border ?? 'edge';
    this.#outside = border === 'edge' ? null : mean.map((m, c) => Math.fround((border - m) / std[c]));
    this.#table = normalisationTable(preprocessing);
    this.#noise = new NoiseAdder(preprocessing, sigma);
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
    let image = rotateQuarters(stored, quarters);
    if (this.#crop) image = randomResizedCrop(image, this.#size, this.#crop, random('crop'));
    if (this.#flip && random('flip').uniform() < 0.5) image = flipHorizontally(image);
    const planes = this.#noise.picture;
    if (this.#affine) {
      const map = randomInverseMap(image, this.#affine, random('affine'));
      writeMappedPlanes(image, map, this.#table, this.#outside, planes);
    } else writePlanes(image, this.#table, planes);
    out.set(this.#noise.noisy(this.#keys.noise, sampleIndex(step, position)));
  }
}
