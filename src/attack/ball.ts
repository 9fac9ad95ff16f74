/** Perturbations in an ℓ2 ball; all norms in [0,1] pixel units. */
import { RetrievalGuardError } from '../errors.ts';
import { gaussianSample, noiseKey } from '../noise/index.ts';

/** Where a perturbation may lie. */
export interface BallOptions {
  /** ℓ2 norm that it has at most, [0,1] pixel units. */
  radius: number;
  /** Keep pixels (before any noise) in [0,1]; default false. */
  clip?: boolean;
}

/** ‖a − b‖₂ in float64. */
export function distanceOf(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum);
}

/** How much a vector is shortened, at first, where float32 rounding left it a little outside the ball. */
const ROUNDING = 1e-7;

/**
 * Moves `x` to the nearest point of the ball of `radius` around `origin`, then (with `clip`) into the valid pixels. As the origin
 * has valid pixels, clipping brings no value further from it, and x stays in the ball. Never outside: what rounding leaves
 * there is shortened again.
 */
export function project(x: Float32Array, origin: Float32Array, radius: number, clip: boolean): void {
  for (let margin = 0; ; margin = 2 * margin + ROUNDING) {
    const length = distanceOf(x, origin);
    if (length <= radius) break;
    const scale = (radius * (1 - margin)) / length;
    for (let i = 0; i < x.length; i++) x[i] = origin[i] + scale * (x[i] - origin[i]);
  }
  if (clip) for (let i = 0; i < x.length; i++) x[i] = Math.min(1, Math.max(0, x[i]));
}

/** x += step·g/‖g‖; a gradient of zero or with NaN moves nothing. Returns whether it moved. */
export function stepAlong(x: Float32Array, gradient: Float32Array, step: number): boolean {
  let sum = 0;
  for (let i = 0; i < gradient.length; i++) sum += gradient[i] ** 2;
  const norm = Math.sqrt(sum);
  if (!(norm > 0) || !Number.isFinite(norm)) return false;
  const scale = step / norm;
  for (let i = 0; i < x.length; i++) x[i] += scale * gradient[i];
  return true;
}

/** Values of a standard normal direction: reproducible by seed, query and number. */
export function randomDirection(length: number, seed: number, query: string, number: number): Float32Array {
  return gaussianSample(noiseKey({ seed, query, phase: 'attack' }), number, length);
}

/** @throws RetrievalGuardError OPTION_INVALID for a radius that is not positive */
export function requireRadius(radius: number): void {
  if (radius > 0 && Number.isFinite(radius)) return;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: 'a radius > 0, an ℓ2 norm in [0,1] pixel units',
    got: String(radius),
  });
}
