/**
 * What each method would certify with infinitely many samples, if the counted shares and means were the true ones: its bounds with no
 * confidence term. No certificate: estimates stand in for what is not known. It shows how much of a method's radius is lost to
 * sampling, and how much to the method itself.
 */
import {
  type Counters,
  distributionRadius,
  type GalleryView,
  lipschitzRadius,
  meanEmbedding,
  minimumMargin,
  mostFrequent,
  normalQuantile,
  type QueryPlan,
  squaredDistances,
} from '../certify/index.ts';

/** Radii of the methods at n → ∞ by the estimates; 0 where the answer is wrong. In pixels of [0,1]. */
export interface Limits {
  /** 2σΦ⁻¹(½ + d̂/4) with d̂ the minimum margin of the estimate (certificates §3). */
  paper: number;
  /** The root of B(r) = 0 with the counted shares, at the resolution of the bins, least over the statistics (§6). At most 6σ. */
  cdf: number;
  /** σΦ⁻¹(p̂) with p̂ the label's share of the votes (§9). At most 6σ. */
  vote: number;
  /** −σΦ⁻¹(p̂) with p̂ the largest share of the samples that the label lost to another (§9). At most 6σ. */
  duel: number;
}

/** Beyond so many σ no number of samples that anybody counts tells anything. */
export const FARTHEST = 6;

/** The limits of a query. @param label position of its own label in the gallery */
export function limitsOf(
  gallery: GalleryView,
  plan: QueryPlan,
  counters: Counters,
  label: number | null,
): Limits {
  const { sigma } = plan;
  const squared = squaredDistances(gallery, meanEmbedding(counters), plan.exclude);
  let positive = Infinity;
  let negative = Infinity;
  for (const [i, d] of squared.entries()) {
    if (gallery.labelIndex[i] === label) positive = Math.min(positive, d);
    else negative = Math.min(negative, d);
  }
  const right = positive < negative;
  const margin = right ? minimumMargin(Math.sqrt(positive), Math.sqrt(negative)) : 0;
  const share = (label === null ? 0 : (counters.votes.get(label) ?? 0)) / counters.samples;
  const most = FARTHEST * sigma;
  // σΦ⁻¹ of a share, for one above ½
  const beyondHalf = (share: number): number =>
    share > 0.5 ? Math.min(most, sigma * (share < 1 ? normalQuantile(share) : Infinity)) : 0;
  const lost =
    ((counters.losses.get(mostFrequent(counters.losses)) ?? 0) + counters.lostToAll) / counters.samples;
  return {
    paper: Math.min(most, lipschitzRadius(margin, sigma)),
    cdf: right && plan.label === label ? Math.min(most, distributionLimit(plan, counters)) : 0,
    vote: beyondHalf(share),
    duel: plan.vote.label === label ? beyondHalf(1 - lost) : 0,
  };
}

function distributionLimit(plan: QueryPlan, { histograms, samples }: Counters): number {
  if (plan.statistics.length === 0) return 0;
  let least = Infinity;
  for (const [j, { levels, low }] of plan.statistics.entries()) {
    const exceedance = new Float64Array(levels.length - 1);
    let above = 0;
    for (let i = levels.length - 1; i > 0; i--) {
      above += histograms[j][i];
      exceedance[i - 1] = above / samples;
    }
    const law = {
      thresholds: levels.subarray(0, -1),
      exceedance,
      low: Math.min(low, levels[0]),
      high: levels[levels.length - 1],
    };
    least = Math.min(least, distributionRadius(law, 0, plan.sigma));
  }
  return least;
}
