/** How large a radius n samples can make at all. */
import {
  type CertificateMethod as Method,
  isOfVotes,
  LEAST_UNIFORM,
  normalQuantileUpper,
} from '../certify/index.ts';

/** What stands for a radius without limit, where no item could take the answer's place: JSON has no infinity. */
export const MOST_RADIUS = 1e6;

/** Φ⁻¹(1 − 2⁻⁵³) is 8.2: no float64 share of a range is nearer to 1. */
const NEAREST_TO_ONE = 8.3;

/**
 * More than the largest radius that n samples can give a method against some item, in multiples of σ. No bound from n samples rules out that
 * a share 1 − q of the noise, q = alpha^{1/n}, would have spoken against the answer: n samples miss it with probability alpha.
 * So votes and duels have at most Φ⁻¹(q) (certificates §9). A statistic in [lo, hi] with lo < 0 < hi that has a mass of 1 − q at hi has the mean 0 once
 * that mass has become −lo/(hi − lo): at Φ⁻¹(q) + Φ⁻¹(−lo/(hi − lo)) (§4, §6), and float64 holds no share nearer to 1 than 2⁻⁵³.
 * paper: minimum margins are at most 1, so 2Φ⁻¹(¾) (§3), and a little for norms up to MOST_NORM.
 */
export function mostSigmas(method: Method, samples: number, alpha: number): number {
  // bets ask for no less than a share of their evidence (stats/markov.ts)
  const spent = isOfVotes(method) ? alpha : Math.min(alpha / LEAST_UNIFORM, 0.999);
  const z = normalQuantileUpper(-Math.expm1(Math.log(spent) / samples));
  if (isOfVotes(method)) return Math.max(0, z) * (1 + 1e-9);
  return method === 'paper' ? 1.3495 : Math.max(0, z) + NEAREST_TO_ONE;
}
