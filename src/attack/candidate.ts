/** The candidate attack: a gallery image is changed until given queries retrieve it. */
import { vectorAt } from '../certify/index.ts';
import { type BallOptions, distanceOf, project, requireRadius, stepAlong } from './ball.ts';
import type { BaseSystem } from './victims.ts';

/** Options of {@link candidateAttack}. */
export interface CandidateOptions extends BallOptions {
  /** Gradient steps; default 40. */
  steps?: number;
}

/** What {@link candidateAttack} found. */
export interface AttackedCandidate {
  /** The gallery image that most queries retrieve. */
  pixels: Float32Array;
  /** ‖perturbation‖₂, [0,1] pixel units. */
  norm: number;
  /** [queries] whether each has it as its nearest item. */
  retrieved: boolean[];
  /** The same for the unperturbed image. */
  before: boolean[];
}

/**
 * Changes a gallery image until it is nearest to given queries (Zhou et al. 2020, candidate attack, raising): PGD on the mean
 * over the queries not yet won of ⟨query, candidate⟩, for a gallery of vectors of norm 1 whose item `candidate` is the embedding
 * of the image.
 *
 * @param queries - [queries × dimension] embeddings of norm 1
 * @throws RetrievalGuardError OPTION_INVALID for a bad radius, EMBEDDING_INVALID
 */
export async function candidateAttack(
  { encoder, gallery }: BaseSystem,
  image: { pixels: Float32Array; candidate: number },
  queries: readonly Float32Array[],
  { radius, steps = 40, clip = false }: CandidateOptions,
): Promise<AttackedCandidate> {
  requireRadius(radius);
  const { pixels: origin, candidate } = image;
  // what the candidate has to beat: −‖q − v‖²/2 of the nearest other item of each query
  const toBeat = queries.map((q) => {
    let best = -Infinity;
    for (let item = 0; item < gallery.count; item++)
      if (item !== candidate) best = Math.max(best, closeness(q, vectorAt(gallery, item)));
    return best;
  });
  const x = origin.slice();
  const direction = new Float32Array(encoder.info.dimension);
  const best = { pixels: origin.slice(), norm: 0, retrieved: [] as boolean[], won: -1, lead: -Infinity };
  let before: boolean[] = [];
  for (let taken = 0; taken <= steps + 1; taken++) {
    const { embeddings, gradients } = await encoder.run(x, direction);
    const leads = queries.map((q, i) => closeness(q, embeddings) - toBeat[i]);
    const retrieved = leads.map((lead) => lead > 0);
    if (taken === 0) before = retrieved;
    const won = retrieved.filter(Boolean).length;
    const lead = leads.reduce((sum, value) => sum + Math.min(0, value), 0);
    if (won > best.won || (won === best.won && lead > best.lead)) {
      best.pixels.set(x);
      Object.assign(best, { norm: distanceOf(x, origin), retrieved, won, lead });
    }
    if (won === queries.length) break;
    direction.fill(0);
    for (const [i, q] of queries.entries())
      if (!retrieved[i]) for (let k = 0; k < q.length; k++) direction[k] += q[k] / queries.length;
    if (taken === 0) continue; // the gradient belongs to the direction of the look before
    stepAlong(x, gradients, (2.5 * radius) / steps);
    project(x, origin, radius, clip);
  }
  return { pixels: best.pixels, norm: best.norm, retrieved: best.retrieved, before };
}

/** −‖q − v‖²/2. */
function closeness(q: Float32Array, v: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < q.length; i++) sum += (q[i] - v[i]) ** 2;
  return -sum / 2;
}
