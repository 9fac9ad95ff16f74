/**
 * The certificate of the duel system, and what it shares with verdicts at any time (any-time.ts).
 *
 * Model. For labels l ≠ y let p_l(x) = 1 − P( the nearest item of y is *strictly* nearer to h(x+ε) than the nearest item of l ): ties, and
 * samples that give no number, are lost. The duel model answers the label y with p_l(x) < ½ for every l ≠ y. There is at most one: of two
 * labels one loses at least half of their duel. If there is none, it answers nothing. In the vote (vote.ts) a sample lost in any duel is a miss if
 * ties with another label count as misses, so no p_l exceeds the probability of a miss: the vote's radius by majority is never the larger one.
 *
 * Radius. p_l is the probability of an event, so p_l(x+δ) ≤ Φ(Φ⁻¹(p_l(x)) + ‖δ‖/σ), and y stays the answer while
 * ‖δ‖ < R = min_l −σΦ⁻¹(p_l). With an upper bound p̄_l of each p_l, R̂ = min_l −σΦ⁻¹(p̄_l).
 *
 * **Each p̄_l has the whole of alpha**, however many labels there are. Let l* be a label with −σΦ⁻¹(p_l*) = R: a fact of the query, not of the
 * samples. If R̂ > R, then −σΦ⁻¹(p̄_l*) ≥ R̂ > R, so p̄_l* < p_l*, an event of probability at most alpha. ∎ This covers the one number R̂, for one
 * y that was fixed before these samples. Several y, labels or methods that are shown as jointly true share alpha.
 *
 * Counting. p̄ rises with the count, so the label with the largest count has the least radius. A sample lost to every label belongs to every
 * label's count, also of those that never beat y otherwise and have no counter. Where only the K nearest items of h are known, a sample is
 * lost to every label unless an item of y is strictly nearer than the K-th.
 *
 * Items as labels. Nothing here asks how many items a label has: a gallery whose items are their own labels is certified item by item. Items of
 * equal vectors are to have one label: with labels of their own each sample is a tie between them, p_l = 1, and nothing is certified of either. Items
 * of different vectors are not: y would stand for both. One that is left out has no part in any label.
 *
 * Noise. If the samples' law is within eta of the ideal in total variation, p_l is at most p̄_l + eta.
 */
import { clopperPearsonLower, clopperPearsonUpper } from '../stats/index.ts';
import { inputError, requireCount, requireSuccesses } from '../stats/require.ts';
import { samplesToTell } from '../stats/samples-needed.ts';
import { abstainLost, type LossBound, lossRadius, requireLossBound } from './loss-bound.ts';
import { abstain, type Certificate, certified } from './result.ts';

/** What was counted in duels of one label y against the others. */
export interface DuelCounts {
  /**
   * For each label that ever beat y: the samples lost to it, without those lost to all. In any order; those not named have none. An array,
   * for an iterator would be empty, as without a loss, where it is read again.
   */
  lostTo: readonly number[];
  /** n_∅, samples lost to every label. */
  lostToAll: number;
  samples: number;
  /** Labels of the gallery other than y. */
  labels: number;
}

/**
 * Certificate of the duel system from a number of samples that was fixed beforehand: with probability at least 1 − alpha, y wins every duel
 * within the radius.
 * @throws CERTIFICATE_INPUT for impossible numbers, and where the gallery has no label to duel with
 */
export function duelCertificate(input: DuelCounts & LossBound): Certificate {
  requireLossBound(input);
  const { samples, eta, alpha } = input;
  const losses = mostLosses(input);
  requireSuccesses(losses, samples);
  const radius = lossRadius(clopperPearsonUpper(losses, samples, alpha), input);
  if (radius > 0) return certified(radius);
  const share = losses / samples;
  if (share >= 0.5) {
    // a lower bound: of what was lost for certain, and of a label chosen after the fact, so that alpha is shared
    const lost = losses - input.lostToAll;
    return abstainLost(clopperPearsonLower(lost, samples, alpha / input.labels));
  }
  if (share + eta >= 0.5) return abstain('no-margin');
  return abstain('too-few-samples', samplesToTell(1 - share, 0.5 + eta, alpha));
}

/**
 * The largest count of losses to any one label, the count that decides.
 * @throws CERTIFICATE_INPUT for impossible counts, and where the gallery has no label to duel with
 */
export function mostLosses({ lostTo, lostToAll, samples, labels }: DuelCounts): number {
  if (labels === 0)
    throw inputError('a gallery of at least 2 labels', 'one label', 'Its answer never changes.');
  requireCount('labels', labels, 1);
  requireCount('samples', samples, 0);
  requireCount('lostToAll', lostToAll, 0);
  let counters = 0;
  let most = 0;
  for (const lost of lostTo) {
    // of a million counters, names are made for the wrong one only
    if (!(lost >= 0 && Number.isInteger(lost))) requireCount(`lostTo[${counters}]`, lost, 0);
    most = Math.max(most, lost);
    counters++;
  }
  if (counters > labels) throw inputError(`counts of at most ${labels} labels`, `${counters} counts`);
  const losses = most + lostToAll;
  if (losses > samples)
    throw inputError('no more losses than samples', `${most} + ${lostToAll} of ${samples}`);
  return losses;
}
