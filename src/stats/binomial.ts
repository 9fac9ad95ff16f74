import { regularizedBeta, regularizedBetaUpper } from './beta.ts';
import { requireAlpha, requireCount, requireSuccesses } from './require.ts';

/** P(Bin(n,p) ≤ k). */
export function binomialCdf(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  if (k >= n) return 1;
  return regularizedBetaUpper(p, k + 1, n - k);
}

/** P(Bin(n,p) ≥ k), without cancellation. */
export function binomialSurvival(k: number, n: number, p: number): number {
  if (k <= 0) return 1;
  if (k > n) return 0;
  return regularizedBeta(p, k, n - k + 1);
}

/**
 * One-sided upper confidence bound of a share: the p with P(Bin(n,p) ≤ successes) = alpha (Clopper & Pearson 1934).
 * Covers the true share with probability ≥ 1 − alpha.
 */
export function clopperPearsonUpper(successes: number, samples: number, alpha: number): number {
  requireCount('samples', samples, 1);
  requireSuccesses(successes, samples);
  requireAlpha(alpha);
  if (successes === samples) return 1;
  if (successes === 0) return -Math.expm1(Math.log(alpha) / samples);
  return solve((p) => binomialCdf(successes, samples, p) >= alpha, 'above');
}

/** One-sided lower confidence bound of a share: the p with P(Bin(n,p) ≥ successes) = alpha. */
export function clopperPearsonLower(successes: number, samples: number, alpha: number): number {
  requireCount('samples', samples, 1);
  requireSuccesses(successes, samples);
  requireAlpha(alpha);
  if (successes === 0) return 0;
  if (successes === samples) return Math.exp(Math.log(alpha) / samples);
  return solve((p) => binomialSurvival(successes, samples, p) < alpha, 'below');
}

/** The p in (0,1) where `left` turns from true to false, to the last bit, on the safe side. */
function solve(left: (p: number) => boolean, side: 'above' | 'below'): number {
  let low = -745; // log-odds
  let high = 37;
  for (let round = 0; round < 80; round++) {
    const middle = (low + high) / 2;
    if (left(1 / (1 + Math.exp(-middle)))) low = middle;
    else high = middle;
  }
  return 1 / (1 + Math.exp(-(side === 'above' ? high : low)));
}
