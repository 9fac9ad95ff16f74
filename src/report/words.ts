/** Names that a reader of a report understands. */
import type { Method } from '../evaluate/types.ts';
import type { LoadedRun } from './types.ts';

/** What each method is, in a sentence. */
export const METHOD_TEXT: Record<Method, string> = {
  paper:
    "The RetrievalGuard paper's certificate: the margin between distances, and how fast the smoothed embedding can move.",
  bisector: 'Sharper: only movement across the plane halfway between two gallery items counts.',
  cdf: 'Sharper still: uses the whole distribution of the noisy embeddings, not only their mean.',
  vote: 'Another smoothed system: each noisy copy of the image votes with its nearest item, and the majority label answers.',
};

const REASONS: Record<string, { short: string; long: string }> = {
  'too-few-samples': { short: 'too few samples', long: 'Too few samples for the margin: more may certify' },
  'wrong-answer': {
    short: 'wrong answer',
    long: 'Another label is the answer, so there is nothing to certify',
  },
  'near-tie': {
    short: 'near tie',
    long: 'Two answers are too close to tell which is ahead: more samples may',
  },
  failed: { short: 'failed', long: 'Something went wrong with this query alone; its row says what' },
  'no-margin': {
    short: 'margin too small',
    long: 'The margin is too small for this method with any number of samples',
  },
  'no-positive': {
    short: 'label not in the gallery',
    long: "The gallery holds no item of the query's label",
  },
};

/** An abstention's reason in words; a reason that is not known here stands for itself. */
export function reasonText(reason: string): string {
  return REASONS[reason]?.long ?? reason;
}

/** The same in two or three words. */
export function reasonInShort(reason: string): string {
  return REASONS[reason]?.short ?? reason;
}

/** "Recall@1", or "Recall@k" where the runs differ in k. */
export function recallName(runs: readonly LoadedRun[]): string {
  const ks = new Set(runs.map(({ manifest }) => manifest.options.k));
  return ks.size === 1 ? `Recall@${[...ks][0]}` : 'Recall@k';
}
