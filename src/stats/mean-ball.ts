/**
 * The ball around the mean of independent vectors that contains their expectation, by their variance.
 *
 * **Theorem** (Pinelis 1994, Thm 3.2, for Hilbert spaces). Let X_1, X_2, … be independent vectors of mean 0 and the same law, ‖X‖ ≤ a and E‖X‖² ≤ v,
 * S_n = X_1 + … + X_n. For a λ > 0 that does not depend on them let e = v(e^{λa} − 1 − λa)/a². With probability at least 1 − alpha, at all n ≥ 1 together,
 *
 *     ‖S_n‖/n < r_n(λ, v, a) := ( ln(2/alpha) + n·ln(1+e) ) / (nλ).
 *
 * *Proof.* For fixed x and X let u(t) = ‖x + tX‖ and f(t) = E cosh(λu(t)); cosh(λu) is a power series in u², so f is smooth, and f'(0) = 0 as E X = 0. From
 * u'² + u·u'' = ‖X‖², u'' ≥ 0 and sinh(y) ≤ y·cosh(y),
 *     (cosh λu)'' = λ² cosh(λu) u'² + λ sinh(λu) u'' ≤ λ²‖X‖² cosh(λu) ≤ λ²‖X‖² e^{λt‖X‖} cosh(λ‖x‖),
 * since u(t) ≤ ‖x‖ + t‖X‖ and cosh(y + z) ≤ e^z cosh(y) for z ≥ 0. So E cosh(λ‖x + X‖) = f(0) + ∫₀¹ (1−t) f''(t) dt ≤ cosh(λ‖x‖)(1 + E(e^{λ‖X‖} − 1 − λ‖X‖)),
 * and (e^y − 1 − y)/y² grows with y, so the last expectation is at most e. Hence cosh(λ‖S_n‖)/(1+e)^n is a non-negative supermartingale that
 * begins at 1; it ever reaches 1/alpha with probability at most alpha (Ville). Where it does not, e^{λ‖S_n‖}/2 < (1+e)^n/alpha. ∎
 *
 * No dimension enters, and v in place of the largest norm's square.
 */
import { requireAlpha, requireAtLeastZero, requireCount, requirePositive } from './require.ts';

/** What is known of independent vectors of one law. */
export interface Spread {
  /** v ≥ E‖X − E X‖². */
  variance: number;
  /** a ≥ ‖X − E X‖. */
  reach: number;
}

/** Above the rounding of r_n, a sum of positive terms each of a relative error below 1e-14. */
const ABOVE = 1 + 1e-13;

/**
 * r_n(λ, v, a): how far the mean of `samples` vectors lies from their expectation, but for a probability of alpha at all `samples` together for the one
 * `rate` λ, which must not depend on them. Grows with variance and reach.
 * @throws CERTIFICATE_INPUT for impossible numbers
 */
export function deviationRadius(
  { variance, reach }: Spread,
  samples: number,
  alpha: number,
  rate: number,
): number {
  requirePositive('variance', variance);
  requirePositive('reach', reach);
  requireCount('samples', samples, 1);
  requireAlpha(alpha);
  requirePositive('rate', rate);
  const growth = (variance / reach ** 2) * expBeyondLine(rate * reach);
  return (ABOVE * ((Math.LN2 - Math.log(alpha)) / samples + Math.log1p(growth))) / rate;
}

/**
 * About the λ of least {@link deviationRadius} at `samples`, to a thousandth of its logarithm; any λ is valid.
 * @throws CERTIFICATE_INPUT for impossible numbers
 */
export function deviationRate(spread: Spread, samples: number, alpha: number): number {
  const { variance, reach } = spread;
  requirePositive('variance', variance);
  requirePositive('reach', reach);
  requireCount('samples', samples, 1);
  requireAlpha(alpha);
  // that of Bennett's inequality is near it
  const log = (Math.LN2 - Math.log(alpha)) / samples;
  const about = Math.sqrt(2 * variance * log) + (reach * log) / 3;
  const start = Math.log(Math.log1p((reach * about) / variance) / reach);
  let [low, high] = [start - 2, start + 2];
  const at = (logRate: number): number => deviationRadius(spread, samples, alpha, Math.exp(logRate));
  const golden = (Math.sqrt(5) - 1) / 2;
  let [a, b] = [high - golden * (high - low), low + golden * (high - low)];
  let [atA, atB] = [at(a), at(b)];
  while (high - low > 1e-3) {
    if (atA < atB) {
      [high, b, atB] = [b, a, atA];
      a = high - golden * (high - low);
      atA = at(a);
    } else {
      [low, a, atA] = [a, b, atB];
      b = low + golden * (high - low);
      atB = at(b);
    }
  }
  return Math.exp((low + high) / 2);
}

