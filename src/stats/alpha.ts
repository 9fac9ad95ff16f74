import { inputError, requireAlpha, requireCount } from './require.ts';

/**
 * Failure probability that look number `look` (0, 1, 2, …) may spend when a run is looked at several times and stops at
 * one of them: alpha·6/(π²(look+1)²). All looks together spend at most alpha (Σ 1/j² = π²/6; certificates §7).
 */
export function earlyStoppingAlpha(alpha: number, look: number): number {
  requireAlpha(alpha);
  requireCount('look', look, 0);
  return (alpha * 6) / (Math.PI * Math.PI * (look + 1) * (look + 1));
}

/** alpha split in proportion to `weights` (each > 0): a union bound over as many statements. */
export function splitAlpha(alpha: number, weights: readonly number[]): number[] {
  requireAlpha(alpha);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!weights.every((weight) => weight > 0) || !Number.isFinite(total))
    throw inputError('weights > 0', `[${weights.join(', ')}]`);
  return weights.map((weight) => (alpha * weight) / total);
}
