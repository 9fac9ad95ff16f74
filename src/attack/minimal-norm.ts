/** The smallest perturbation that changes the answer: a search in the manner of Carlini & Wagner, by decoupled direction and norm. */
import { distanceOf, stepAlong } from './ball.ts';
import { type Attacked, type BaseSystem, inBatches, type Victim } from './victims.ts';

/** Options of {@link minimalNorm}. */
export interface MinimalNormOptions {
  /** Gradient steps; default 100. */
  steps?: number;
  /** Norm of the first perturbation tried, [0,1] pixel units; default 1. */
  initialNorm?: number;
  /** Share by which the norm changes after a step; default 0.05. */
  factor?: number;
  /** Keep pixels in [0,1]; default false. */
  clip?: boolean;
}

/** Halvings of the last interval, on the line from the image to the perturbation found. */
const HALVINGS = 12;

/**
 * Looks for the smallest perturbation with which a rival is nearest (Rony et al. 2019, DDN, on the margin to the critical
 * bisector instead of a cross-entropy): steps along the gradient, and a norm that shrinks after a success and grows after a failure.
 * What is found is then shortened along its own line as far as it still succeeds. An image that is answered wrongly as it is
 * has norm 0.
 *
 * @throws RetrievalGuardError EMBEDDING_INVALID
 */
export async function minimalNorm(
  system: BaseSystem,
  victims: readonly Victim[],
  options: MinimalNormOptions = {},
): Promise<Attacked[]> {
  const { steps = 100, initialNorm = 1, factor = 0.05, clip = false } = options;
  return inBatches(system, victims, async (batch) => {
    const { victims: some, images, best } = batch;
    const norms = some.map(() => initialNorm);
    await batch.look();
    for (let taken = 0; taken < steps; taken++) {
      const { pairs, gradients } = await batch.look();
      // steps of a length of the norm's order at first, of a hundredth of it at the end
      const share = 0.01 + 0.495 * (1 + Math.cos((Math.PI * taken) / steps));
      for (const [i, { pixels }] of some.entries()) {
        if (best[i].success && best[i].norm === 0) continue;
        if (taken > 0) norms[i] *= pairs[i].margin < 0 ? 1 - factor : 1 + factor;
        stepAlong(images[i], gradients[i], share * norms[i]);
        rescale(images[i], pixels, norms[i]);
        if (clip)
          for (let k = 0; k < pixels.length; k++) images[i][k] = Math.min(1, Math.max(0, images[i][k]));
      }
    }
    await batch.look();
    await shorten(batch.look.bind(batch), some, images, best);
  });
}

/** Bisection on the lines from the images to the perturbations found. */
async function shorten(
  look: () => Promise<{ pairs: { margin: number }[] }>,
  victims: readonly Victim[],
  images: readonly Float32Array[],
  best: readonly Attacked[],
): Promise<void> {
  const ends = best.map(({ pixels }) => pixels.slice());
  const low = best.map(() => 0);
  const high = best.map(() => 1);
  for (let half = 0; half < HALVINGS; half++) {
    const middle = low.map((from, i) => (from + high[i]) / 2);
    for (const [i, { pixels }] of victims.entries())
      for (let k = 0; k < pixels.length; k++) images[i][k] = pixels[k] + middle[i] * (ends[i][k] - pixels[k]);
    const { pairs } = await look();
    for (const [i, { margin }] of pairs.entries()) {
      if (margin < 0) high[i] = middle[i];
      else low[i] = middle[i];
    }
  }
}

function rescale(x: Float32Array, origin: Float32Array, norm: number): void {
  const length = distanceOf(x, origin);
  if (!(length > 0)) return;
  const scale = norm / length;
  for (let i = 0; i < x.length; i++) x[i] = origin[i] + scale * (x[i] - origin[i]);
}
