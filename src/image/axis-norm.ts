/**
 * The largest factor by which one axis of a resize stretches a change: the spectral norm of its matrix A, bounded from above.
 *
 * Let M = AAᵀ (symmetric, positive semidefinite) and λ its largest eigenvalue, ‖A‖₂² = λ. For every e, λ^e is the largest
 * eigenvalue of M^e, and no eigenvalue exceeds a norm:
 *
 *     ‖A‖₂ = λ^(1/2) ≤ ‖M^e‖_∞^(1/2e).
 *
 * (Power iteration bounds λ from below only.) e = 64 takes six squarings; ‖·‖_∞ ≤ √n ‖·‖₂ on n × n matrices, so the bound is at most
 * n^(1/256) of the norm: within 2.2% for n = 224 whatever the matrix, and within 0.4% for those of a resize. All rows enter, those at the edges
 * with their renormalised windows too, and of a crop only those that it keeps.
 *
 * With scaling: M_0 = M/s_0, M_{j+1} = M_j²/s_{j+1}, each s the ‖·‖_∞ of what it divides, so λ ≤ s_0 s_1^(1/2) s_2^(1/4) … s_6^(1/64).
 *
 * Rounding. What is computed for M_j² is off by E, |E| ≤ nu/(1−nu) |M_j||M_j| entry by entry, u = 2^-53, so
 * ‖E‖₂ ≤ ‖E‖_∞ (E is symmetric: one half is copied) ≤ 2nu ‖M_j‖_∞² ≤ 2n²u λ(M_j)². That changes λ² by a relative 2n²u, hence λ by n²u and by
 * less in each later step: 2n²u together, 1.3·10⁻⁸ for n = 8192, the most that is taken. M_0 itself has a relative error of at most
 * 2(T+1)u ‖|A||A|ᵀ‖_∞/λ for windows of T samples. The factor 1 + 10⁻⁶ covers all of it.
 */
import { RetrievalGuardError } from '../errors.ts';
import type { Taps } from './taps.ts';

/** e = 2^{@link SQUARINGS}. */
const SQUARINGS = 6;

/** For rounding. */
const SLACK = 1 + 1e-6;

/** Rows at most. */
const MOST_ROWS = 8192;

/**
 * An upper bound of ‖A‖₂ for the matrix of an axis: see the top of this file. Takes some 0.05 s for 224 rows, 1 s for 600.
 *
 * @throws RetrievalGuardError OPTION_INVALID for more than 8192 rows that are not mere samples of the input
 */
export function axisNorm(taps: Taps): number {
  if (taps.stride === 1) return picksNorm(taps);
  const n = taps.count.length;
  if (n > MOST_ROWS)
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: `pictures of at most ${MOST_ROWS} pixels on a side for radii in the pixels of the file`,
      got: `${n}`,
      fix: 'Certify in the pixels of the model (--pixels input).',
    });
  let matrix = gram(taps);
  let bound = 1;
  let power = 1;
  for (let j = 0; ; j++) {
    const norm = maxRowSum(matrix, n);
    if (norm === 0) return 0;
    bound *= norm ** power;
    if (j === SQUARINGS) return Math.sqrt(bound) * SLACK;
    matrix = square(
      matrix.map((value) => value / norm),
      n,
    );
    power /= 2;
  }
}

/** Of a matrix whose rows have one entry: its columns are orthogonal. The same input sample in r rows is a column of length √r w. */
function picksNorm({ first, count, weights, inputLength }: Taps): number {
  const squares = new Float64Array(inputLength);
  for (const [i, column] of first.entries()) if (count[i] > 0) squares[column] += weights[i] ** 2;
  return Math.sqrt(squares.reduce((most, square) => Math.max(most, square), 0)) * SLACK;
}

/** AAᵀ. */
function gram({ first, count, weights, stride }: Taps): Float64Array {
  const n = count.length;
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) {
      const from = Math.max(first[i], first[j]);
      const to = Math.min(first[i] + count[i], first[j] + count[j]);
      let sum = 0;
      for (let t = from; t < to; t++)
        sum += weights[i * stride + t - first[i]] * weights[j * stride + t - first[j]];
      matrix[i * n + j] = sum;
      matrix[j * n + i] = sum;
    }
  }
  return matrix;
}

/** The square of a symmetric matrix: products of its rows, which reach as far as they are not zero. */
function square(matrix: Float64Array, n: number): Float64Array {
  const [from, to] = [new Int32Array(n), new Int32Array(n)];
  for (let i = 0; i < n; i++) {
    const row = matrix.subarray(i * n, (i + 1) * n);
    from[i] = row.findIndex((value) => value !== 0);
    to[i] = row.findLastIndex((value) => value !== 0) + 1;
  }
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) {
      const start = Math.max(from[i], from[j], 0);
      const end = Math.min(to[i], to[j]);
      let sum = 0;
      for (let k = start; k < end; k++) sum += matrix[i * n + k] * matrix[j * n + k];
      result[i * n + j] = sum;
      result[j * n + i] = sum;
    }
  }
  return result;
}

/** ‖·‖_∞. */
function maxRowSum(matrix: Float64Array, n: number): number {
  let most = 0;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += Math.abs(matrix[i * n + j]);
    most = Math.max(most, sum);
  }
  return most;
}
