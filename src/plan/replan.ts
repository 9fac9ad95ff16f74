/**
 * Many certificates from one set of counters: numbers of samples, failure probabilities and ranks k that were never sampled for.
 *
 * What a certificate needs. A certificate for (n, alpha, k) holds if all that it chose — anchors, statistics, bins, expected laws,
 * bets, radii to test, the label of votes — is fixed before the estimation samples are drawn, and if it then looks at the counters
 * of exactly n fresh, independent samples (certify/certify.ts). Nothing else is asked: the choices may be made for that n and that
 * alpha, or for any other.
 *
 * What may be shared. planQuery makes its choices in two layers. What is *counted* (members, anchors, weights, offsets and bins of each
 * statistic) is a function of the gallery and the selection samples alone; n, alpha and k enter only what is *made of the
 * counts* (laws, bets, radii). So the plans of all (n, alpha, k) from the same selection samples count the same numbers, and
 * the counters of the first n of N ≥ n samples, kept while sampling went on, are the very counters that a run of n samples
 * would have ended with: sample i has the same bits in both. Each certificate made of them is therefore, word for word, the one that
 * a run of its own would have given, and holds with its own 1 − alpha. Plans are made of selection samples only, so that it does
 * not matter that they are computed after the estimation samples were drawn. The proof checks that
 * the first layer is indeed the same, and refuses otherwise ({@link requireSameCounts}).
 *
 * What is not claimed. The certificates of a sweep share samples: each holds with probability 1 − alpha, not all of them jointly. Points
 * of a sweep are correlated, and choosing the largest radius over a sweep after the fact is no certificate.
 */
import { type GalleryView, type QueryPlan, requireSameCounts } from '../certify/index.ts';
import { type PlanOptions, planQuery } from './plan-query.ts';
import type { SelectionSamples } from './selection-scores.ts';

/**
 * The plan for other samples, alpha or k, made of the same selection samples, that counts what `counted` counts.
 * @throws CERTIFICATE_INPUT when it would count something else: another sigma or label, other criticals, bins or candidates
 */
export function replanQuery(
  gallery: GalleryView,
  selection: SelectionSamples,
  counted: QueryPlan,
  options: PlanOptions,
): QueryPlan {
  const plan = planQuery(gallery, selection, options);
  requireSameCounts(counted, plan);
  return plan;
}
