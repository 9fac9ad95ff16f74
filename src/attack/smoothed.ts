/** Attacks on the smoothed systems: gradients through the Monte-Carlo estimate (expectation over transformation). */
import type { GalleryView } from '../certify/index.ts';
import { gaussianSample, noiseKey } from '../noise/index.ts';
import { type BallOptions, distanceOf, project, randomDirection, requireRadius, stepAlong } from './ball.ts';
import type { EncoderGradient } from './encoder-gradient.ts';
import { criticalPair, type Goal, halfSquaresOf, writeDirection } from './goal.ts';
import type { PictureMap, Victim } from './victims.ts';

/** Which smoothed system: the nearest item to the mean embedding, the class that most noisy embeddings are nearest to, or the one that wins its duels. */
export type SmoothedSystemKind = 'mean' | 'vote' | 'duel';

/** A smoothed system under attack. */
export interface SmoothedSystem {
  encoder: EncoderGradient;
  gallery: GalleryView;
  /** Of the noise, [0,1] pixel units. */
  sigma: number;
  system: SmoothedSystemKind;
}

/** Options of {@link attackSmoothed}. */
export interface SmoothedAttackOptions extends BallOptions {
  /** Gradient steps of each start; default 20. */
  steps?: number;
  /** Starts: the first from `start` or the image itself, the others from random points of the sphere; default 1. */
  restarts?: number;
  /** Noisy copies of a step, the same in all steps; default: the encoder's batch. */
  samples?: number;
  /** Of noise and starts; default 0. */
  seed?: number;
  /** Image to begin from, such as what an attack on the undefended system found; brought into the ball. */
  start?: Float32Array;
}

/** What {@link attackSmoothed} found: a candidate, which only fresh samples can judge. */
export interface SmoothedCandidate {
  /** The image that brings the estimate furthest. */
  pixels: Float32Array;
  /** ‖perturbation‖₂, [0,1] pixel units. */
  norm: number;
  /**
   * On the attack's own samples, negative where the answer changes: for `mean` the distance of the mean embedding from its
   * critical bisector, for `vote` the lead of the right class in shares of the votes, for `duel` how far its worst duel is from being lost.
   */
  margin: number;
}

/** Softness of a vote in units of distance from a bisector. */
const TEMPERATURE = 0.05;

/**
 * PGD on the estimate of the smoothed system with the same noise in all steps (Salman et al. 2019, on retrieval): for `mean`
 * along the normal of the bisector that is critical for the mean embedding; for `vote` and `duel` every noisy embedding along the bisector
 * between the right class and the strongest wrong one, weighted by how undecided its vote is.
 *
 * @throws RetrievalGuardError OPTION_INVALID for a bad radius, EMBEDDING_INVALID
 */
export async function attackSmoothed(
  system: SmoothedSystem,
  { id, pixels: origin, goal, through }: Victim,
  options: SmoothedAttackOptions,
): Promise<SmoothedCandidate> {
  const { encoder } = system;
  const {
    radius,
    steps = 20,
    restarts = 1,
    samples = encoder.batch,
    clip = false,
    seed = 0,
    start,
  } = options;
  requireRadius(radius);
  const key = noiseKey({ seed, query: id, phase: 'attack' });
  const noise = Array.from({ length: samples }, (_, i) => gaussianSample(key, i, encoder.pixels));
  const estimate = new Estimate(system, goal, noise, through);
  const step = (2.5 * radius) / steps;
  const best: SmoothedCandidate = { pixels: origin.slice(), norm: 0, margin: Infinity };
  const x = origin.slice();
  for (let restart = 0; restart < restarts; restart++) {
    x.set(restart === 0 ? (start ?? origin) : origin);
    if (restart > 0) stepAlong(x, randomDirection(x.length, seed, id, 1e6 + restart), radius);
    project(x, origin, radius, clip);
    estimate.forget();
    for (let taken = 0; taken <= steps; taken++) {
      // the first look only finds the directions
      if (taken === 0) await estimate.at(x);
      const { margin, gradient } = await estimate.at(x);
      if (margin < best.margin) {
        best.pixels.set(x);
        Object.assign(best, { margin, norm: distanceOf(x, origin) });
      }
      if (taken === steps || !stepAlong(x, gradient, step)) break;
      project(x, origin, radius, clip);
    }
  }
  return best;
}

/** The smoothed system's estimate at an image, and its gradient. */
class Estimate {
  readonly #system: SmoothedSystem;
  readonly #goal: Goal;
  readonly #noise: readonly Float32Array[];
  readonly #through: PictureMap | undefined;
  readonly #halfSquares: Float64Array;
  /** [samples × dimension]: where to push each noisy embedding, as the last look found. */
  readonly #directions: Float32Array;

