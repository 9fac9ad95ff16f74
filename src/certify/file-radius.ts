import { RetrievalGuardError } from '../errors.ts';

/** How the picture that a certificate speaks of follows from the pixels of a file: linearly, but for a small error. In pixels of [0,1], ℓ2 norms. */
export interface FileScale {
  /** ≥ ‖A‖₂: a change of the file of length d changes A f by at most `norm` · d; > 0. */
  norm: number;
  /** e: the certified picture is at most this far from A f, for each file f; ≥ 0. */
  error: number;
}

/**
 * What a radius in the model's input is worth in the pixels of the file (certificates §14).
 *
 * Let x(f) be the picture that is certified, ‖x(f) − A f‖ ≤ e for every file f of the same size, and R its radius. A file f′ with
 * ‖f′ − f‖ < R_file = max(0, R − 2e)/‖A‖ has ‖x(f′) − x(f)‖ ≤ e + ‖A (f′ − f)‖ + e < 2e + R − 2e = R. So its answer is the same, with
 * the same probability.
 *
 * The last product rounds down by more than its rounding errors.
 *
 * @param radius R ≥ 0, in pixels of [0,1]; Infinity stays
 * @returns R_file ≥ 0, in pixels of [0,1] of the file
 * @throws RetrievalGuardError CERTIFICATE_INPUT for a radius or error < 0, a norm ≤ 0, or NaN
 */
export function fileRadius(radius: number, { norm, error }: FileScale): number {
  if (!(radius >= 0 && norm > 0 && Number.isFinite(norm) && error >= 0))
    throw new RetrievalGuardError('CERTIFICATE_INPUT', {
      expected: 'a radius >= 0, a norm > 0 and an error >= 0',
      got: `radius = ${radius}, norm = ${norm}, error = ${error}`,
    });
  return (Math.max(0, radius - 2 * error) / norm) * (1 - 4 * Number.EPSILON);
}