/** The mean of independent vectors of one law and norm ≤ bound. */
export interface BallOptions {
  samples: number;
  alpha: number;
  /** F, the bound of their norm. Default 1. */
  bound?: number;
  /** ‖mean‖; without it nothing is known of the variance. */
  meanNorm?: number;
  /** How far the mean may be from the given one. Default 0. */
  rounding?: number;
  /** λ, for a ball at all numbers of samples together: fixed before the first of them. Without it the ball holds at one number fixed beforehand, with the λ that suits it. */
  rate?: number;
}

/**
 * Radius of a ball around the mean that contains the expectation g with probability at least 1 − alpha; without rounding.
 *
 * Proof. Let ε₀ = ‖mean − g‖. Vectors of norm ≤ F have v = F² − ‖g‖² and a = F + ‖g‖, where ‖mean‖ − ε₀ ≤ ‖g‖ ≤ min(F, ‖mean‖ + ε₀). Let v(ε), a(ε) be what
 * these give for ε in place of ε₀; both grow with ε, and v(ε₀) ≥ v, a(ε₀) ≥ a. By the theorem above ε₀ < r_n(λ, v, a), for the given λ at all n together, or at one n for the λ*
 * that is best for the true v and a, a fixed number: so for *every* λ, as r_n(λ*, v, a) ≤ r_n(λ, v, a). As ‖mean − g‖ ≤ 2F, ε₀ ≤ ε_1 := 2F. If ε₀ ≤ ε_i then
 * ε₀ < r_n(λ, v, a) ≤ r_n(λ, v(ε_i), a(ε_i)) =: ε_{i+1} for whichever λ. So each ε_i is a bound; the least of some is returned. ∎
 * @throws CERTIFICATE_INPUT for impossible numbers
 */
export function meanBallRadius({
  samples,
  alpha,
  bound = 1,
  meanNorm,
  rounding = 0,
  rate,
}: BallOptions): number {
  requirePositive('bound', bound);
  requireAtLeastZero('rounding', rounding);
  if (meanNorm !== undefined) requireAtLeastZero('meanNorm', meanNorm);
  let radius = 2 * bound;
  for (let step = 0; step < MOST_STEPS; step++) {
    const spread = spreadWithin(meanNorm, radius + rounding, bound);
    const next = deviationRadius(spread, samples, alpha, rate ?? deviationRate(spread, samples, alpha));
    if (!(next < radius * (1 - 1e-6))) return Math.min(next, radius);
    radius = next;
  }
  return radius;
}

const MOST_STEPS = 50;

/** The largest variance and reach of vectors of norm ≤ bound whose expectation is within `radius` of a vector of norm `meanNorm`. */
function spreadWithin(meanNorm: number | undefined, radius: number, bound: number): Spread {
  if (meanNorm === undefined) return { variance: bound ** 2, reach: 2 * bound };
  const within = radius + 4 * Number.EPSILON * bound; // and the rounding of what follows
  const least = Math.min(bound, Math.max(0, meanNorm - within));
  const most = Math.min(bound, meanNorm + within);
  // (F − ‖g‖)(F + ‖g‖) loses nothing near F; for a radius of 0 the vectors are all alike but for rounding
  return {
    variance: Math.max((bound - least) * (bound + least), 1e-15 * bound ** 2),
    reach: bound + most,
  };
}

/** e^x − 1 − x for x > 0, by its series where the difference would lose digits. */
function expBeyondLine(x: number): number {
  if (x > 1) return Math.expm1(x) - x;
  let term = (x * x) / 2;
  let sum = term;
  for (let k = 3; term > 1e-17 * sum; k++) sum += term *= x / k;
  return sum;
}
