import { matrixBernsteinRadius, samplesForBernsteinRadius } from '../stats/index.ts';
import { lipschitzRadius } from './lipschitz.ts';
import { minimumMargin } from './margin.ts';
import { abstain, type Certificate, certified } from './result.ts';

/**
 * 'estimated': the gallery vectors are themselves Monte-Carlo estimates, from as many samples, of the vectors meant
 * (the paper's setting). 'deployed': they are the numbers the index stores and serves (the default).
 */
export type GallerySetting = 'deployed' | 'estimated';

/** Input of {@link paperCertificate}. */
export interface PaperInput {
  /** ‖ĝ − v‖ to the nearest item with the label that is certified, ĝ the mean of `samples` noisy embeddings. */
  nearestPositive: number;
  /** ‖ĝ − v‖ to the nearest item without it (Infinity when there is none). */
  nearestNegative: number;
  samples: number;
  /** k, the width of the embedding. */
  dimension: number;
  /** N, the number of gallery items (for the 'estimated' setting). */
  gallerySize: number;
  gallerySetting: GallerySetting;
  /** Failure probability of the certificate. */
  alpha: number;
  /** In [0,1] pixel units. */
  sigma: number;
  /** F, the largest norm of an embedding; default 1. */
  bound?: number;
}

/**
 * The paper's certificate (Wu et al. 2022, Theorem 3.5 and Proposition 3.9; certificates §2):
 * R = 2σΦ⁻¹(½ + d/4F) with the minimum margin d̂ lowered by the uncertainty of the estimates.
 *
 * With probability ≥ 1 − alpha over the noise, the nearest item keeps the certified label within R.
 * 'deployed' spends alpha on the query's estimate and loses ε; 'estimated' gives each of the N + 1 estimates
 * alpha/(N+1) and loses 2ε.
 */
export function paperCertificate(input: PaperInput): Certificate {
  const { samples, dimension, gallerySize, gallerySetting, alpha, sigma, bound = 1 } = input;
  if (!Number.isFinite(input.nearestPositive)) return abstain('no-positive');
  const margin = minimumMargin(input.nearestPositive, input.nearestNegative);
  if (margin <= 0) return abstain('wrong-answer');
  const [estimates, losses] = gallerySetting === 'estimated' ? [gallerySize + 1, 2] : [1, 1];
  const epsilon = matrixBernsteinRadius({ samples, dimension, alpha: alpha / estimates, bound });
  const safe = margin - losses * epsilon;
  if (safe <= 0) {
    return abstain(
      'too-few-samples',
      samplesForBernsteinRadius(margin / losses, dimension, alpha / estimates, bound),
    );
  }
  return certified(lipschitzRadius(safe, sigma, bound));
}
