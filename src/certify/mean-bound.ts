/** An upper confidence bound of the mean of a scalar that was counted in bins and summed exactly. */

import { evidenceNeeded } from '../stats/index.ts';
import { requireAtLeastZero, requireCount, requireNumber, requirePositive } from '../stats/require.ts';

const UNIT_ROUNDOFF = 2 ** -53;

/** A scalar statistic over independent samples. */
export interface CountedMean {
  /** Its mean over the samples. */
  mean: number;
  /** Samples in each bin, and in all. */
  counts: ArrayLike<number>;
  samples: number;
  /** Upper ends of the bins; the last bounds the statistic. */
  levels: Float64Array;
  /** Lower end of the first bin: a-priori bound of the statistic. */
  low: number;
  /** A sample in bin j > 0 is at least levels[j−1] − slack. */
  slack: number;
}

/**
 * Upper bound μ̄ of the expectation μ of a statistic T ≤ H = levels' last, by a bet of fixed stake λ > 0: with probability at
 * least 1 − alpha, μ ≤ μ̄. The stake must not depend on these samples.
 *
 * Proof. Let K(m) = Π_i (1 + λ(m − T_i)) for the m with 1 + λ(m − H) > 0, on which K grows with m. At m = μ the factors are
 * non-negative, independent and of mean 1, so E K(μ) = 1 and P(K(μ) ≥ 1/alpha) ≤ alpha (Markov; Waudby-Smith and Ramdas 2024).
 * Else ln K(μ) < ln(1/alpha), or μ ≤ H − 1/λ.
 * ln K is bounded from below without the samples themselves: with φ(x) = ln(1+x) − x,
 *     ln K(m) = nλ(m − T̄) + Σ_i φ(λ(m − T_i)) ≥ G(m) := nλ(m − T̄) + Σ_j count_j · min{ φ at both ends of bin j },
 * as φ is concave. So G(μ) < ln(1/alpha). G grows with m (for either end the derivative of λm + φ(λ(m−t)) is
 * λ/(1 + λ(m−t)) > 0), so μ is at most the root μ̄ of G(m) = ln(1/alpha), and at most H if there is none. ∎
 * Rounding, with u = 2⁻⁵³: x = λ(m − t) is off by at most 3uλ(|m| + |t|), which moves φ(x) by no more than |x/(1+x)| ≤ 1 + 1/(1+x) times that;
 * ln(1+x) and the difference add 3u(|ln(1+x)| + |x|), and the sum of B terms (B + 4)u of their sizes. All of it is taken from G.
 * With a uniform U of {@link evidenceNeeded} the same holds for ln(U/alpha) in place of ln(1/alpha).
 * For many samples μ̄ − T̄ is about ln(1/alpha)/(nλ) + λ·variance/2; the planner chooses the λ that makes it least (plan/choose-bounds.ts).
 */
export function bettingUpperBound(counted: CountedMean, stake: number, alpha: number, uniform = 1): number {
  const { mean, counts, samples, levels, low, slack } = counted;
  requirePositive('stake', stake);
  requireCount('samples', samples, 1);
  requireNumber('mean', mean);
  requireNumber('low', low);
  requireAtLeastZero('slack', slack);
  const bins = levels.length;
  const high = levels[bins - 1];
  const needed = evidenceNeeded(alpha, uniform);
  const filled = Array.from({ length: bins }, (_, j) => j).filter((j) => counts[j] > 0);
  const growth = (m: number): number => {
    let sum = samples * stake * (m - mean);
    let size = samples * stake * (Math.abs(m) + Math.abs(mean));
    let moved = 0;
    for (const j of filled) {
      const lower = j === 0 ? low : levels[j - 1];
      const least = stake * (m - levels[j]);
      const most = stake * (m - lower + slack); // x at the lower end
      if (!(least > -1)) return -Infinity;
      const [logLeast, logMost] = [Math.log1p(least), Math.log1p(most)];
      sum += counts[j] * Math.min(logLeast - least, logMost - most);
      const reach = stake * (Math.abs(m) + Math.max(Math.abs(levels[j]), Math.abs(lower)) + slack);
      size += counts[j] * (2 * reach + Math.abs(logLeast) + Math.abs(logMost));
      moved += counts[j] * reach * (1 + 1 / (1 + least));
    }
    return sum - UNIT_ROUNDOFF * ((filled.length + 8) * size + 4 * moved);
  };
  let below = Math.max(mean, high - 1 / stake);
  let above = high;
  if (!(growth(above) >= needed)) return high;
  while (above - below > 1e-7 * (high - low)) {
    const middle = (below + above) / 2;
    if (growth(middle) >= needed) above = middle;
    else below = middle;
  }
  return above;
}
