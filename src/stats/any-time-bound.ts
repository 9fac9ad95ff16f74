/**
 * An upper bound of a loss probability that holds at all numbers of samples together, from the likelihood ratio of a mixture.
 *
 * Setting. Losses come one by one; given what came before, the next is a loss with probability p (or at least p: nothing below asks for
 * independence, only for that). S of the first t are losses, F = t − S are not. With I the regularised incomplete beta function, for 0 < q < 1,
 *
 *     W_t(q) = B(a+S, b+F) I_q(a+S, b+F) / ( B(a,b) I_q(a,b) q^S (1−q)^F )
 *            = E_u[ (u/q)^S ((1−u)/(1−q))^F ],   u ~ Beta(a,b) restricted to u < q:
 *
 * the likelihood ratio of that mixture to q. W_0 = 1; a, b > 0 and b ≤ 1 are chosen before the samples.
 *
 * **Supermartingale.** If p ≥ q, one more sample multiplies the integrand, given the past, by p·u/q + (1−p)(1−u)/(1−q) in the mean. This is
 * linear in p, 1 at p = q and falling, since u/q < 1 < (1−u)/(1−q). So W_t(q) is a nonnegative supermartingale (a martingale at p = q), and
 * P( W_t(q) ≥ 1/alpha for some t ) ≤ alpha (Ville).
 *
 * **W falls with S** at fixed t: with u = qv the integrand is v^S ((1−qv)/(1−q))^F, and v < 1 < (1−qv)/(1−q).
 *
 * **W rises with q**, for b ≤ 1. Let A = a+S, B = b+F, and let E_{A,B} be the mean over v in (0,1) with density in proportion to
 * v^{A−1} (1−qv)^{B−1}. Let K(A,B) = q^A (1−q)^B / ∫_0^q p^{A−1} (1−p)^{B−1} dp, so W = K(a,b)/K(A,B). Integrating the derivative of
 * p^A (1−p)^B gives K(A,B) = A − (A+B)q·E_{A,B}[v], and differentiating ln W
 *
 *     q(1−q) d ln W/dq = K(A,B) − K(a,b) − S + tq = J(A,B) − J(a,b),   J(A,B) := (A+B)q·E_{A,B}[1−v].
 *
 * The derivative of v^A (1−v) (1−qv)^{B−1} integrates to 0 over (0,1), which says J(A,B) = q + (B−1)q·E_{A,B}[(1−v)/(1−qv)]. So J(A,B) ≥ q
 * for B ≥ 1, and J(a,b) ≤ q as b ≤ 1. If F ≥ 1, then B ≥ 1 and J(A,B) ≥ q ≥ J(a,b). If F = 0, then B = b: a larger A moves v up, and with it
 * (1−v)/(1−qv), which falls with v, down, so J(A,b) ≥ J(a,b) as b − 1 ≤ 0. ∎
 *
 * **The bound.** W_t(q) is at most 1 in the limit q → 0 and grows without bound as q → 1 if F ≥ 1; if F = 0 it is at most 1. Let p̄_t be the
 * q with W_t(q) = 1/alpha, 1 if there is none. By monotonicity p̄_t ≤ p just where W_t(p) ≥ 1/alpha, so
 *
 *     P( p < p̄_t for all t together ) ≥ 1 − alpha.
 *
 * Therefore the least p̄_t up to any moment is an upper bound too, the number of samples may depend on what was seen, and whichever q is tested
 * (p̄_t ≤ q) may be chosen afterwards. p̄_t rises with S: the largest of several counts has the largest bound.
 *
 * What it needs: t counts samples 1…t *without a gap*, and a sample that gave no result is a loss.
 */
import { logLowerTailSlope } from './beta.ts';
import { inputError, requireAlpha, requireCount } from './require.ts';

/** The mixture's Beta(a,b), fixed before the samples: multiples of 1/64, a > 0 and 0 < b ≤ 1, a at most 64. */
export interface MixturePrior {
  a: number;
  b: number;
}

/** Jeffreys' prior. */
const JEFFREYS: MixturePrior = { a: 0.5, b: 0.5 };

/** More samples are outside the tested range. */
const MOST_SAMPLES = 1e9;

/** By how much ln W must pass ln(1/alpha): far more than the rounding of either, see {@link logMixtureRatio}. */
const SLACK = 1e-9;

