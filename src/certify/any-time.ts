/**
 * Radii that are valid at all moments of a run together, for duels and votes: one may look at every sample, show the radius as it grows, and
 * stop as soon as it suffices.
 *
 * Let p be the probability that a sample is lost: for votes that its label is not y, for duels that it is lost to l*, a label of the least
 * radius (duel.ts). With noise that is exactly Gaussian it is at most p + η, so R ≥ −σΦ⁻¹(p + η). By stats/any-time-bound.ts, with probability
 * at least 1 − alpha, p < p̄_t at all t at once. Then at all t
 *
 *     R̂_t = −σΦ⁻¹(p̄_t + η) ≤ −σΦ⁻¹(p + η) ≤ R,
 *
 * and so max over s ≤ t of R̂_s ≤ R: **the largest radius seen so far is valid too**, being the end of an intersection of intervals that all hold
 * on one event. In duels the largest count is at least that of l*, and so is its p̄: at every t the radius of the largest count is at most that
 * of l*. No union over labels is owed here either, although another label may have the largest count at another t. A target r is reached
 * when p̄_s ≤ q = Φ(−r/σ) − η for some s ≤ t, which says R ≥ r; r may be chosen after seeing the samples.
 *
 * What it needs (and cannot see):
 * - t counts samples 1…t without a gap. A sample that finishes early waits until those before it have: how long a sample takes may
 *   depend on its result. This holds for the last look too, whatever ends the run.
 * - A sample that failed, or is not finite, is a loss. None is skipped.
 * - y, the method, a and b are fixed before the first of these samples; those that selection used are not among them.
 * - A stopped run may be *resumed* with its counts; it must not be begun again with new noise, another y or another method at the same alpha.
 */
import {
  anyTimeUpper,
  logMixtureRatio,
  type MixturePrior,
  mixtureThreshold,
  normalSurvival,
} from '../stats/index.ts';
import { leastSamples } from '../stats/least-samples.ts';
import { inputError, requireAlpha, requireCount, requirePositive } from '../stats/require.ts';
import { MOST_SAMPLES } from './counters.ts';
import { abstainLost, type LossBound, lossRadius, requireLossBound } from './loss-bound.ts';
import { abstain, type Certificate, certified } from './result.ts';

/** What was counted in a complete prefix of the samples. */
export interface LossCounts {
  samples: number;
  /** Samples lost: for duels `mostLosses`, the largest count of any one label; for votes samples − hits. */
  losses: number;
}

/** The radius of one query while its samples come. Give it counts with {@link AnyTime.observe}, as often as wished; each look is free. */
export class AnyTime {
  /** What it was made with. */
  readonly bound: LossBound;
  readonly #prior: MixturePrior | undefined;
  #counts: LossCounts = { samples: 0, losses: 0 };
  #upper = 1;
  #leastUpper = 1;

  /**
   * @param prior the mixture that is bet on, fixed before the samples; by default that of {@link anyTimeUpper}
   * @throws CERTIFICATE_INPUT for impossible numbers
   */
  constructor({ sigma, eta, alpha }: LossBound, prior?: MixturePrior) {
    requireLossBound({ sigma, eta, alpha });
    anyTimeUpper(0, 0, alpha, prior); // refuses an impossible prior
    this.bound = { sigma, eta, alpha };
    this.#prior = prior && { ...prior };
  }

