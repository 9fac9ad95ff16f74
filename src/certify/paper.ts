import {
  matrixBernsteinRadius,
  meanBallRadius,
  samplesForBernsteinRadius,
  samplesForMeanBall,
} from '../stats/index.ts';
import {
  inputError,
  requireAlpha,
  requireAtLeastZero,
  requireCount,
  requirePositive,
} from '../stats/require.ts';
import { lipschitzRadius, NORM_BOUND } from './lipschitz.ts';
import { minimumMargin } from './margin.ts';
import { abstain, type Certificate, certified } from './result.ts';

/**
 * 'estimated': the paper's setting and its own statement. The gallery vectors are themselves Monte-Carlo estimates, from as many samples, of the
 * vectors meant, and every ball is matrix Bernstein's. 'deployed' (the default): they are the numbers the index stores and serves, and the ball
 * around the query's estimate is by its variance (stats/mean-ball.ts).
 */
export type GallerySetting = 'deployed' | 'estimated';

/** Input of {@link paperCertificate}. */
export interface PaperInput {
  /** ‖ĝ − v‖ to the nearest item with the label that is certified, ĝ the mean of `samples` noisy embeddings. */
  nearestPositive: number;
  /** ‖ĝ − v‖ to the nearest item without it (Infinity when there is none). */
  nearestNegative: number;
  samples: number;
  /** ‖ĝ‖; without it nothing is known of the variance of the embeddings, and the ball of the 'deployed' setting is wider. */
  estimateNorm?: number;
  /** λ of a ball around ĝ that holds at any time (stats/mean-ball.ts), in either setting; without it the ball holds at `samples`, fixed beforehand. */
  rate?: number;
  /** k, the width of the embedding; for the 'estimated' setting. */
  dimension: number;
  /** N, the number of gallery items (for the 'estimated' setting). */
  gallerySize: number;
  gallerySetting: GallerySetting;
  /**
   * 'estimated': samples behind each gallery vector; 0 for clean embeddings, which are exact. Default: as many as the
   * query's, the paper's case.
   */
  gallerySamples?: number;
  /** Failure probability of the certificate. */
  alpha: number;
  /** In [0,1] pixel units. */
  sigma: number;
  /** F, the largest norm of an embedding; default {@link NORM_BOUND}. */
  bound?: number;
  /** How far rounding may have moved each of the two distances; default 0. */
  rounding?: number;
  /** 'estimated': how far rounding may have moved a gallery vector from the mean of its samples; default 0. */
  galleryRounding?: number;
}

/**
 * The paper's certificate (Wu et al. 2022, Theorem 3.5 and Proposition 3.9; certificates §3):
 * R = 2σΦ⁻¹(½ + d/4F) with the minimum margin d̂ lowered by the uncertainty of the estimates.
 *
 * With probability ≥ 1 − alpha over the noise, the nearest item keeps the certified label within R.
 * 'deployed' spends alpha on the query's estimate and loses its ε, that of `meanBallRadius`. 'estimated' gives each of the N + 1 estimates
 * alpha/(N+1), takes ε from the matrix Bernstein inequality as the paper does, and loses ε of the query and ε of a gallery vector (2ε where both have as many samples): each distance is
 * wrong by at most their sum, and so is half the difference of two; so is `rounding`, whatever the setting, and `galleryRounding` where the
 * vectors are estimates.
 * @throws CERTIFICATE_INPUT for impossible numbers
 */
export function paperCertificate(input: PaperInput): Certificate {
  const { samples, dimension, gallerySize, gallerySetting, alpha, sigma } = input;
  const { gallerySamples = samples, bound = NORM_BOUND, rounding = 0, galleryRounding = 0 } = input;
  requireAtLeastZero('nearestPositive', input.nearestPositive);
  requireAtLeastZero('nearestNegative', input.nearestNegative);
  requireAtLeastZero('rounding', rounding);
  requireAtLeastZero('galleryRounding', galleryRounding);
  requireCount('gallerySize', gallerySize, 1);
  requireCount('gallerySamples', gallerySamples, 0);
  requirePositive('sigma', sigma);
  requireAlpha(alpha);
  if (gallerySetting !== 'estimated' && gallerySetting !== 'deployed')
    throw inputError("gallerySetting 'deployed' or 'estimated'", String(gallerySetting));
  const estimated = gallerySetting === 'estimated' && gallerySamples > 0;
  const share = estimated ? alpha / (gallerySize + 1) : alpha;
  const byVariance = { alpha: share, bound, meanNorm: input.estimateNorm, rounding };
  const bernstein = (count: number): number =>
    matrixBernsteinRadius({ samples: count, dimension, alpha: share, bound });
  const galleryLoss = estimated ? bernstein(gallerySamples) + galleryRounding : 0;
  const ofVariance = gallerySetting === 'deployed' || input.rate !== undefined;
  const ball = ofVariance ? meanBallRadius({ ...byVariance, samples, rate: input.rate }) : bernstein(samples);
  const queryLoss = ball + rounding;
  if (input.nearestPositive === Infinity) return abstain('no-positive');
  const margin = minimumMargin(input.nearestPositive, input.nearestNegative);
  if (margin < -queryLoss - galleryLoss) return abstain('wrong-answer');
  if (margin <= 0) return abstain('near-tie');
  const safe = margin - queryLoss - galleryLoss;
  if (safe <= 0) {
    // where the gallery has as many samples as the query, both losses shrink together
    const left = gallerySamples === samples ? margin / (estimated ? 2 : 1) : margin - galleryLoss;
    if (left <= 0) return abstain('too-few-samples');
    return abstain(
      'too-few-samples',
      gallerySetting === 'deployed'
        ? samplesForMeanBall(left, byVariance)
        : samplesForBernsteinRadius(left, dimension, share, bound),
    );
  }
  return certified(lipschitzRadius(safe, sigma, bound));
}
