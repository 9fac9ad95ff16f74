/** Projected gradient descent on the undefended system. */
import { type BallOptions, project, randomDirection, requireRadius, stepAlong } from './ball.ts';
import { type Attacked, type BaseSystem, inBatches, type Victim } from './victims.ts';

/** Options of {@link pgd}. */
export interface PgdOptions extends BallOptions {
  /** Gradient steps of each start; default 40. */
  steps?: number;
  /** Starts: the first from the image itself, the others from random points of the ball; default 1. */
  restarts?: number;
  /** Length of a step; default 2.5·radius/steps (Madry et al. 2018). */
  stepSize?: number;
  /** Of the random starts; default 0. */
  seed?: number;
}

/**
 * Looks within a ball for a perturbation that makes a rival nearest: steps along the normalised gradient of the distance to the
 * bisector that is critical at that moment, projected back to the ball. A victim is left alone once it has succeeded; the result is
 * its smallest successful perturbation.
 *
 * @throws RetrievalGuardError OPTION_INVALID for a radius that is not positive, EMBEDDING_INVALID
 */
export async function pgd(
  system: BaseSystem,
  victims: readonly Victim[],
  options: PgdOptions,
): Promise<Attacked[]> {
  const { radius, steps = 40, restarts = 1, clip = false, seed = 0 } = options;
  requireRadius(radius);
  const step = options.stepSize ?? (2.5 * radius) / steps;
  return inBatches(system, victims, async (batch) => {
    const { victims: some, images, best } = batch;
    for (let restart = 0; restart < restarts && best.some(({ success }) => !success); restart++) {
      for (const [i, { id, pixels }] of some.entries()) {
        images[i].set(pixels);
        if (restart === 0) continue;
        // uniform over the directions, on the sphere: the strongest start
        stepAlong(images[i], randomDirection(pixels.length, seed, id, restart), radius);
        project(images[i], pixels, radius, clip);
      }
      await batch.look();
      for (let taken = 0; taken < steps && best.some(({ success }) => !success); taken++) {
        const { gradients } = await batch.look();
        for (const [i, { pixels }] of some.entries()) {
          if (best[i].success) continue;
          stepAlong(images[i], gradients[i], step);
          project(images[i], pixels, radius, clip);
        }
      }
      await batch.look();
    }
  });
}
