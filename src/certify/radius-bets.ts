/**
 * The distribution certificate by a test of every radius, with alpha spent once.
 *
 * Setting. s is a scalar statistic of the noisy embedding, rounded up to one of the levels u_0 < … < u_{B−1}, the last an
 * a-priori bound of s. F is its law at the query, P_j = P(s ≥ u_j), ψ_r(p) = Φ(Φ⁻¹(p) + r/σ). From certificates §6, for
 * every perturbation of norm ≤ r,   E_{x+δ}[s] ≤ θ_r(F) := u_0 + Σ_{j≥1} (u_j − u_{j−1}) ψ_r(P_j).   The condition holds
 * within r when θ_r(F) < 0 (the statistic is shifted so that its level is 0). So R := sup{ r : θ_r(F) < 0 } is safe.
 *
 * Step 1, one scalar per radius. ψ_r is concave, so for any reference tail p°_j ∈ (0,1),
 *     ψ_r(P_j) ≤ ψ_r(p°_j) + ψ_r'(p°_j)(P_j − p°_j),   ψ_r'(p) = exp(−(r/σ)Φ⁻¹(p) − (r/σ)²/2),
 * hence θ_r(F) ≤ C_r + E_F[w_r(s)] with w_r(u_i) = Σ_{1≤j≤i} (u_j − u_{j−1}) ψ_r'(p°_j) and
 * C_r = u_0 + Σ_j (u_j − u_{j−1})(ψ_r(p°_j) − ψ_r'(p°_j) p°_j). If θ_r(F) ≥ 0 then E_F[w_r] ≥ m_r := −C_r.
 *
 * Step 2, a test by betting. For 0 ≤ λ ≤ 1/(max w_r − m_r) let e_r(s) = 1 + λ(m_r − w_r(s)) ≥ 0. If θ_r(F) ≥ 0, then
 * E_F[e_r] ≤ 1, so the product over independent samples is a non-negative supermartingale and ever reaches 1/alpha with
 * probability at most alpha (Ville). Reaching it therefore rejects "θ_r(F) ≥ 0" at level alpha, at any number of samples,
 * looked at as often as one likes. The product needs the histogram of s only: Π_j e_r(u_j)^{count_j}.
 *
 * Step 3, all radii for one alpha. Radii r_1 < r_2 < … are tested in that order and testing stops at the first that is
 * not rejected; the last rejected one is the certified radius. θ_r is increasing in r, so an error means that the first
 * r_i ≥ R in the list was rejected although θ_{r_i}(F) ≥ 0: one test, probability at most alpha. ∎
 *
 * Rounding, for any number of samples. What is multiplied is ẽ = (1 + λ·gap) − loss ≤ e_r, so that the product is at most that of the e_r.
 * Let z be the computed Φ⁻¹(p°) and take Φ(z) itself for the reference tail, since any will do. With u = 2⁻⁵³: the quantile and Φ have
 * relative errors of at most 10⁻¹⁵ (stats/normal.test.ts, against mpmath), so p° is at most (|z| + 1)·|z|·10⁻¹⁵ + 10⁻¹⁵ < 10⁻¹³ of itself
 * from Φ(z) as |z| < 8, and Φ(z + r/σ) is as near to its value; the slope exp(x) is off by (4|x| + 2)u of itself. Each of the two sums over
 * B levels adds at most (B + 2)u of the sum of its terms' sizes, A = |u_0| + Σ_j (u_j − u_{j−1})(1 + 2·slope_j) in all. So the gap is off by at
 * most (10⁻¹² + (4·max|x| + 2B + 8)u)·A, and 1 + λ·gap by λ times that and 4u·(1 + λ|gap|): together the loss. A logarithm has a
 * relative error of at most 2u, products and sums of B terms (B + 2)u of their sizes: taken from the sum of logarithms.
 *
 * Noise within eta of the Gaussian in total variation. Let F′ be the law of s in what is drawn. Since 0 ≤ w_r ≤ w_r(u_{B−1}), the mean of w_r is at
 * most eta·w_r(u_{B−1}) lower under F′ than under F. So θ_r(F) ≥ 0 gives E_{F′}[w_r] ≥ m_r := −C_r − eta·w_r(u_{B−1}), and with this m_r steps 2 and 3
 * hold for samples of F′ as they stand. ∎
 *
 * What may be chosen freely: p°, λ and the radii, from anything but the estimation samples; plan/design-bets.ts chooses them. A poor
 * choice costs radius, never validity.
 */
import { evidenceNeeded, normalCdf, normalQuantile } from '../stats/index.ts';
import { inputError, requireAtLeastZero } from '../stats/require.ts';

const TINY = 1e-15;
const UNIT_ROUNDOFF = 2 ** -53;

/** The bet e_r = 1 + λ(m_r − w_r) against "θ_r(F) ≥ 0" (steps 1 and 2). Made by {@link RadiusBet.at} alone, so that no choice can make it unfair. */
export class RadiusBet {
  /** r, in the unit of sigma. */
  readonly radius: number;
  /** m_r − w_r at each level. */
  readonly gap: Float64Array;
  /** How far rounding may have moved the gap. */
  readonly rounding: number;
  /** λ; 0 bets nothing. */
  readonly stake: number;

  private constructor(radius: number, gap: Float64Array, rounding: number, stake: number) {
    this.radius = radius;
    this.gap = gap;
    this.rounding = rounding;
    this.stake = stake;
  }

