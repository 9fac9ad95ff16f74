import { inputError, requireAlpha } from './require.ts';

/** However small the uniform number, 1/20 of the evidence of Markov's inequality is asked for: a certificate rests on its samples. */
export const LEAST_UNIFORM = 1 / 20;

/**
 * ln of what a nonnegative K with E[K] ≤ 1 under a hypothesis has to reach to refuse it at level alpha: ln(U/alpha), U uniform on (0, 1] and independent
 * of K (Ramdas and Manole 2023, "Randomized and exchangeable improvements of Markov's, Chebyshev's and Chernoff's inequalities"; certificates §12).
 *
 * Proof. For fixed K, P(U ≤ alpha·K) ≤ alpha·K. The mean over K is at most alpha. ∎ A larger U asks for more, so it may be raised to
 * {@link LEAST_UNIFORM} and to alpha. U = 1, the default, is Markov's inequality itself. Whoever draws U until it pleases, or reads K at several
 * moments with it, proves nothing: it is one number a query, for one moment fixed beforehand. Several statements of which one alone can make the error
 * may share it.
 *
 * @param alpha failure probability
 * @param uniform U; default 1
 * @returns rounded up by 10⁻¹², more than the rounding of this logarithm, which is at most 746
 * @throws CERTIFICATE_INPUT for an impossible alpha, or a uniform that is not in (0, 1]
 */
export function evidenceNeeded(alpha: number, uniform = 1): number {
  requireAlpha(alpha);
  if (!(uniform > 0 && uniform <= 1)) throw inputError('a uniform number in (0, 1]', `uniform = ${uniform}`);
  return Math.log(Math.max(uniform, LEAST_UNIFORM, alpha) / alpha) + 1e-12;
}
