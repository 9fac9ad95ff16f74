/** Names that a reader of a report understands. */
import type { Method } from '../evaluate/schema.ts';
import type { LoadedRun } from './types.ts';

/** What each method is, in a sentence. */
export const METHOD_TEXT: Record<Method, string> = {
  paper:
    "The RetrievalGuard paper's certificate: the margin between distances, and how fast the smoothed embedding can move.",
  bisector: 'Sharper: only movement across the plane halfway between two gallery items counts.',
  cdf: 'Sharper still: uses the whole distribution of the noisy embeddings, not only their mean.',
  vote: 'Another smoothed system: each noisy copy of the image votes with its nearest item, and the majority label answers.',
};

/** "Recall@1", or "Recall@k" where the runs differ in k. */
export function recallName(runs: readonly LoadedRun[]): string {
  const ks = new Set(runs.map(({ manifest }) => manifest.options.k));
  return ks.size === 1 ? `Recall@${[...ks][0]}` : 'Recall@k';
}