  /**
   * The gap of a radius for a reference tail p°, without a stake yet.
   * @param levels [B] u_0 < … < u_{B−1}: each sample is rounded up to one of them; the last bounds the statistic
   * @param reference [B] any numbers: those outside (0, 1) are brought into it
   * @param eta total variation between the noise that is drawn and the Gaussian, see above; default 0
   */
  static at(
    levels: Float64Array,
    reference: Float64Array,
    radius: number,
    sigma: number,
    eta = 0,
  ): RadiusBet {
    requireAtLeastZero('eta', eta);
    const shift = radius / sigma;
    if (!(shift > 0 && shift < Infinity))
      throw inputError('a finite radius > 0 and sigma > 0', `radius = ${radius}, sigma = ${sigma}`);
    const gap = new Float64Array(levels.length);
    let constant = levels[0];
    let weight = 0;
    let size = Math.abs(levels[0]);
    let steepest = 0;
    for (let j = 1; j < levels.length; j++) {
      const p = Math.min(1 - TINY, Math.max(TINY, reference[j]));
      const z = normalQuantile(p);
      const exponent = -shift * (z + shift / 2);
      const slope = Math.exp(exponent);
      const step = levels[j] - levels[j - 1];
      constant += step * (normalCdf(z + shift) - slope * p);
      weight += step * slope;
      size += step * (1 + 2 * slope);
      steepest = Math.max(steepest, Math.abs(exponent));
      gap[j] = -weight;
    }
    for (let j = 0; j < gap.length; j++) gap[j] -= constant + eta * weight;
    const rounding = (1e-12 + (4 * steepest + 2 * levels.length + 8) * UNIT_ROUNDOFF) * size;
    return new RadiusBet(radius, gap, rounding, 0);
  }

  /** The largest λ with which e_r stays ≥ 0; Infinity where no value loses. */
  get most(): number {
    let least = 0;
    for (const gap of this.gap) least = Math.min(least, gap);
    return least < 0 ? 1 / -least : Infinity;
  }

  /** The same gap with a stake. @throws CERTIFICATE_INPUT unless 0 ≤ stake ≤ {@link RadiusBet.most} */
  staked(stake: number): RadiusBet {
    if (!(stake >= 0 && stake <= this.most && stake < Infinity))
      throw inputError(`0 <= stake <= ${this.most}`, `stake = ${stake}`);
    return new RadiusBet(this.radius, this.gap, this.rounding, stake);
  }

  /** log of the product of e_r over counted samples, rounded down. @param counts [B] samples at each level */
  logProduct(counts: ArrayLike<number>): number {
    const { gap, rounding, stake } = this;
    let sum = 0;
    let size = 0;
    for (let j = 0; j < gap.length; j++) {
      if (!(counts[j] > 0)) continue;
      const gain = stake * gap[j];
      const loss = stake * rounding + 4 * UNIT_ROUNDOFF * (1 + Math.abs(gain));
      const log = counts[j] * Math.log(Math.max(0, 1 + gain - loss));
      sum += log;
      size += Math.abs(log);
    }
    return size < Infinity ? sum - (gap.length + 4) * UNIT_ROUNDOFF * size : -Infinity;
  }
}

/** Makes the bet of a radius for a reference tail, at the levels and sigma of the certificate. */
export type PlaceBet = (radius: number, reference: Float64Array) => RadiusBet;

/** Bets at ascending radii, made one after another as they are asked for, from nothing but what was known before the estimation samples. */
export type Bettor = (place: PlaceBet) => Iterable<RadiusBet>;

/** How radii are tested. */
export interface RadiusTest {
  /** Failure probability. */
  alpha: number;
  /** In [0,1] pixel units. */
  sigma: number;
  /** Stop once this radius is reached: the caller has a smaller one elsewhere. Default: never. */
  stopAt?: number;
  /** As for {@link RadiusBet.at}; default 0. */
  eta?: number;
  /** U of evidenceNeeded: one for all radii, for the first true one decides; 1, the default, where one looks more than once. */
  uniform?: number;
}

/** What {@link testRadii} found. */
export interface TestedRadius {
  /** The largest radius all of whose tests up to it succeeded; 0 when the first failed. */
  radius: number;
  /** log of the product at the first radius, for an estimate of the samples needed when it failed. */
  firstLogProduct: number;
}

/**
 * Tests ascending radii against the counts of the estimation samples (step 3).
 * With probability ≥ 1 − alpha the returned radius is at most sup{ r : θ_r(F) < 0 }.
 *
 * @param levels [B] see {@link RadiusBet.at}  @param counts [B] estimation samples at each level
 * @throws CERTIFICATE_INPUT where the radii do not ascend, or alpha is none
 */
export function testRadii(
  bettor: Bettor,
  levels: Float64Array,
  counts: ArrayLike<number>,
  { alpha, sigma, stopAt = Infinity, eta = 0, uniform = 1 }: RadiusTest,
): TestedRadius {
  const needed = evidenceNeeded(alpha, uniform);
  let radius = 0;
  let firstLogProduct: number | null = null;
  for (const bet of bettor((r, reference) => RadiusBet.at(levels, reference, r, sigma, eta))) {
    if (!(bet.radius > radius)) throw inputError('ascending radii', `${bet.radius} after ${radius}`);
    const logProduct = bet.logProduct(counts);
    firstLogProduct ??= logProduct;
    if (!(logProduct >= needed)) break;
    radius = bet.radius;
    if (radius >= stopAt) break;
  }
  return { radius, firstLogProduct: firstLogProduct ?? 0 };
}
