/** Search without gradients: a check that gradients are not masked. */
import { type BallOptions, project, randomDirection, requireRadius, stepAlong } from './ball.ts';
import { type Attacked, type BaseSystem, inBatches, type Victim } from './victims.ts';

/** Options of {@link randomSearch}. */
export interface SearchOptions extends BallOptions {
  /** Looks at each image; default 200. */
  steps?: number;
  /** Of the directions; default 0. */
  seed?: number;
  /** Images to begin from, one for each victim: what another attack, or the same on another model, found (transfer). */
  starts?: readonly Float32Array[];
}

/**
 * Tries random changes, of a shrinking length, and keeps each that brings the embedding nearer to its critical bisector. Half of
 * them are smooth (a coarse grid of values, enlarged), which natural encoders are more sensitive to.
 *
 * @throws RetrievalGuardError OPTION_INVALID, EMBEDDING_INVALID
 */
export async function randomSearch(
  system: BaseSystem,
  victims: readonly Victim[],
  options: SearchOptions,
): Promise<Attacked[]> {
  const { radius, steps = 200, clip = false, seed = 0, starts } = options;
  requireRadius(radius);
  const startOf = new Map(victims.map(({ id }, i) => [id, starts?.[i]]));
  return inBatches(system, victims, async (batch) => {
    const { victims: some, images, best } = batch;
    await batch.look();
    for (const [i, { id, pixels }] of some.entries()) {
      images[i].set(startOf.get(id) ?? pixels);
      project(images[i], pixels, radius, clip);
    }
    await batch.look();
    for (let taken = 0; taken < steps && best.some(({ success }) => !success); taken++) {
      const length = radius * (1 - taken / steps) ** 2 + 0.02 * radius;
      for (const [i, { id, pixels, through }] of some.entries()) {
        if (best[i].success) continue;
        const shape = through?.shape ?? system.encoder.info.input;
        const raw = randomDirection(pixels.length, seed, id, 1000 + taken);
        images[i].set(best[i].pixels);
        stepAlong(images[i], taken % 2 === 0 ? raw : smooth(raw, shape), length);
        project(images[i], pixels, radius, clip);
      }
      // keeps what is better
      await batch.look();
    }
  });
}

/** Values of a coarse grid of at most 7 × 7 cells, each enlarged to a block. */
function smooth(
  raw: Float32Array,
  { channels, height, width }: { channels: number; height: number; width: number },
): Float32Array {
  const out = new Float32Array(raw.length);
  const cell = Math.max(1, Math.ceil(Math.max(height, width) / 7));
  for (let c = 0, at = 0; c < channels; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++, at++)
        out[at] = raw[(c * height + Math.floor(y / cell)) * width + Math.floor(x / cell)];
  return out;
}
