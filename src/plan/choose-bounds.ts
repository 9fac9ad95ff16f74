/**
 * Which bounds the certificates of a statistic will use. Several are valid; which one is taken must be fixed before estimation, so
 * it is the one that promises most by the selection samples.
 */
import {
  type AlphaBudget,
  bettingUpperBound,
  binOf,
  type Counted,
  distributionBound,
  distributionRadius,
  type Strategy,
  tailBoundsOf,
} from '../certify/index.ts';
import { type Atoms, atomThresholds } from './atoms.ts';
import { designBet, type ExpectedLaw, expectedRadius, radiiToTest } from './design-bets.ts';
import { moments } from './place-bins.ts';

/** What the bounds may spend. */
interface BoundOptions {
  budget: AlphaBudget;
  k: number;
  sigma: number;
}

/** A statistic that is being planned. */
export interface Draft {
  counted: Counted;
  expected: ExpectedLaw;
  strategy: Omit<Strategy, 'bets'>;
}

/** The thresholds of a law of few values with the radius that they promise, and the bound of the mean. */
export function chooseStrategy(
  counted: Counted,
  values: Float64Array,
  atoms: Atoms | null,
  { budget, k, sigma }: BoundOptions,
): Draft['strategy'] {
  const { samples } = budget;
  const alpha = budget.betting(samples, k);
  const { levels } = counted;
  const high = levels[levels.length - 1];
  const { mean, deviation } = moments(values);

  // the counts to expect: as in the selection samples
  const counts = new Float64Array(levels.length);
  for (const value of values) counts[binOf(counted, value)] += samples / values.length;
  // counting holds at a fixed number of samples alone
  const thresholds = atoms && budget.kind === 'fixed' ? atomThresholds(atoms, counted) : [];
  const whole = counts.map(Math.round);
  const total = Math.max(
    1,
    whole.reduce((sum, count) => sum + count, 0),
  );
  const tails = tailBoundsOf({ ...counted, thresholds }, whole, total, { alpha, eta: 0 });
  const planned = {
    thresholds,
    tailBound: thresholds.length > 0 ? ('counting' as const) : ('betting' as const),
    expectedRadius: thresholds.length > 0 ? distributionRadius(tails, 0, sigma) : 0,
  };
  if (counted.kind !== 'pair') return { ...planned, meanBound: { kind: 'ball' } };

  const seen = { mean, variance: deviation * deviation, high };
  const stake = (n: number, share: number): number => chooseStake(seen, n, share);
  const byBetting = bettingUpperBound({ ...counted, mean, counts, samples }, stake(samples, alpha), alpha);
  const byCounting = thresholds.length > 0 ? distributionBound(tails, 0, sigma) : Infinity;
  return {
    ...planned,
    meanBound: byCounting < byBetting ? { kind: 'counting' } : { kind: 'betting', stake },
  };
}

/**
 * The stake for bettingUpperBound that suits a law: √(2 ln(1/alpha)/(n·variance)), but at most half of the stake that a
 * single sample at `high`, which bounds the statistic, could lose all by. One sample in n at `high` is added to the variance, for the tail that is not seen.
 */
export function chooseStake(
  { mean, variance, high }: { mean: number; variance: number; high: number },
  samples: number,
  alpha: number,
): number {
  const reach = Math.max(high - mean, 1e-9);
  const spread = variance + (reach * reach) / samples;
  return Math.min(Math.sqrt((2 * Math.log(1 / alpha)) / (samples * spread)), 0.5 / reach);
}

/** Statistics whose expected radius is computed; the others are compared with the least of these. */
const PROBED = 3;

/**
 * Which radii cdf bets on for each statistic, and how much each bet is to tell. All statistics of a query decide one minimum: those that
 * are expected to hold well beyond it need few bets. Sets each draft's tail bound and expected radius.
 */
export function chooseRadii(
  drafts: readonly Draft[],
  { budget, sigma, k }: BoundOptions,
): { radii: number[][]; rate: number } {
  const { samples } = budget;
  const needed = Math.log(k / budget.total);
  let least = Infinity;
  for (const [j, { counted, expected, strategy }] of drafts.entries()) {
    const byCounting = strategy.expectedRadius;
    if (j < PROBED || counted.kind !== 'pair') {
      const byBetting = expectedRadius(expected, samples, budget.betting(samples, k), sigma);
      if (byBetting > byCounting) strategy.tailBound = 'betting';
      strategy.expectedRadius = Math.max(byBetting, byCounting);
    } else if (byCounting === 0) {
      strategy.tailBound = 'betting';
      continue;
    }
    least = Math.min(least, strategy.expectedRadius);
  }
  const radii = drafts.map(({ expected, strategy }) => {
    if (least === 0) return radiiToTest(0, sigma);
    const far = 1.5 * least;
    const { growth } = designBet(expected, far / sigma, { iterations: 3 });
    const safe = samples * growth > 1.3 * needed;
    if (strategy.expectedRadius === 0) strategy.expectedRadius = safe ? far : least;
    return safe
      ? [0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2].map((factor) => factor * least)
      : radiiToTest(least, sigma);
  });
  // a run that may stop at any time tells as much as it can by each sample
  return { radii, rate: budget.kind === 'fixed' ? (1.2 * needed) / samples : 0 };
}
