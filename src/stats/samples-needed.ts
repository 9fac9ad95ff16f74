/** How many samples a bound of a given strength needs at best; the numbers that a plan or an error message tells. */
import { clopperPearsonLower, clopperPearsonUpper } from './binomial.ts';
import { matrixBernsteinLog, matrixBernsteinRadius } from './concentration.ts';
import { leastSamples } from './least-samples.ts';
import { type BallOptions, meanBallRadius } from './mean-ball.ts';
import { normalQuantile } from './normal-quantile.ts';
import { inputError, requireAlpha, requireCount, requirePositive, requireProbability } from './require.ts';

/**
 * The smallest n for which n successes of n have a Clopper–Pearson lower bound > probability: alpha^{1/n} > probability.
 * Infinity where n would pass 2^53. Throws CERTIFICATE_INPUT unless 0 ≤ probability < 1 and 0 < alpha < 1.
 */
export function samplesForClopperPearsonLower(probability: number, alpha: number): number {
  requireProbability('probability', probability);
  requireAlpha(alpha);
  if (probability === 1)
    throw inputError('probability < 1', 'probability = 1', 'No sample proves certainty.');
  if (probability === 0) return 1;
  return smallest(
    Math.log(alpha) / Math.log(probability),
    (n) => clopperPearsonLower(n, n, alpha) > probability,
  );
}

/**
 * The smallest n for which no success of n has a Clopper–Pearson upper bound < probability: 1 − alpha^{1/n} < probability.
 * Infinity where n would pass 2^53. Throws CERTIFICATE_INPUT unless 0 < probability ≤ 1 and 0 < alpha < 1.
 */
export function samplesForUpperBound(probability: number, alpha: number): number {
  requireProbability('probability', probability);
  requireAlpha(alpha);
  if (probability === 0)
    throw inputError('probability > 0', 'probability = 0', 'No sample proves impossibility.');
  return smallest(
    Math.log(alpha) / Math.log1p(-probability),
    (n) => clopperPearsonUpper(0, n, alpha) < probability,
  );
}

/**
 * The smallest n with matrixBernsteinRadius({ samples: n, dimension, alpha, bound }) ≤ epsilon:
 * n = 2L(F² + 2Fε/3)/ε² rounded up, L = ln((k+1)/alpha). `bound` F defaults to 1.
 * Infinity where n would pass 2^53. Throws CERTIFICATE_INPUT for impossible numbers.
 */
export function samplesForBernsteinRadius(
  epsilon: number,
  dimension: number,
  alpha: number,
  bound = 1,
): number {
  requirePositive('epsilon', epsilon);
  requireCount('dimension', dimension, 1);
  requireAlpha(alpha);
  requirePositive('bound', bound);
  const share = epsilon / bound;
  return smallest(
    (2 * matrixBernsteinLog(dimension, alpha) * (1 / share + 2 / 3)) / share,
    (samples) => matrixBernsteinRadius({ samples, dimension, alpha, bound }) <= epsilon,
  );
}

/**
 * The smallest n with meanBallRadius({ samples: n, … }) ≤ epsilon, for a mean that keeps its norm.
 * Infinity where n would pass 2^53. Throws CERTIFICATE_INPUT for impossible numbers.
 */
export function samplesForMeanBall(epsilon: number, ball: Omit<BallOptions, 'samples'>): number {
  requirePositive('epsilon', epsilon);
  const suffices = (samples: number): boolean => meanBallRadius({ ...ball, samples }) <= epsilon;
  return leastSamples(0, Number.MAX_SAFE_INTEGER, suffices);
}

/** Normal-approximation sample size at which a share is told from `level`; exact at a share of 1. */
export function samplesToTell(share: number, level: number, alpha: number): number {
  if (share >= 1) return samplesForClopperPearsonLower(level, alpha);
  const z = -normalQuantile(alpha);
  return (z * z * share * (1 - share)) / ((share - level) * (share - level));
}

/** The smallest integer ≥ 1 that suffices (Infinity beyond 2^53), given the real number at which the change happens up to rounding. */
function smallest(threshold: number, suffices: (n: number) => boolean): number {
  const n = Math.max(1, Math.ceil(threshold));
  if (!Number.isSafeInteger(n + 1)) return Infinity;
  if (n > 1 && suffices(n - 1)) return n - 1;
  return suffices(n) ? n : n + 1;
}
