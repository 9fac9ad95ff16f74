/** Whether a perturbation changed the answer of a smoothed system, and not only one estimate of it. */
import type { Smoother } from '../smoothing/index.ts';
import type { SmoothedSystemKind } from './smoothed.ts';

/** What {@link judge} says. */
export type Verdict =
  /** With probability at least 1 − alpha the system answers `label`, another class; null: none, where no label wins all duels. */
  | { kind: 'changed'; label: number | null }
  /** With probability at least 1 − alpha it answers the class asked about. */
  | { kind: 'held' }
  /** The samples do not tell. `label`: the estimate's answer. */
  | { kind: 'undecided'; label: number };

/** Options of {@link judge}. */
export interface JudgeOptions {
  system: SmoothedSystemKind;
  /** Of the noise, [0,1] pixel units. */
  sigma: number;
  /** Failure probability; default 0.001. */
  alpha?: number;
  /** Fresh samples, besides 512 that choose what to count; default 2000. */
  samples?: number;
  /** Of the fresh noise; default 1. It must differ from the seed of a certificate that is judged. */
  seed?: number;
  signal?: AbortSignal;
}

/**
 * The system's answer to an image, told by fresh samples: a class is its answer when that class is certified with a positive
 * radius (certificates §4, §6 for `mean`, §9 for `vote` and `duel`), which fails with probability at most `alpha`: half of it for each of
 * the two methods for `mean`. The smoother's gallery is the one searched.
 *
 * @param query.label - position of the right answer among the gallery's classes, −1 when it has none
 * @throws as `Smoother.certify` does
 */
export async function judge(
  smoother: Smoother,
  query: { id: string; pixels: Float32Array; exclude?: number; label: number },
  { system, sigma, alpha = 0.001, samples = 2000, seed = 1, signal }: JudgeOptions,
): Promise<Verdict> {
  const { id, pixels, exclude } = query;
  const methods = system === 'mean' ? (['bisector', 'cdf'] as const) : ([system] as const);
  const found = await smoother.certifyOnce(
    { id, pixels, exclude },
    { sigma, alpha: alpha / methods.length, seed, methods, stopping: { exactly: samples } },
    { signal },
  );
  const { duel } = found.certificates;
  const label =
    system === 'mean' ? found.predicted : system === 'vote' ? found.votePredicted : found.plan.vote.label;
  // it loses a duel for certain: it is not the answer, and there may be none
  if (duel?.kind === 'abstain' && duel.reason === 'wrong-answer' && label === query.label)
    return { kind: 'changed', label: null };
  const told = methods.some((method) => found.certificates[method]?.kind === 'certified');
  if (!told) return { kind: 'undecided', label };
  return label === query.label ? { kind: 'held' } : { kind: 'changed', label };
}
