/**
 * The distribution certificate by a test of every radius, with alpha spent once.
 *
 * Setting. s is a scalar statistic of the noisy embedding, rounded up to one of the levels u_0 < … < u_{B−1}, the last an
 * a-priori bound of s. F is its law at the query, P_j = P(s ≥ u_j), ψ_r(p) = Φ(Φ⁻¹(p) + r/σ). From certificates §4, for
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
 * What may be chosen freely: p°, λ and the radii, from anything but the estimation samples. They are chosen for the law
 * F̂ that the selection samples suggest: the test of largest growth E_F̂[log e_r] is e_r = dF̂/dF° with F° the law nearest
 * to F̂ in Kullback–Leibler divergence among those with θ_r ≥ 0 (a convex set, as θ_r is concave); there p° is the tail of
 * F° itself, found by iterating. A poor guess costs radius, never validity.
 *
 * How much to bet. With n ≫ n₀ samples F̂ is known far less well than F will be, and the bet dF̂/dF° loses KL(F‖F̂) a sample by
 * it, more than it can spare. But a test of n samples need not tell more than ln(1/alpha)/n nats a sample: e = 1 + λ(m_r − w_r)
 * is the bet on the law e·F°, which lies on the line from F° to F̂; λ is such that KL(e·F°‖F°) is that number. The bet then
 * depends on F̂ by its direction only, and F̂ may even fail at r itself (F° is then nearest to it from the other side).
 */
import { normalCdf, normalQuantile } from '../stats/index.ts';

/** A statistic's levels and the law expected of it, both fixed before estimation. */
export interface ExpectedLaw {
  /** u_0 < … < u_{B−1}: each sample is rounded up to one of them; the last bounds the statistic. */
  levels: Float64Array;
  /** Expected share of the samples at each level; positive, sums to 1. */
  law: Float64Array;
}

/** A test of "θ_r(F) ≥ 0" for one radius. */
export interface RadiusTest {
  /** log e_r at each level; −Infinity where the bet loses all. */
  logBet: Float64Array;
  /** Log-growth per sample that the log-optimal bet can expect under the expected law; 0 when it cannot succeed. */
  growth: number;
  /** The reference tail p°, a warm start for the next radius. */
  tail: Float64Array;
}

/** A bet e = 1 + stake·gap, with what {@link RadiusTest} tells besides. */
interface Design extends Omit<RadiusTest, 'logBet'> {
  /** m_r − w_r at each level. */
  gap: Float64Array;
  stake: number;
}

const TINY = 1e-15;

/**
 * The test of one radius (steps 1 and 2).
 * @param shift r/σ
 * @param warm a reference tail to start from, for example that of the next smaller radius
 * @param rate nats a sample that the test is to tell, see "How much to bet"; 0, the default, for the log-optimal bet
 */
export function designTest(
  expected: ExpectedLaw,
  shift: number,
  warm?: Float64Array,
  iterations = warm ? 1 : 6,
  rate = 0,
): RadiusTest {
  const { growth, tail, gap, stake } = design(expected, shift, warm, iterations, rate);
  return { growth, tail, logBet: gap.map((value) => Math.log(Math.max(0, 1 + stake * value))) };
}

function design(
  { levels, law }: ExpectedLaw,
  shift: number,
  warm: Float64Array | undefined,
  iterations: number,
  rate: number,
): Design {
  const size = levels.length;
  const reference = warm ? warm.slice() : tailOf(law);
  const gap = new Float64Array(size);
  const boundary = new Float64Array(size); // F°
  const best: Design = { gap: new Float64Array(size), stake: 0, growth: 0, tail: reference.slice() };
  for (let round = 0; round < iterations; round++) {
    let constant = levels[0];
    let weight = 0;
    gap[0] = 0;
    for (let j = 1; j < size; j++) {
      const p = Math.min(1 - TINY, Math.max(TINY, reference[j]));
      const z = normalQuantile(p);
      const slope = Math.exp(-shift * (z + shift / 2));
      const step = levels[j] - levels[j - 1];
      constant += step * (normalCdf(z + shift) - slope * p);
      weight += step * slope;
      gap[j] = -weight;
    }
    for (let j = 0; j < size; j++) gap[j] -= constant;
    let lambda = bestBet(law, gap);
    if (lambda === 0 && rate > 0) lambda = -bestBet(law, gap.map(negated));
    if (lambda === 0) break; // overshot: the best reference so far is kept
    // the least favourable law F° = F̂/e, whose tail is the next reference
    let growth = 0;
    let total = 0;
    for (let j = size - 1; j >= 0; j--) {
      const bet = Math.max(0, 1 + lambda * gap[j]);
      growth += law[j] * Math.log(bet);
      boundary[j] = law[j] / bet;
      total += boundary[j];
      reference[j] = total;
    }
    for (let j = 0; j < size; j++) {
      reference[j] /= total;
      boundary[j] /= total;
    }
    // from the safe side the round of most growth, from the other the last
    if (lambda > 0 ? !(growth > best.growth) : best.growth > 0) continue;
    if (lambda > 0) best.growth = growth;
    best.tail.set(reference);
    best.gap.set(gap);
    best.stake = rate > 0 ? stakeFor(boundary, gap, rate) : lambda;
  }
  return best;
}

const negated = (x: number): number => -x;

