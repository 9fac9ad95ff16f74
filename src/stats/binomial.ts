/**
 * Binomial tail probabilities and the one-sided Clopper–Pearson bounds of a binomial probability.
 * Source: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934); tails as incomplete beta functions.
 *
 * Rounding: a bound differs from the exact real number by a relative error of at most 1e-14 (measured against mpmath: 2.1e-15, for n up to
 * 1e7 and alpha down to 1e-6; 2.1e-16 at no success; 2e-16·(1 + |ln alpha|/n) if all succeed), in either direction: it is not rounded outwards.
 */
import { regularizedBeta, regularizedBetaUpper } from './beta.ts';
import { inverseRegularizedBeta, inverseRegularizedBetaUpper } from './beta-inverse.ts';
import { requireAlpha, requireProbability, requireSuccesses } from './require.ts';

/**
 * P(X ≤ successes) for X ~ Binomial(samples, probability): the lower tail.
 * Throws CERTIFICATE_INPUT unless 0 ≤ successes ≤ samples are integers, samples ≥ 1 and 0 ≤ probability ≤ 1.
 */
export function binomialCdf(successes: number, samples: number, probability: number): number {
  requireSuccesses(successes, samples);
  requireProbability('probability', probability);
  if (successes === samples) return 1;
  return regularizedBetaUpper(probability, successes + 1, samples - successes);
}

/** P(X ≥ successes) for X ~ Binomial(samples, probability): the upper tail, `successes` included. Throws as {@link binomialCdf}. */
export function binomialUpperTail(successes: number, samples: number, probability: number): number {
  requireSuccesses(successes, samples);
  requireProbability('probability', probability);
  if (successes === 0) return 1;
  return regularizedBeta(probability, successes, samples - successes + 1);
}

/**
 * Upper bound of the success probability p: with probability at least 1 − alpha over the samples, p ≤ the bound.
 * It solves P(X ≤ successes) = alpha; 1 − alpha^{1/samples} for no success, 1 if all succeed. One-sided.
 * Throws CERTIFICATE_INPUT unless 0 ≤ successes ≤ samples are integers, samples ≥ 1 and 0 < alpha < 1.
 */
export function clopperPearsonUpper(successes: number, samples: number, alpha: number): number {
  requireSuccesses(successes, samples);
  requireAlpha(alpha);
  if (successes === samples) return 1;
  if (successes === 0) return -Math.expm1(Math.log(alpha) / samples);
  return inverseRegularizedBetaUpper(alpha, successes + 1, samples - successes);
}

/**
 * Lower bound of the success probability p: with probability at least 1 − alpha over the samples, p ≥ the bound.
 * It solves P(X ≥ successes) = alpha; alpha^{1/samples} if all succeed, 0 for no success. One-sided.
 * 1 minus it, to full relative precision where the bound is near 1, is clopperPearsonUpper(samples − successes, samples, alpha).
 * Throws CERTIFICATE_INPUT as {@link clopperPearsonUpper}.
 */
export function clopperPearsonLower(successes: number, samples: number, alpha: number): number {
  requireSuccesses(successes, samples);
  requireAlpha(alpha);
  if (successes === 0) return 0;
  if (successes === samples) return Math.exp(Math.log(alpha) / samples);
  return inverseRegularizedBeta(alpha, successes, samples - successes + 1);
}
