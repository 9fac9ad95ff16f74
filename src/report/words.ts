/** Names that a reader of a report understands. */
import type { Method } from '../evaluate/types.ts';
import type { LoadedRun } from './types.ts';

/** What each method is, in a sentence. */
export const METHOD_TEXT: Record<Method, string> = {
  paper:
    "the certificate of the RetrievalGuard paper: minimum margin and the smoothed embedding's Lipschitz bound",
  bisector:
    'the same samples, but only the side of the bisecting hyperplane between two gallery items counts',
  cdf: 'the same, with the whole distribution of the noisy embeddings instead of their mean',
  vote: "another smoothed system: the label that most noisy copies' nearest items have",
};

const REASONS: Record<string, string> = {
  'too-few-samples': 'Too few samples for the margin: more may certify',
  'wrong-answer': 'The answer is wrong, so there is nothing to certify',
  'no-margin': 'The margin is too small for this method with any number of samples',
  'no-positive': "The gallery holds no item of the query's label",
};

/** An abstention's reason in words; a reason that is not known here stands for itself. */
export function reasonText(reason: string): string {
  return REASONS[reason] ?? reason;
}

/** The methods that certify the smoothed embedding's answer and may order the cards, best first. */
export const PREFERRED: readonly Method[] = ['cdf', 'vote', 'bisector', 'paper'];

/** "Recall@1", or "Recall@k" where the runs differ in k. */
export function recallName(runs: readonly LoadedRun[]): string {
  const ks = new Set(runs.map(({ manifest }) => manifest.options.k));
  return ks.size === 1 ? `Recall@${[...ks][0]}` : 'Recall@k';
}