/** The λ at which the law (1 + λ·gap)·F° lies about `rate` nats from F°; less where a single sample could nearly lose all. */
function stakeFor(boundary: Float64Array, gap: Float64Array, rate: number): number {
  let least = 0;
  let variance = 0;
  for (let j = 0; j < gap.length; j++) {
    least = Math.min(least, gap[j]);
    variance += boundary[j] * gap[j] * gap[j];
  }
  const most = least < 0 ? 0.999 / -least : 1e6;
  let stake = Math.min(most, Math.sqrt((2 * rate) / variance));
  for (let round = 0; round < 4; round++) {
    let nats = 0;
    for (let j = 0; j < gap.length; j++) {
      const bet = 1 + stake * gap[j];
      nats += boundary[j] * (bet * Math.log(bet) - stake * gap[j]);
    }
    if (Math.abs(nats / rate - 1) < 0.02 || (stake === most && nats < rate)) break;
    stake = Math.min(most, stake * Math.sqrt(rate / nats)); // nats are about λ²·variance/2
  }
  return stake;
}

/** argmax over λ ∈ [0, 1/max(−gap)) of Σ law·log(1 + λ·gap), by safeguarded Newton steps. */
function bestBet(law: Float64Array, gap: Float64Array): number {
  let mean = 0;
  let least = 0;
  for (let j = 0; j < gap.length; j++) {
    mean += law[j] * gap[j];
    least = Math.min(least, gap[j]);
  }
  if (!(mean > 0)) return 0;
  if (least >= 0) return 1e6; // the condition holds at every level: any bet wins
  let low = 0;
  let high = (1 - 1e-12) / -least;
  let lambda = high / 2;
  for (let round = 0; round < 60 && high - low > 1e-9 * high; round++) {
    let slope = 0;
    let curvature = 0;
    for (let j = 0; j < gap.length; j++) {
      const ratio = gap[j] / (1 + lambda * gap[j]);
      slope += law[j] * ratio;
      curvature -= law[j] * ratio * ratio;
    }
    if (slope > 0) low = lambda;
    else high = lambda;
    const newton = lambda - slope / curvature;
    if (Math.abs(newton - lambda) < 1e-7 * lambda) break;
    lambda = newton > low && newton < high ? newton : (low + high) / 2;
  }
  return lambda;
}

function tailOf(law: Float64Array): Float64Array {
  const tail = new Float64Array(law.length);
  let sum = 0;
  for (let j = law.length - 1; j >= 0; j--) {
    sum += law[j];
    tail[j] = sum;
  }
  return tail;
}

/** The radius that `samples` samples of the expected law would certify; 0 when none. Decides no certificate, only the radii to test. */
export function expectedRadius(expected: ExpectedLaw, samples: number, alpha: number, sigma: number): number {
  const needed = Math.log(1 / alpha);
  let warm: Float64Array | undefined;
  const reaches = (shift: number): boolean => {
    const test = design(expected, shift, warm, warm ? 3 : 6, 0);
    if (!(samples * test.growth >= needed)) return false;
    warm = test.tail;
    return true;
  };
  if (!reaches(1e-3)) return 0;
  let low = 1e-3;
  let high = 1;
  warm = undefined;
  while (high < 32 && reaches(high)) {
    low = high;
    high *= 2;
    warm = undefined;
  }
  for (let round = 0; round < 6; round++) {
    const middle = (low + high) / 2;
    if (reaches(middle)) low = middle;
    else high = middle;
  }
  return low * sigma;
}

const GATES = [
  0.1, 0.3, 0.5, 0.6, 0.7, 0.76, 0.81, 0.85, 0.88, 0.9, 0.92, 0.94, 0.955, 0.97, 0.985, 1, 1.015, 1.03, 1.045,
  1.06, 1.075, 1.09, 1.11, 1.13, 1.16, 1.2, 1.25, 1.3, 1.36, 1.43, 1.5, 1.6, 1.75, 2, 2.5, 3,
];
/** The radii to test around an expected radius, ascending; when none is expected, a coarse scale of σ. */
export function radiiToTest(expected: number, sigma: number): number[] {
  if (expected > 0) return GATES.map((factor) => factor * expected);
  return [0.005, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3].map((factor) => factor * sigma);
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
 * @param counts samples at each level; from the estimation phase, not from the samples the expected law came from
 * @param rate nats a sample that each test is to tell, see {@link designTest}
 * @param stopAt stop once this radius is reached: the caller has a smaller one elsewhere
 */
export function testRadii(
  expected: ExpectedLaw,
  counts: ArrayLike<number>,
  radii: readonly number[],
  alpha: number,
  sigma: number,
  rate = 0,
  stopAt = Infinity,
): TestedRadius {
  const needed = Math.log(1 / alpha) + 1e-9; // far more than the rounding of the sum
  let radius = 0;
  let firstLogProduct = 0;
  let warm: Float64Array | undefined;
  for (const [index, candidate] of radii.entries()) {
    const test = designTest(expected, candidate / sigma, warm, undefined, rate);
    warm = test.tail;
    const logProduct = logProductOf(test.logBet, counts);
    if (index === 0) firstLogProduct = logProduct;
    if (!(logProduct >= needed)) break;
    radius = candidate;
    if (radius >= stopAt) break;
  }
  return { radius, firstLogProduct };
}

function logProductOf(logBet: Float64Array, counts: ArrayLike<number>): number {
  let sum = 0;
  for (let j = 0; j < logBet.length; j++) if (counts[j] > 0) sum += counts[j] * logBet[j];
  return sum;
}
