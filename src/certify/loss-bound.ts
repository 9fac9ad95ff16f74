/** From an upper bound of the probability of a loss to a radius: what duel.ts, vote.ts and any-time.ts share. */
import { normalQuantileUpper } from '../stats/index.ts';
import { inputError, requireAlpha, requirePositive } from '../stats/require.ts';
import { abstain, type Abstained } from './result.ts';

/** The noise of the samples, and the failure probability. */
export interface LossBound {
  /** In [0,1] pixel units. */
  sigma: number;
  /** Total variation between the law of the noise that was drawn and N(0, σ²I), for one sample; at most alpha/1000. */
  eta: number;
  /** Failure probability. */
  alpha: number;
}

/** Throws unless sigma, eta and alpha can be those of a certificate. */
export function requireLossBound({ sigma, eta, alpha }: LossBound): void {
  requirePositive('sigma', sigma);
  requireAlpha(alpha);
  if (!(eta >= 0 && eta <= alpha / 1000))
    throw inputError(
      `0 <= eta <= alpha/1000 = ${alpha / 1000}`,
      `eta = ${eta}`,
      'Noise so far from Gaussian gives no certificate at this alpha.',
    );
}

/** −σΦ⁻¹(upper + eta): the norm up to which losses stay rarer than ½, if `upper` bounds their probability in what was drawn; 0 where upper + eta ≥ ½. */
export function lossRadius(upper: number, { sigma, eta }: LossBound): number {
  return Math.max(0, sigma * normalQuantileUpper(Math.min(1, upper + eta)));
}

/** The abstention where at least half of the samples are lost. @param lower lower bound of the probability of a loss */
export const abstainLost = (lower: number): Abstained => abstain(lower > 0.5 ? 'wrong-answer' : 'near-tie');
