import { clopperPearsonLower, clopperPearsonUpper, normalQuantileUpper } from '../stats/index.ts';
import { requirePositive, requireSuccesses } from '../stats/require.ts';
import { samplesToTell } from '../stats/samples-needed.ts';
import { abstain, type Certificate, certified } from './result.ts';

/** Input of {@link voteCertificate}. */
export interface VoteInput {
  /** Noisy embeddings whose nearest item has the certified label. */
  hits: number;
  /** The largest number of votes that any one other label can have (votes that could not be told count for all): says why nothing is certified. */
  runnerUp: number;
  samples: number;
  /** Failure probability. */
  alpha: number;
  /** In [0,1] pixel units. */
  sigma: number;
}

/**
 * Certificate of the vote system: each noisy embedding votes for the label of its nearest item and the most frequent
 * label is the answer (certificates §9; another retrieval system than the smoothed embedding).
 *
 * With probability ≥ 1 − alpha the most frequent label (in the limit of many votes) stays the same within
 * R = σΦ⁻¹(p_), p_ a lower bound of the label's share (Cohen et al. 2019): the plain majority of the literature. Where several other labels share
 * the rest, duels (duel.ts) certify more, and never less.
 * @throws CERTIFICATE_INPUT for impossible numbers
 */
export function voteCertificate({ hits, runnerUp, samples, alpha, sigma }: VoteInput): Certificate {
  requireSuccesses(hits, samples);
  requireSuccesses(runnerUp, samples);
  requirePositive('sigma', sigma);
  if (hits <= runnerUp) {
    const near =
      clopperPearsonUpper(hits, samples, alpha / 2) >= clopperPearsonLower(runnerUp, samples, alpha / 2);
    return abstain(near ? 'near-tie' : 'wrong-answer');
  }
  // the complement: a share near 1 would be rounded to it
  const missed = clopperPearsonUpper(samples - hits, samples, alpha);
  if (missed < 0.5) return certified(sigma * normalQuantileUpper(missed));
  if (hits / samples <= 0.5) return abstain('no-margin');
  return abstain('too-few-samples', samplesToTell(hits / samples, 0.5, alpha));
}
