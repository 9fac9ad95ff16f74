import { clopperPearsonLower, clopperPearsonUpper } from '../stats/index.ts';
import { requireSuccesses } from '../stats/require.ts';
import { samplesToTell } from '../stats/samples-needed.ts';
import { type LossBound, lossRadius, requireLossBound } from './loss-bound.ts';
import { abstain, type Certificate, certified } from './result.ts';

/** Input of {@link voteCertificate}. */
export interface VoteInput extends LossBound {
  /** Noisy embeddings whose nearest item has the certified label. */
  hits: number;
  /** The largest number of votes that any one other label can have (votes that could not be told count for all): says why nothing is certified. */
  runnerUp: number;
  samples: number;
}

/**
 * Certificate of the vote system: each noisy embedding votes for the label of its nearest item and the most frequent
 * label is the answer (certificates §9; another retrieval system than the smoothed embedding).
 *
 * With probability ≥ 1 − alpha the most frequent label (in the limit of many votes) stays the same within
 * R = σΦ⁻¹(p_), p_ a lower bound of the label's share (Cohen et al. 2019): the plain majority of the literature. Where several other labels share
 * the rest, duels (duel.ts) certify more, and never less. The share in ideal noise is at least p_ − eta.
 * @throws CERTIFICATE_INPUT for impossible numbers
 */
export function voteCertificate(input: VoteInput): Certificate {
  requireLossBound(input);
  const { hits, runnerUp, samples, eta, alpha } = input;
  requireSuccesses(hits, samples);
  requireSuccesses(runnerUp, samples);
  if (hits <= runnerUp) {
    const near =
      clopperPearsonUpper(hits, samples, alpha / 2) >= clopperPearsonLower(runnerUp, samples, alpha / 2);
    return abstain(near ? 'near-tie' : 'wrong-answer');
  }
  // the complement: a share near 1 would be rounded to it
  const radius = lossRadius(clopperPearsonUpper(samples - hits, samples, alpha), input);
  if (radius > 0) return certified(radius);
  if (hits / samples <= 0.5 + eta) return abstain('no-margin');
  return abstain('too-few-samples', samplesToTell(hits / samples, 0.5 + eta, alpha));
}