  /**
   * Takes the counts of samples 1…`samples`; they contain those given before.
   * @throws CERTIFICATE_INPUT for counts that go back, or that grow by more losses than samples, or beyond {@link MOST_SAMPLES}
   */
  observe({ samples, losses }: LossCounts): void {
    requireCount('samples', samples, this.#counts.samples);
    requireCount('losses', losses, this.#counts.losses);
    const won = this.#counts.samples - this.#counts.losses;
    if (samples - losses < won)
      throw inputError(
        `at most ${samples - won} losses of ${samples} samples`,
        `${losses}, after ${this.#counts.losses} of ${this.#counts.samples}`,
        'The samples of earlier counts belong to later ones.',
      );
    if (samples > MOST_SAMPLES) throw inputError(`at most ${MOST_SAMPLES} samples`, `samples = ${samples}`);
    this.#counts = { samples, losses };
    this.#upper = anyTimeUpper(losses, samples, this.bound.alpha, this.#prior);
    this.#leastUpper = Math.min(this.#leastUpper, this.#upper);
  }

  /** The counts of the last look. */
  get counts(): LossCounts {
    return { ...this.#counts };
  }

  /** The radius of the present counts alone; it may fall as samples come. 0 where none is certified. */
  get radius(): number {
    return lossRadius(this.#upper, this.bound);
  }

  /** The largest radius of any look so far, which is as valid. 0 where none is certified. */
  get bestRadius(): number {
    return lossRadius(this.#leastUpper, this.bound);
  }

  /** Whether the answer is certified within `radius`. @throws CERTIFICATE_INPUT where the noise is too coarse for such a radius, see {@link LossBound.eta} */
  reached(radius: number): boolean {
    return this.#leastUpper <= this.#level(radius);
  }

  /**
   * Whether to give up on `radius`, with at most `most` samples in all: it is not reached, and would not be reached even if from now on
   * losses were as rare as these samples allow: at the lower bound of p that holds at all times together with probability 1 − doubt. So, of
   * queries with p < q, only a share of about `doubt` gives up without cause, if `most` is ample; one with p > q gives up in the end.
   *
   * Any rule is sound here, this one too: to give up is to abstain from `radius`, which is no error, and the radii of this object remain valid.
   * @throws CERTIFICATE_INPUT as {@link AnyTime.reached}, and for impossible numbers
   */
  hopeless(radius: number, most: number, doubt = 0.01): boolean {
    const { samples, losses } = this.#counts;
    requireCount('most', most, samples);
    if (most > MOST_SAMPLES) throw inputError(`at most ${MOST_SAMPLES} samples`, `most = ${most}`);
    requireAlpha(doubt);
    if (!this.#canTell(radius)) return true;
    if (this.reached(radius)) return false;
    const rarest = 1 - anyTimeUpper(samples - losses, samples, doubt);
    return !this.#passes(this.#level(radius), losses + Math.floor(rarest * (most - samples)), most);
  }

  /**
   * How many samples there must be in all before `radius` can be reached: as many as would do if none of those to come were lost. (A sample
   * that is won multiplies W by a mean of (1−u)/(1−q) > 1.) A look before tells nothing. Infinity beyond {@link MOST_SAMPLES}, and where the noise
   * is too coarse for such a radius.
   * @throws CERTIFICATE_INPUT unless the radius is positive
   */
  samplesTo(radius: number): number {
    if (!this.#canTell(radius)) return Infinity;
    const { samples, losses } = this.#counts;
    if (this.reached(radius)) return samples;
    const level = this.#level(radius);
    return leastSamples(samples, MOST_SAMPLES, (all) => this.#passes(level, losses, all));
  }

  /** The best radius so far as a certificate, or why there is none yet. */
  certificate(): Certificate {
    if (this.bestRadius > 0) return certified(this.bestRadius);
    const { samples, losses } = this.#counts;
    const { eta, alpha } = this.bound;
    if (samples === 0) return abstain('too-few-samples', this.#samplesNeeded(0));
    const share = losses / samples;
    if (share >= 0.5) return abstainLost(1 - anyTimeUpper(samples - losses, samples, alpha));
    if (share + eta >= 0.5) return abstain('no-margin');
    return abstain('too-few-samples', this.#samplesNeeded(share));
  }

  /** Whether the noise is known well enough to tell so small a probability as that of the radius. */
  #canTell(radius: number): boolean {
    requirePositive('radius', radius);
    const { sigma, eta } = this.bound;
    return normalSurvival(radius / sigma) > 2 * eta;
  }

  /** q: a radius is reached where p̄ is at most this. As q > eta, its relative error is some 1e-15, less than p̄ is rounded up by. */
  #level(radius: number): number {
    requirePositive('radius', radius);
    const { sigma, eta } = this.bound;
    const level = normalSurvival(radius / sigma) - eta;
    if (level > eta) return level;
    throw inputError(
      `a radius with Φ(−radius/sigma) > 2·eta = ${2 * eta}`,
      `radius = ${radius}, sigma = ${sigma}`,
      'The noise is not known well enough to tell so small a probability.',
    );
  }

  #passes(level: number, losses: number, samples: number): boolean {
    return logMixtureRatio(level, losses, samples, this.#prior) >= mixtureThreshold(this.bound.alpha);
  }

  /** About how many samples certify a radius above 0 if a share of them is lost; Infinity beyond {@link MOST_SAMPLES}. */
  #samplesNeeded(share: number): number {
    return leastSamples(0, MOST_SAMPLES, (samples) =>
      this.#passes(0.5 - this.bound.eta, Math.round(share * samples), samples),
    );
  }
}