/**
 * ln W_t(q) for t = `samples` of which `losses` are losses, as ln K(a,b) − ln K(a+losses, b+samples−losses) (see above): nothing large cancels.
 *
 * Error: at most 1e-12 + 1e-14·|ln W|, against mpmath for up to 1e9 samples and q from 1e-12 to 1 − 1e-12 (any-time-bound.test.ts);
 * where it is compared with ln(1/alpha), for any alpha that a float64 holds, at most 1e-11.
 * @throws CERTIFICATE_INPUT unless 0 < q < 1, 0 ≤ losses ≤ samples ≤ 1e9 are integers, and the prior is one
 */
export function logMixtureRatio(
  q: number,
  losses: number,
  samples: number,
  prior: MixturePrior = JEFFREYS,
): number {
  if (!(q > 0 && q < 1)) throw inputError('0 < q < 1', `q = ${q}`);
  requireLosses(losses, samples);
  requirePrior(prior);
  const { a, b } = prior;
  return logLowerTailSlope(q, a, b) - logLowerTailSlope(q, a + losses, b + (samples - losses));
}

/** What {@link logMixtureRatio} must reach to reject q at level alpha. Throws CERTIFICATE_INPUT unless 0 < alpha < 1. */
export function mixtureThreshold(alpha: number): number {
  requireAlpha(alpha);
  return SLACK - Math.log(alpha);
}

/**
 * Upper bound p̄_t of a loss probability, valid at all t = `samples` together (see above): the root of W_t(q) = 1/alpha, 1 if there is none.
 *
 * Rounded upwards: W at the result divided by 1 + 1e-13 passes with the slack of {@link mixtureThreshold}, so that what is computed from the
 * result, with relative errors of some 1e-15, is on the safe side as well.
 * @throws CERTIFICATE_INPUT as {@link logMixtureRatio}, and unless 0 < alpha < 1
 */
export function anyTimeUpper(
  losses: number,
  samples: number,
  alpha: number,
  prior: MixturePrior = JEFFREYS,
): number {
  requireLosses(losses, samples);
  requirePrior(prior);
  const threshold = mixtureThreshold(alpha);
  if (losses === samples) return 1;
  const passes = (q: number): boolean => logMixtureRatio(q, losses, samples, prior) >= threshold;
  const root = approximateRoot(losses, samples, threshold, prior);
  let q = root;
  for (let step = 1e-13; q < 1 && !passes(q); step *= 4) q = root * (1 + step);
  return Math.min(1, q * (1 + 1e-13));
}

/** A q near the root of ln W = threshold, by Newton's method in ln(q/(1−q)), with bisection where it leaves the bracket. */
function approximateRoot(losses: number, samples: number, threshold: number, { a, b }: MixturePrior): number {
  let below = 0;
  let above = 1;
  let q = (a + losses) / (a + b + samples);
  for (let step = 0; step < 200; step++) {
    const logPrior = logLowerTailSlope(q, a, b);
    const logPosterior = logLowerTailSlope(q, a + losses, b + (samples - losses));
    const missing = threshold - (logPrior - logPosterior);
    if (missing <= 0) above = q;
    else below = q;
    const slope = Math.exp(logPosterior) - Math.exp(logPrior) - losses + samples * q;
    const move = missing / slope;
    if (Math.abs(move) < 1e-13) break;
    const next = q / (q + (1 - q) * Math.exp(-move));
    q = next > below && next < above ? next : (below + above) / 2;
    if (q <= below || q >= above) break;
  }
  return q;
}

function requireLosses(losses: number, samples: number): void {
  requireCount('samples', samples, 0);
  requireCount('losses', losses, 0);
  if (losses > samples || samples > MOST_SAMPLES)
    throw inputError(
      `losses <= samples <= ${MOST_SAMPLES}`,
      `losses = ${losses}, samples = ${samples}`,
      'The order of the arguments is (losses, samples).',
    );
}

function requirePrior({ a, b }: MixturePrior): void {
  const fits = (value: number, most: number): boolean =>
    value > 0 && value <= most && Number.isInteger(value * 64);
  if (!(fits(a, 64) && fits(b, 1)))
    throw inputError(
      'multiples of 1/64 with 0 < a <= 64 and 0 < b <= 1',
      `a = ${a}, b = ${b}`,
      'Other numbers would be rounded when counts are added to them; with b > 1 the bound is no bound.',
    );
}
