/** What goes into the preparation of training batches, and what comes out. What says how pictures are augmented is plain data. */
import type { DatasetItem } from '../../datasets/index.ts';
import type { RetrievalGuardError } from '../../errors.ts';
import type { Preprocessing } from '../../image/index.ts';

/** Which pictures are decoded and kept, and who is told. */
export interface ReadingOptions {
  readonly items: readonly DatasetItem[];
  readonly preprocessing: Preprocessing;
  /** Bytes of decoded pictures to keep, default 1 GiB; the others are decoded again each time they are drawn. */
  readonly memory?: number;
  /** Throw at the first picture that cannot be read instead of leaving it out; default false. */
  readonly strict?: boolean;
  /** Called for each picture left out. */
  readonly onSkip?: (item: DatasetItem, error: RetrievalGuardError) => void;
  /** Called while the pictures are decoded. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Gives up the opening, which then throws CANCELLED. */
  readonly signal?: AbortSignal;
}

/**
 * Random resized crop (Szegedy et al. 2015, with the sampling rule of torchvision's RandomResizedCrop): a rectangle of
 * random area and aspect ratio, resized bilinearly, with antialiasing, to the size that the model takes.
 */
export interface CropOptions {
  /** Smallest and largest area of the rectangle, as a share of the picture's; 0 < min ≤ max ≤ 1. Default [0.08, 1]. */
  readonly scale?: readonly [number, number];
  /** Smallest and largest width / height; its logarithm is uniform. Default [3/4, 4/3]. */
  readonly ratio?: readonly [number, number];
}

/**
 * A random affine map about the middle of the picture: p ↦ s·R(θ)·[1 k; 0 1]·p + t, each parameter uniform in its range.
 * Absent parameters leave the picture as it is.
 */
export interface AffineOptions {
  /** Largest |θ| in degrees; positive θ turns the picture clockwise on the screen. Default 0. */
  readonly rotation?: number;
  /** Smallest and largest s > 0. Default [1, 1]. */
  readonly scale?: readonly [number, number];
  /** Largest |k|, the slope that vertical lines take. Default 0. */
  readonly shear?: number;
  /** Largest |t| in each direction, as a share of the picture's width and height. Default 0. */
  readonly shift?: number;
  /** What lies outside the picture: its outermost pixels repeated, or one value in [0,1] (1 is white). Default 'edge'. */
  readonly border?: 'edge' | number;
}

/** What is done to a picture each time it is drawn, in this order. Everything is off unless it is named. */
export interface AugmentOptions {
  /** Four rotations of every picture by quarter turns, each rotation of a class a class of its own: for characters. */
  readonly rotations?: boolean;
  /** A random resized crop instead of the preprocessing's resize and centre crop. `{}` has torchvision's defaults. */
  readonly crop?: CropOptions;
  /** Mirrored left to right with probability 1/2. */
  readonly flip?: boolean;
  readonly affine?: AffineOptions;
}

/** The augmentation of the usual benchmarks of deep metric learning: random resized crop and flip. */
export const PHOTO_AUGMENTATION: AugmentOptions = { crop: {}, flip: true };

/** For characters, black on white: quarter turns as classes of their own, and small affine maps, white outside. */
export const CHARACTER_AUGMENTATION: AugmentOptions = {
  rotations: true,
  affine: { rotation: 14, scale: [0.85, 1.15], shear: 0.15, shift: 0.05, border: 1 },
};

/** How many classes a batch has and how many pictures of each. */
export interface BatchShape {
  /** Distinct classes in a batch, ≥ 1. */
  readonly classes: number;
  /** Pictures of each class, ≥ 1. */
  readonly perClass: number;
}

/** A batch as a training step takes it. Rows of one class are neighbours. */
export interface TrainingBatch {
  readonly step: number;
  /** [B, channels, height, width]: (x + σz − mean) / std. */
  readonly images: Float32Array<ArrayBuffer>;
  /** [B] index of the class, for a graph. */
  readonly labels: BigInt64Array<ArrayBuffer>;
  /** [B] the same as 32-bit numbers, for code. */
  readonly classes: Int32Array<ArrayBuffer>;
  /** [B] position of each picture in the items that were given. */
  readonly pictures: Int32Array<ArrayBuffer>;
}

/** A picture that was left out, and why. */
export interface SkippedPicture {
  readonly id: string;
  readonly reason: string;
}
