/**
 * Which bets on radii to make: the free choices of certify/radius-bets.ts, whose notation this file uses.
 *
 * They are made for the law F̂ that the selection samples suggest: the test of largest growth E_F̂[log e_r] is e_r = dF̂/dF° with F° the
 * law nearest to F̂ in Kullback–Leibler divergence among those with θ_r ≥ 0 (a convex set, as θ_r is concave); there p° is the tail of
 * F° itself, found by iterating.
 *
 * How much to bet. With n ≫ n₀ samples F̂ is known far less well than F will be, and the bet dF̂/dF° loses KL(F‖F̂) a sample by
 * it, more than it can spare. But a test of n samples need not tell more than ln(1/alpha)/n nats a sample: e = 1 + λ(m_r − w_r)
 * is the bet on the law e·F°, which lies on the line from F° to F̂; λ is such that KL(e·F°‖F°) is that number. The bet then
 * depends on F̂ by its direction only, and F̂ may even fail at r itself (F° is then nearest to it from the other side).
 */
import { type Bettor, type PlaceBet, RadiusBet } from '../certify/index.ts';

/** A statistic's levels and the law expected of it. */
export interface ExpectedLaw {
  /** [B] u_0 < … < u_{B−1}: each sample is rounded up to one of them; the last bounds the statistic. */
  levels: Float64Array;
  /** [B] expected share of the samples at each level; positive, sums to 1. */
  law: Float64Array;
}

/** A bet with what it promises. */
export interface DesignedBet {
  bet: RadiusBet;
  /** Log-growth per sample that the log-optimal bet can expect under the expected law; 0 when it cannot succeed. */
  growth: number;
  /** [B] the reference tail p°, a warm start for the next radius. */
  tail: Float64Array;
}

/** How {@link designBet} looks for a bet. */
export interface DesignOptions {
  /** A reference tail to start from, for example that of the next smaller radius. */
  warm?: Float64Array;
  /** Rounds; default 6, with a warm start 1. */
  iterations?: number;
  /** Nats a sample that the test is to tell, see "How much to bet"; 0, the default, for the log-optimal bet. */
  rate?: number;
}

/** A bet against a radius. @param radius in the unit of sigma: r/σ where `place` is left out */
export function designBet(
  { levels, law }: ExpectedLaw,
  radius: number,
  { warm, iterations = warm ? 1 : 6, rate = 0 }: DesignOptions = {},
  place: PlaceBet = (r, reference) => RadiusBet.at(levels, reference, r, 1),
): DesignedBet {
  const reference = warm ? warm.slice() : tailOf(law);
  const boundary = new Float64Array(levels.length); // F°
  let best: DesignedBet | null = null;
  for (let round = 0; round < iterations; round++) {
    const bet = place(radius, reference);
    best ??= { bet, growth: 0, tail: reference.slice() };
    const { gap } = bet;
    let lambda = bestBet(law, gap);
    if (lambda === 0 && rate > 0) lambda = -bestBet(law, gap.map(negated));
    if (lambda === 0) break; // overshot: the best reference so far is kept
    // the least favourable law F° = F̂/e, whose tail is the next reference
    let growth = 0;
    let total = 0;
    for (let j = levels.length - 1; j >= 0; j--) {
      const factor = Math.max(0, 1 + lambda * gap[j]);
      growth += law[j] * Math.log(factor);
      boundary[j] = law[j] / factor;
      total += boundary[j];
      reference[j] = total;
    }
    for (let j = 0; j < levels.length; j++) {
      reference[j] /= total;
      boundary[j] /= total;
    }
    // from the safe side the round of most growth, from the other the last
    if (lambda > 0 ? !(growth > best.growth) : best.growth > 0) continue;
    best = {
      bet: bet.staked(rate > 0 ? stakeFor(boundary, gap, rate) : lambda),
      growth: lambda > 0 ? growth : best.growth,
      tail: reference.slice(),
    };
  }
  return best!;
}

/** Bets on all radii, each starting from the reference of the one before. @param radii ascending */
export function betOnRadii(expected: ExpectedLaw, radii: readonly number[], rate: number): Bettor {
  return function* (place) {
    let warm: Float64Array | undefined;
    for (const radius of radii) {
      const { bet, tail } = designBet(expected, radius, { warm, rate }, place);
      warm = tail;
      yield bet;
    }
  };
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
    const { growth, tail } = designBet(expected, shift, { warm, iterations: warm ? 3 : 6 });
    if (!(samples * growth >= needed)) return false;
    warm = tail;
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
