import { normalCdf, normalQuantile } from '../stats/index.ts';
import { requireAtLeastZero, requireNumber, requirePositive } from '../stats/require.ts';

/**
 * F: the largest norm of a normalised embedding as it is computed. Division by a norm in float64, rounded to float32, leaves at most
 * 1 + 2⁻²³, and the bounds of this folder allow ten times that.
 */
export const NORM_BOUND = 1 + 1e-6;

function requireScale(sigma: number, bound: number): void {
  requirePositive('sigma', sigma);
  requirePositive('bound', bound);
}

/**
 * How far the smoothed embedding can move when the image moves by `distance`:
 * ‖g(x) − g(z)‖ ≤ 2F(2Φ(‖x−z‖/2σ) − 1), F the largest norm of an embedding (Wu et al. 2022, Lemma 3.3).
 *
 * @param distance ℓ2 distance of the images, [0,1] pixel units, ≥ 0
 * @param sigma standard deviation of the noise, [0,1] pixel units
 * @param bound F, default 1 (normalised embeddings)
 */
export function lipschitzBound(distance: number, sigma: number, bound = 1): number {
  requireAtLeastZero('distance', distance);
  requireScale(sigma, bound);
  return 2 * bound * (2 * normalCdf(distance / (2 * sigma)) - 1);
}

/** The linear relaxation F√(2/π)·distance/σ of {@link lipschitzBound} (Wu et al. 2022, Eq. 2): looser, for comparison. */
export function lipschitzLinearBound(distance: number, sigma: number, bound = 1): number {
  requireAtLeastZero('distance', distance);
  requireScale(sigma, bound);
  return (bound * Math.sqrt(2 / Math.PI) * distance) / sigma;
}

/**
 * The inverse of {@link lipschitzBound}: the image distance below which the smoothed embedding moves by less than
 * `margin`; 2σΦ⁻¹(½ + margin/4F). Infinity when margin ≥ 2F (no embedding can move so far).
 */
export function lipschitzRadius(margin: number, sigma: number, bound = 1): number {
  requireNumber('margin', margin);
  requireScale(sigma, bound);
  if (margin <= 0) return 0;
  if (margin >= 2 * bound) return Infinity;
  return 2 * sigma * normalQuantile(0.5 + margin / (4 * bound));
}

/**
 * How far the mean of a *scalar* statistic with values in [−F, F] can rise when the image moves by `distance`
 * (Neyman–Pearson; Salman et al. 2019, Lemma 2): F(2Φ(Φ⁻¹((μ+F)/2F) + r/σ) − 1).
 */
export function scalarMeanBound(mean: number, distance: number, sigma: number, bound = 1): number {
  requireNumber('mean', mean);
  requireAtLeastZero('distance', distance);
  requireScale(sigma, bound);
  const share = Math.min(1, Math.max(0, (mean + bound) / (2 * bound)));
  if (share === 0 && distance === 0) return -bound;
  return bound * (2 * normalCdf(normalQuantile(share) + distance / sigma) - 1);
}

/**
 * The inverse of {@link scalarMeanBound}: the image distance below which a scalar mean in [−F, F] stays under `level`;
 * σ(Φ⁻¹((level+F)/2F) − Φ⁻¹((mean+F)/2F)), 0 when mean ≥ level, Infinity when level ≥ F.
 */
export function scalarMeanRadius(mean: number, level: number, sigma: number, bound = 1): number {
  requireNumber('mean', mean);
  requireNumber('level', level);
  requireScale(sigma, bound);
  if (level >= bound && mean < level) return Infinity;
  if (mean >= level) return 0;
  if (mean <= -bound) return Infinity;
  return (
    sigma * (normalQuantile((level + bound) / (2 * bound)) - normalQuantile((mean + bound) / (2 * bound)))
  );
}
