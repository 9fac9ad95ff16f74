/** The images under attack, and the state of a search. */
import type { GalleryView } from '../certify/index.ts';
import { distanceOf } from './ball.ts';
import type { EncoderGradient } from './encoder-gradient.ts';
import { type CriticalPair, criticalPair, type Goal, halfSquaresOf, writeDirection } from './goal.ts';

/** The way from what an attacker changes, such as the pixels of a file, to what the encoder sees. */
export interface PictureMap {
  /** What the attacker changes: CHW pixels in [0,1]. */
  shape: { channels: number; height: number; width: number };
  /** What the encoder sees of it, CHW pixels in [0,1]. */
  apply(pixels: Float32Array): Float32Array;
  /** The transpose of its derivative: a gradient with respect to the encoder's pixels, as one with respect to the attacker's. */
  pullBack(gradient: Float32Array): Float32Array;
}

/** An image under attack. */
export interface Victim {
  /** Names the random starts. */
  id: string;
  /** [channels × height × width] in [0,1]: what the attacker changes. */
  pixels: Float32Array;
  goal: Goal;
  /** From `pixels` to what the encoder sees; absent: it sees them. */
  through?: PictureMap;
}

/** What an attack found. */
export interface Attacked {
  id: string;
  /** Whether the rival is nearest. */
  success: boolean;
  /** The image found: the smallest successful perturbation, else the one of least margin. */
  pixels: Float32Array;
  /** ‖perturbation‖₂, [0,1] pixel units. */
  norm: number;
  /** At `pixels`: distance of the embedding from the critical bisector, negative for a success. */
  margin: number;
  /** Gallery index of the critical rival there. */
  rival: number;
}

/** The undefended system: an encoder with gradients, and the vectors that it searches. */
export interface BaseSystem {
  encoder: EncoderGradient;
  gallery: GalleryView;
}

/** A batch of victims: their images so far, the directions to push their embeddings in, and the best found. */
export class Batch {
  readonly victims: readonly Victim[];
  /** The images so far, as the attacker changes them. */
  readonly images: Float32Array[];
  readonly best: Attacked[];
  readonly #system: BaseSystem;
  readonly #halfSquares: Float64Array;
  readonly #pixels: Float32Array;
  readonly #directions: Float32Array;

  constructor(system: BaseSystem, victims: readonly Victim[]) {
    const { pixels, info } = system.encoder;
    this.victims = victims;
    this.#system = system;
    this.#halfSquares = halfSquaresOf(system.gallery);
    this.#pixels = new Float32Array(victims.length * pixels);
    this.#directions = new Float32Array(victims.length * info.dimension);
    this.images = victims.map(({ through, pixels: origin }, i) =>
      through ? origin.slice() : this.#pixels.subarray(i * pixels, (i + 1) * pixels),
    );
    this.best = victims.map(({ id, pixels: origin }) => ({
      id,
      success: false,
      pixels: origin.slice(),
      norm: 0,
      margin: Infinity,
      rival: -1,
    }));
    for (const [i, victim] of victims.entries()) this.images[i].set(victim.pixels);
  }

  /**
   * Looks at the images as they are: notes what is better than all before, and turns the directions to the bisectors that are
   * critical now.
   *
   * @returns the critical pairs, and the gradients that belong to the directions of the last look: towards the rivals that were
   *   critical then, zero at the first
   */
  async look(): Promise<{ pairs: CriticalPair[]; gradients: Float32Array[] }> {
    const { encoder, gallery } = this.#system;
    const { dimension } = encoder.info;
    for (const [i, { through }] of this.victims.entries())
      if (through) this.#pixels.set(through.apply(this.images[i]), i * encoder.pixels);
    const { embeddings, gradients } = await encoder.run(this.#pixels, this.#directions);
    const pairs = this.victims.map(({ pixels, goal }, i) => {
      const h = embeddings.subarray(i * dimension, (i + 1) * dimension);
      const pair = criticalPair(gallery, this.#halfSquares, h, goal);
      this.#note(i, pair, distanceOf(this.images[i], pixels));
      writeDirection(gallery, pair, this.#directions.subarray(i * dimension, (i + 1) * dimension));
      return pair;
    });
    const { pixels } = encoder;
    const gradientOf = ({ through }: Victim, i: number): Float32Array => {
      const gradient = gradients.subarray(i * pixels, (i + 1) * pixels);
      return through ? through.pullBack(gradient) : gradient;
    };
    return { pairs, gradients: this.victims.map(gradientOf) };
  }

  #note(i: number, { margin, rival }: CriticalPair, norm: number): void {
    const best = this.best[i];
    const success = margin < 0;
    const better = success ? !best.success || norm < best.norm : !best.success && margin < best.margin;
    if (!better) return;
    best.pixels.set(this.images[i]);
    Object.assign(best, { success, norm, margin, rival });
  }
}

/** Attacks any number of victims, a batch at a time, in order. */
export async function inBatches(
  system: BaseSystem,
  victims: readonly Victim[],
  attack: (batch: Batch) => Promise<void>,
): Promise<Attacked[]> {
  const results: Attacked[] = [];
  const size = system.encoder.batch;
  for (let first = 0; first < victims.length; first += size) {
    const batch = new Batch(system, victims.slice(first, first + size));
    await attack(batch);
    results.push(...batch.best);
  }
  return results;
}
