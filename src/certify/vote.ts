import {
  clopperPearsonLower,
  clopperPearsonUpper,
  normalQuantile,
  normalQuantileUpper,
  samplesForClopperPearsonLower,
} from '../stats/index.ts';
import { inputError, requirePositive, requireSuccesses } from '../stats/require.ts';
import { abstain, type Certificate, certified } from './result.ts';

/** Input of {@link voteCertificate}. */
export interface VoteInput {
  /** Noisy embeddings whose nearest item has the certified label. */
  hits: number;
  /** The largest number of votes that any one other label can have (votes that could not be told count for all). */
  runnerUp: number;
  samples: number;
  /** Failure probability. */
  alpha: number;
  /** In [0,1] pixel units. */
  sigma: number;
  /**
   * 'majority': R = σΦ⁻¹(p_) from the certified label's share alone (Cohen et al. 2019), all of alpha spent on it.
   * 'runner-up': R = σ/2·(Φ⁻¹(p_) − Φ⁻¹(p̄)), p̄ an upper bound of every other label's share, half of alpha each
   * (Cohen et al. 2019, Theorem 1): larger when several labels share the rest. Fixed before the samples are drawn.
   */
  rule: 'majority' | 'runner-up';
}

/**
 * Certificate of the vote system: each noisy embedding votes for the label of its nearest item and the most frequent
 * label is the answer (certificates §9; another retrieval system than the smoothed embedding).
 *
 * With probability ≥ 1 − alpha the most frequent label (in the limit of many votes) stays the same within R.
 * 'runner-up' needs no further split of alpha over the other labels: the radius is a minimum over them, and a minimum
 * of lower confidence bounds is a lower confidence bound of the minimum (see intersection.ts).
 * @throws CERTIFICATE_INPUT for impossible numbers
 */
export function voteCertificate({ hits, runnerUp, samples, alpha, sigma, rule }: VoteInput): Certificate {
  requireSuccesses(hits, samples);
  requireSuccesses(runnerUp, samples);
  requirePositive('sigma', sigma);
  if (hits <= runnerUp) {
    const near =
      clopperPearsonUpper(hits, samples, alpha / 2) >= clopperPearsonLower(runnerUp, samples, alpha / 2);
    return abstain(near ? 'near-tie' : 'wrong-answer');
  }
  if (rule === 'majority') {
    // the complement: a share near 1 would be rounded to it
    const missed = clopperPearsonUpper(samples - hits, samples, alpha);
    if (missed < 0.5) return certified(sigma * normalQuantileUpper(missed));
    if (hits / samples <= 0.5) return abstain('no-margin');
    return abstain('too-few-samples', votesNeeded(hits / samples, 0.5, alpha));
  }
  if (rule !== 'runner-up') throw inputError("rule 'majority' or 'runner-up'", String(rule));
  const missed = clopperPearsonUpper(samples - hits, samples, alpha / 2);
  const upper = Math.min(missed, clopperPearsonUpper(runnerUp, samples, alpha / 2));
  if (missed + upper < 1)
    return certified((sigma * (normalQuantileUpper(missed) - normalQuantile(upper))) / 2);
  const share = (hits + runnerUp) / (2 * samples);
  return abstain('too-few-samples', votesNeeded(hits / samples, share, alpha / 2));
}

/** Normal-approximation sample size at which a share is told from `level`; exact at a share of 1. */
function votesNeeded(share: number, level: number, alpha: number): number {
  if (share >= 1) return samplesForClopperPearsonLower(level, alpha);
  const z = -normalQuantile(alpha);
  return (z * z * share * (1 - share)) / ((share - level) * (share - level));
}
