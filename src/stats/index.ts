/**
 * Scalar statistics behind the certificates: the normal, beta and binomial distributions to near machine precision, confidence
 * bounds and concentration inequalities. Pure; runs in a browser.
 *
 * @module stats
 */
export { normalCdf, normalDensity, normalSurvival } from './normal.ts';
export { normalQuantile, normalQuantileUpper } from './normal-quantile.ts';
export { regularizedBeta, regularizedBetaUpper } from './beta.ts';
export { inverseRegularizedBeta, inverseRegularizedBetaUpper } from './beta-inverse.ts';
export { binomialCdf, binomialUpperTail, clopperPearsonLower, clopperPearsonUpper } from './binomial.ts';
export {
  empiricalBernsteinRadius,
  hoeffdingRadius,
  matrixBernsteinProbability,
  matrixBernsteinRadius,
  type VectorMean,
} from './concentration.ts';
export {
  type BallOptions,
  deviationRadius,
  deviationRate,
  meanBallRadius,
  type Spread,
} from './mean-ball.ts';
export { anyTimeUpper, logMixtureRatio, type MixturePrior, mixtureThreshold } from './any-time-bound.ts';
export { evidenceNeeded, LEAST_UNIFORM } from './markov.ts';
export { splitAlpha } from './alpha.ts';
export {
  samplesForBernsteinRadius,
  samplesForClopperPearsonLower,
  samplesForMeanBall,
  samplesForUpperBound,
} from './samples-needed.ts';
