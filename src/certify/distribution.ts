import { clopperPearsonUpper, normalCdf, normalQuantile } from '../stats/index.ts';
import {
  inputError,
  requireAlpha,
  requireAtLeastZero,
  requireNumber,
  requirePositive,
  requireProbability,
} from '../stats/require.ts';

/** What is known of the law of a scalar statistic s at the query. */
export interface TailBounds {
  /** t_1 < … < t_m, fixed before the samples that were counted were drawn. */
  thresholds: ArrayLike<number>;
  /** Upper confidence bounds of P(s > t_j), j = 1..m. */
  exceedance: ArrayLike<number>;
  /** A-priori bounds of s. */
  low: number;
  high: number;
}

/**
 * Upper bound of E[s] after the image moves by `radius` (certificates §6; Kumar et al. 2020):
 * B(r) = lo + Σ_j (t_{j+1} − t_j)·Φ(Φ⁻¹(p̄_j) + r/σ) with t_0 = lo, p̄_0 = 1, t_{m+1} = hi.
 * Increasing in the radius.
 * @throws CERTIFICATE_INPUT for impossible numbers
 */
export function distributionBound(law: TailBounds, radius: number, sigma: number): number {
  const { thresholds, exceedance, low, high } = law;
  requireAtLeastZero('radius', radius);
  requirePositive('sigma', sigma);
  if (!(low <= high) || thresholds.length !== exceedance.length)
    throw inputError(
      'low <= high and a bound for each threshold',
      `${low}, ${high}, ${exceedance.length} bounds`,
    );
  const shift = radius / sigma;
  let bound = thresholds.length > 0 ? thresholds[0] : high;
  if (thresholds.length > 0) bound = Math.max(bound, low);
  let share = 1;
  for (let j = 0; j < thresholds.length; j++) {
    // P(s > t) falls with t, so a smaller bound at a lower threshold holds here too
    requireProbability('exceedance', exceedance[j]);
    share = Math.min(share, exceedance[j]);
    const next = j + 1 < thresholds.length ? thresholds[j + 1] : high;
    if (!(next >= thresholds[j]))
      throw inputError('ascending thresholds up to high', `${next} after ${thresholds[j]}`);
    bound += (next - thresholds[j]) * shiftedShare(share, shift);
  }
  return bound;
}

/** Φ(Φ⁻¹(p) + shift): the largest probability that an event of probability p can have at distance shift·σ. */
export function shiftedShare(probability: number, shift: number): number {
  requireProbability('probability', probability);
  requireNumber('shift', shift);
  if (probability <= 0) return 0;
  if (probability >= 1) return 1;
  return normalCdf(normalQuantile(probability) + shift);
}

/** The largest radius with {@link distributionBound} < `level` (bisection to 1e-12 σ, rounded down); 0 when there is none. */
export function distributionRadius(law: TailBounds, level: number, sigma: number): number {
  requireNumber('level', level);
  if (!(distributionBound(law, 0, sigma) < level)) return 0;
  let low = 0;
  let high = sigma;
  while (distributionBound(law, high, sigma) < level) {
    low = high;
    high *= 2;
    if (high > 1e3 * sigma) return low;
  }
  while (high - low > 1e-12 * sigma) {
    const middle = (low + high) / 2;
    if (distributionBound(law, middle, sigma) < level) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * Clopper–Pearson bounds of the exceedances with alpha split evenly over the thresholds: the plain form of the
 * distribution certificate. The engine's form, exceedance-test.ts, spends alpha once and certifies more.
 */
export function exceedanceBounds(counts: ArrayLike<number>, samples: number, alpha: number): Float64Array {
  requireAlpha(alpha);
  return Float64Array.from(counts, (count) => clopperPearsonUpper(count, samples, alpha / counts.length));
}

/** Samples of a histogram in the bins above each of `thresholds` (bins, ascending). */
export function exceedancesOf(histogram: ArrayLike<number>, thresholds: readonly number[]): number[] {
  return thresholds.map((bin) => {
    let count = 0;
    for (let j = bin + 1; j < histogram.length; j++) count += histogram[j];
    return count;
  });
}

/**
 * The plain form from a histogram: P(s > level) at the upper ends of the bins `thresholds`, ascending, none of them the last. In ideal noise an
 * event is at most eta more probable than in noise within eta of it in total variation.
 * @param counted levels: upper ends of the bins, the last bounds s; low: a-priori bound of s
 */
export function tailBoundsOf(
  { levels, low, thresholds }: { levels: Float64Array; low: number; thresholds: readonly number[] },
  histogram: ArrayLike<number>,
  samples: number,
  { alpha, eta }: { alpha: number; eta: number },
): TailBounds {
  requireAtLeastZero('eta', eta);
  const drawn = exceedanceBounds(exceedancesOf(histogram, thresholds), samples, alpha);
  return {
    thresholds: thresholds.map((bin) => levels[bin]),
    exceedance: drawn.map((bound) => Math.min(1, bound + eta)),
    low: Math.min(low, levels[0]),
    high: levels[levels.length - 1],
  };
}