  constructor(system: SmoothedSystem, goal: Goal, noise: readonly Float32Array[], through?: PictureMap) {
    this.#system = system;
    this.#goal = goal;
    this.#noise = noise;
    this.#through = through;
    this.#halfSquares = halfSquaresOf(system.gallery);
    this.#directions = new Float32Array(noise.length * system.encoder.info.dimension);
  }

  /** Before another start: the directions of the last one say nothing. */
  forget(): void {
    this.#directions.fill(0);
  }

  /** Margin at an image, and the gradient along the directions of the last look, to be followed upwards. */
  async at(pixels: Float32Array): Promise<{ margin: number; gradient: Float32Array }> {
    const { encoder, sigma } = this.#system;
    const x = this.#through?.apply(pixels) ?? pixels;
    const { dimension } = encoder.info;
    const count = this.#noise.length;
    const embeddings = new Float32Array(count * dimension);
    const gradient = new Float32Array(x.length);
    const images = new Float32Array(Math.min(count, encoder.batch) * x.length);
    for (let first = 0; first < count; first += encoder.batch) {
      const some = this.#noise.slice(first, first + encoder.batch);
      for (const [slot, z] of some.entries())
        for (let i = 0, at = slot * x.length; i < x.length; i++, at++) images[at] = x[i] + sigma * z[i];
      const found = await encoder.run(
        images.subarray(0, some.length * x.length),
        this.#directions.subarray(first * dimension, (first + some.length) * dimension),
      );
      embeddings.set(found.embeddings, first * dimension);
      for (let slot = 0, at = 0; slot < some.length; slot++)
        for (let i = 0; i < x.length; i++, at++) gradient[i] += found.gradients[at] / count;
    }
    const margin = this.#system.system === 'mean' ? this.#mean(embeddings) : this.#vote(embeddings);
    return { margin, gradient: this.#through?.pullBack(gradient) ?? gradient };
  }

  #mean(embeddings: Float32Array): number {
    const { gallery, encoder } = this.#system;
    const { dimension } = encoder.info;
    const mean = new Float64Array(dimension);
    for (let at = 0; at < embeddings.length; at++)
      mean[at % dimension] += embeddings[at] / this.#noise.length;
    const pair = criticalPair(gallery, this.#halfSquares, mean, this.#goal);
    for (let at = 0; at < embeddings.length; at += dimension)
      writeDirection(gallery, pair, this.#directions.subarray(at, at + dimension));
    return pair.margin;
  }

  #vote(embeddings: Float32Array): number {
    const { gallery, encoder } = this.#system;
    const { dimension } = encoder.info;
    const rows = Array.from({ length: this.#noise.length }, (_, i) =>
      embeddings.subarray(i * dimension, (i + 1) * dimension),
    );
    const pairs = rows.map((h) => criticalPair(gallery, this.#halfSquares, h, this.#goal));
    // the wrong class with most votes, or where there is none the one that comes nearest to one
    const wrong = new Map<number, number>();
    let right = 0;
    let nearest = pairs[0];
    for (const pair of pairs) {
      if (pair.margin < nearest.margin) nearest = pair;
      if (pair.margin >= 0) right++;
      else wrong.set(gallery.labelIndex[pair.rival], (wrong.get(gallery.labelIndex[pair.rival]) ?? 0) + 1);
    }
    const [label, votes] = [...wrong].reduce(
      (most, one) => (one[1] > most[1] ? one : most),
      [nearest.rival < 0 ? -1 : gallery.labelIndex[nearest.rival], 0],
    );
    const { side } = this.#goal;
    const towards: Goal = {
      side: side.map((s, item) => (s === 2 && gallery.labelIndex[item] !== label ? 0 : s)),
    };
    let loss = 0;
    let lost = 0;
    for (const [i, h] of rows.entries()) {
      const pair = criticalPair(gallery, this.#halfSquares, h, towards);
      if (pair.margin <= 0) lost++;
      const share = 1 / (1 + Math.exp(-pair.margin / TEMPERATURE));
      loss += share / rows.length;
      writeDirection(
        gallery,
        pair,
        this.#directions.subarray(i * dimension, (i + 1) * dimension),
        share * (1 - share),
      );
    }
    // the loss orders images with the same votes
    const margin = this.#system.system === 'duel' ? 0.5 - lost / rows.length : (right - votes) / rows.length;
    return margin + (1e-3 * loss) / rows.length;
  }
}
