/**
 * Which bounds the certificates of a statistic will use. Several are valid; which one is taken must be fixed before estimation, so
 * it is the one that promises most by the selection samples.
 */
import { type Atoms, atomThresholds } from './atoms.ts';
import { type Bins, binOf, moments } from './bins.ts';
import { distributionBound, distributionRadius, tailBoundsOf } from './distribution.ts';
import { designTest, type ExpectedLaw, expectedRadius, radiiToTest } from './exceedance-test.ts';
import { bettingUpperBound, chooseStake } from './mean-bound.ts';
import type { MeanBound, Statistic } from './statistic.ts';

/** What the bounds may spend, and on how many samples. */
export interface BoundOptions {
  /** Estimation samples planned. */
  samples: number;
  /** Failure probability of a method's certificate; of one that holds for a single number of samples, at the last look. */
  alpha: number;
  lastAlpha: number;
  k: number;
  sigma: number;
}

/** A statistic of which it is known how it will be counted. */
type Counted = Bins & { kind: Statistic['kind']; expected: ExpectedLaw; low: number; slack: number };

/** The thresholds of a law of few values with the radius that they promise, and the bound of the mean. */
export function chooseBounds(
  statistic: Counted,
  values: Float64Array,
  atoms: Atoms | null,
  { samples, lastAlpha, k, sigma }: BoundOptions,
): Pick<Statistic, 'thresholds' | 'tailBound' | 'expectedRadius' | 'meanBound'> {
  const alpha = lastAlpha / k;
  const { levels } = statistic.expected;
  const high = levels[levels.length - 1];
  const { mean, deviation } = moments(values);

  // the counts to expect: as in the selection samples
  const counts = new Float64Array(levels.length);
  for (const value of values) counts[binOf(statistic, value)] += samples / values.length;
  const thresholds = atoms ? atomThresholds(atoms, statistic) : [];
  const whole = counts.map(Math.round);
  const total = Math.max(
    1,
    whole.reduce((sum, count) => sum + count, 0),
  );
  const tails = tailBoundsOf({ levels, low: statistic.low, thresholds }, whole, total, alpha);
  const radius = thresholds.length > 0 ? distributionRadius(tails, 0, sigma) : 0;
  const planned = {
    thresholds,
    tailBound: thresholds.length > 0 ? ('thresholds' as const) : ('tests' as const),
    expectedRadius: radius,
  };
  if (statistic.kind !== 'pair') return { ...planned, meanBound: { kind: 'ball' } };

  const seen = { mean, variance: deviation * deviation, high };
  const stake = chooseStake(seen, samples, alpha);
  const byBet = bettingUpperBound({ ...statistic, levels, mean, counts, samples }, stake, alpha);
  const byThresholds = thresholds.length > 0 ? distributionBound(tails, 0, sigma) : Infinity;
  const meanBound: MeanBound = byThresholds < byBet ? { kind: 'thresholds' } : { kind: 'bet', seen };
  return { ...planned, meanBound };
}

/** Statistics whose expected radius is computed; the others are compared with the least of these. */
const PROBED = 3;

/**
 * Which radii cdf tests for each statistic. All statistics of a query decide one minimum: those that are expected to hold
 * well beyond it need few tests.
 */
export function chooseRadii(
  statistics: Statistic[],
  { samples, alpha, lastAlpha, sigma, k }: BoundOptions,
): void {
  const needed = Math.log(k / alpha);
  let least = Infinity;
  for (const [j, statistic] of statistics.entries()) {
    const byThresholds = statistic.expectedRadius;
    if (j < PROBED || statistic.kind !== 'pair') {
      const byTests = expectedRadius(statistic.expected, samples, alpha / k, sigma);
      if (byTests > byThresholds) statistic.tailBound = 'tests';
      statistic.expectedRadius = Math.max(byTests, byThresholds);
    } else if (byThresholds === 0) {
      statistic.tailBound = 'tests';
      continue;
    }
    least = Math.min(least, statistic.expectedRadius);
  }
  for (const statistic of statistics) {
    // a run that may stop early tells as much as it can by each sample
    statistic.rate = lastAlpha === alpha ? (1.2 * needed) / samples : 0;
    if (least === 0) {
      statistic.radii = radiiToTest(0, sigma);
      continue;
    }
    const far = 1.5 * least;
    const safe = samples * designTest(statistic.expected, far / sigma, undefined, 3).growth > 1.3 * needed;
    statistic.radii = safe
      ? [0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2].map((factor) => factor * least)
      : radiiToTest(least, sigma);
    if (statistic.expectedRadius === 0) statistic.expectedRadius = safe ? far : least;
  }
}
