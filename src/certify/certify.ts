/**
 * The guarantee. From the plan of a query (made of its selection samples) and the counters of its estimation samples, the
 * certificates of all methods. Read this file first.
 *
 * For each method: with probability at least 1 − alpha over the noise of the estimation samples, no perturbation of the
 * query image of ℓ2 norm below the radius changes the answer certified. For paper, bisector and cdf the answer is that of
 * the smoothed embedding g (one of the k items nearest to g has the certified label); for duel it is the label that wins every
 * duel with another one, and for vote the label most often nearest to a noisy embedding. alpha is spent anew by each method: each one's statement holds with 1 − alpha, not all jointly.
 */
import { deviationRate, meanBallRadius } from '../stats/index.ts';
import { inputError } from '../stats/require.ts';
import type { AlphaBudget } from './alpha-budget.ts';
import { AnyTime } from './any-time.ts';
import { bisectorRadius } from './bisector.ts';
import { type Counters, meanEmbedding, meanRounding, mostFrequent } from './counters.ts';
import { distributionBound, distributionRadius, exceedancesOf, tailBoundsOf } from './distribution.ts';
import { type GalleryView, squaredDistances, STORED_ROUNDING, vectorAt } from './gallery-view.ts';
import { kthSmallestRadius, type WeightedRadius } from './intersection.ts';
import { lipschitzRadius, NORM_BOUND } from './lipschitz.ts';
import {
  bisectorMarginOf,
  bisectorOffset,
  distance,
  marginRounding,
  minimumMargin,
  norm,
  SCALAR_ROUNDING,
} from './margin.ts';
import { bettingUpperBound } from './mean-bound.ts';
import { type GallerySetting, paperCertificate } from './paper.ts';
import type { QueryPlan } from './query-plan.ts';
import { testRadii } from './radius-bets.ts';
import {
  abstain,
  type Abstained,
  type Certificate,
  certified,
  type Certified,
  radiusOf,
  shortened,
} from './result.ts';
import type { Statistic } from './statistic.ts';
import { type DuelCounts, duelCertificate, mostLosses } from './duel.ts';
import { requireLossBound } from './loss-bound.ts';
import { voteCertificate } from './vote.ts';

/** The methods, in the order of docs/certificates.md. */
export const CERTIFICATE_METHODS = ['paper', 'bisector', 'cdf', 'vote', 'duel'] as const;
/** Name of a method. */
export type CertificateMethod = (typeof CERTIFICATE_METHODS)[number];
/** Those to ask for unless there is a reason for others (docs/certificates.md has the table). */
export const DEFAULT_METHODS: readonly CertificateMethod[] = ['paper', 'cdf', 'duel'];

/** Whether a method certifies the label of votes and duels instead of that of the smoothed embedding. */
export const isOfVotes = (method: CertificateMethod): method is 'vote' | 'duel' =>
  method === 'vote' || method === 'duel';

/** Options of {@link certifyQuery}. */
export interface CertifyOptions {
  /** What each method's certificate may spend: at the number of samples that was fixed, or at any time. */
  budget: AlphaBudget;
  methods?: readonly CertificateMethod[];
  /** For `paper`; default 'deployed'. */
  gallerySetting?: GallerySetting;
  /** For `paper` in the 'estimated' setting: samples behind each gallery vector; default: as many as the query's. */
  gallerySamples?: number;
  /**
   * Total variation between the law of one sample's noise and the Gaussian, at most alpha/1000 (docs/certificates.md §10). Probabilities move by at
   * most eta, the mean of a scalar by eta times its range, that of vectors of norm ≤ F by 2F·eta. Verdicts have their own. Default 0.
   */
  eta?: number;
  /**
   * e: how far, in ℓ2 norm, pictures may be moved where they are rounded before they are sampled; default 0. The picture that was sampled is
   * at most e from the query's, and what is sampled of a changed one at most e from that: a radius R of the first holds for them as R − 2e.
   */
  pictureRounding?: number;
  /**
   * U of stats/markov.ts: drawn uniformly from (0, 1] for this query, independent of its samples and never drawn again. With it the bets of `cdf` and
   * `bisector` at a fixed number of samples prove a little more; at any time it is of no use. Default 1.
   */
  uniform?: number;
  /** For `duel` and `vote` at any time: what they told at all looks so far; without it, they tell what this look alone does. */
  anyTime?: Verdicts;
}

/** A certificate and the class it is about; null for one that no item has, of which nothing is certified. */
export type LabelledCertificate = (Certified & { label: number }) | (Abstained & { label: number | null });

/** What is certified of a query, by method. */
export type Certificates = Partial<Record<CertificateMethod, LabelledCertificate>>;

/** What the systems answer to one query, as its samples show it. */
export interface QueryAnswers {
  /** Class of the item nearest to the estimate ĝ. */
  predicted: number;
  /** The nearest items, nearest first (at most max(k, 5)). */
  nearest: { index: number; distance: number }[];
  /**
   * Minimum margin at ĝ (certificates §3): half of how much further the k-th nearest negative is than the nearest positive. Negative
   * where a negative is nearest, not finite without a negative or a positive. An estimate, not a bound.
   */
  margin: number;
  /** The vote system's answer. */
  votePredicted: number;
  /** The duel system's answer, as far as the samples tell: the label of the plan if it lost fewer than half of each of its duels, else null. */
  duelPredicted: number | null;
}

/** All that is said of one query. */
export interface QueryResult extends QueryAnswers {
  certificates: Certificates;
}

/**
 * Certifies one query by all methods asked for.
 * @throws CERTIFICATE_INPUT where no item is left in the gallery, no look was planned, or the counters have other bins than the plan
 */
export function certifyQuery(
  gallery: GalleryView,
  plan: QueryPlan,
  counters: Counters,
  options: CertifyOptions,
): QueryResult {
  const view = new Estimate(gallery, plan, counters, options.eta ?? 0);
  const certificates = certificatesOf(view, options);
  return { ...answersOf(view), certificates };
}

/** What {@link certifyQuery} says beside its certificates. @throws CERTIFICATE_INPUT as certifyQuery does */
export const answerQuery = (gallery: GalleryView, plan: QueryPlan, counters: Counters): QueryAnswers =>
  answersOf(new Estimate(gallery, plan, counters, 0));

function answersOf(view: Estimate): QueryAnswers {
  const { gallery, plan, counters } = view;
  const { nearest, nearestPositive, nearestNegative } = view.around;
  return {
    predicted: gallery.labelIndex[nearest[0].index],
    nearest,
    margin: minimumMargin(nearestPositive, nearestNegative),
    votePredicted: view.votePredicted,
    duelPredicted: view.duels && winsItsDuels(allDuels(plan, counters)) ? plan.vote.label : null,
  };
}

/**
 * The certificates of {@link certifyQuery} alone: for a look before the last, at which nobody asks what lies around ĝ. Those of `duel` and `vote`
 * cost the same whatever the size of the gallery.
 * @throws CERTIFICATE_INPUT as certifyQuery does
 */
export const certifySoFar = (
  gallery: GalleryView,
  plan: QueryPlan,
  counters: Counters,
  options: CertifyOptions,
): Certificates => certificatesOf(new Estimate(gallery, plan, counters, options.eta ?? 0), options);

/**
 * The certificates of a look, each with the largest radius of this look and those before it, where the budget is one for any time. A method whose
 * samples now speak for another answer abstains with it.
 *
 * All radii that a method shows at its looks are valid together. The least true radius belongs to one statement (a pair, a group, the ball): a fact
 * of the query, not of the samples or the look. A radius beyond it at any look needs the test or bound of that one statement to fail at that look,
 * and it fails at *some* look with probability at most alpha, for each is a supermartingale under its hypothesis, made of choices that were fixed
 * before the first sample (radius-bets.ts, mean-bound.ts, stats/mean-ball.ts; any-time.ts for duels and votes). So the largest one is valid. ∎
 */
export function bestOfLooks(before: Certificates, now: Certificates): Certificates {
  const best: Certificates = {};
  for (const [name, found] of Object.entries(now)) {
    const method = name as CertificateMethod;
    const earlier = before[method];
    const speaksAgainst =
      found.kind === 'abstain' && (found.reason === 'wrong-answer' || found.reason === 'near-tie');
    best[method] = earlier && !speaksAgainst && radiusOf(earlier) > radiusOf(found) ? earlier : found;
  }
  return best;
}

function certificatesOf(view: Estimate, options: CertifyOptions): Certificates {
  const { plan } = view;
  const methods = options.methods ?? CERTIFICATE_METHODS;
  for (const method of methods)
    if (!CERTIFICATE_METHODS.includes(method))
      throw inputError(`methods among ${CERTIFICATE_METHODS.join(', ')}`, String(method));
  const { eta = 0, pictureRounding = 0, budget } = options;
  requireLossBound({ sigma: plan.sigma, eta, alpha: budget.total });
  for (const { bound } of Object.values(options.anyTime ?? {}))
    if (bound.sigma !== plan.sigma || bound.eta !== eta || bound.alpha > budget.total)
      throw inputError(
        `verdicts at sigma = ${plan.sigma}, eta = ${eta} and an alpha of at most ${budget.total}`,
        JSON.stringify(bound),
      );
  // at any time votes and duels bet, be it by this look alone
  if (budget.kind === 'any time' && !options.anyTime && methods.some(isOfVotes)) {
    const bound = { sigma: plan.sigma, eta, alpha: budget.total };
    const anyTime = { duel: new AnyTime(bound), vote: new AnyTime(bound) };
    observeVerdicts(anyTime, plan, view.counters);
    options = { ...options, anyTime };
  }
  const certificates: Certificates = {};
  for (const method of methods) {
    const certificate = shortened(METHODS[method](view, options), 2 * pictureRounding);
    const label = isOfVotes(method) ? plan.vote.label : plan.label;
    // without a class there is no positive, and nothing is certified
    certificates[method] =
      certificate.kind === 'certified' ? { ...certificate, label: label! } : { ...certificate, label };
  }
  return certificates;
}

/** What lies around the estimate ĝ. */
interface Surroundings {
  /** [items] squared distances from ĝ; Infinity for items that were not looked at, which lie beyond all that is asked for here. */
  squared: Float64Array;
  /** The nearest items, nearest first. */
  nearest: QueryResult['nearest'];
  /** ‖ĝ − v‖ to the nearest positive. */
  nearestPositive: number;
  /** ‖ĝ − v‖ to the k-th nearest negative. */
  nearestNegative: number;
}

/** The estimate ĝ and what lies around it. What takes a pass over the gallery is worked out when it is first asked for. */
class Estimate {
  readonly gallery: GalleryView;
  readonly plan: QueryPlan;
  readonly counters: Counters;
  /** The label with most votes. */
  readonly votePredicted: number;
  /** What was counted of the duels of the plan's label; null where it cannot be. */
  readonly duels: DuelCounts | null;
  /** How far rounding may have moved ĝ, and with it each distance or scalar that is computed from it. */
  readonly rounding: number;
  /** How far the mean of an embedding in what was drawn is from that in Gaussian noise: 2F·eta. */
  readonly drift: number;
  #around: Surroundings | null = null;

  /** @throws CERTIFICATE_INPUT where the counters have other bins than the plan */
  constructor(gallery: GalleryView, plan: QueryPlan, counters: Counters, eta: number) {
    const counted = counters.histograms.map(({ length }) => length).join();
    const planned = plan.statistics.map(({ bins }) => bins).join();
    if (counted !== planned) throw inputError(`histograms of ${planned || 'no'} bins`, counted || 'none');
    this.gallery = gallery;
    this.plan = plan;
    this.counters = counters;
    this.votePredicted = mostFrequent(counters.votes);
    this.duels = areCounted(plan, counters) ? duelsOf(plan, counters) : null;
    this.rounding = meanRounding(gallery.dimension) + SCALAR_ROUNDING;
    this.drift = 2 * NORM_BOUND * eta;
  }

  /** ĝ. */
  get estimate(): Float64Array {
    return meanEmbedding(this.counters);
  }

  /** What lies around ĝ. @throws CERTIFICATE_INPUT where no item is left */
  get around(): Surroundings {
    return (this.#around ??= lookAround(this.gallery, this.plan, this.estimate));
  }
}

const METHODS: { [M in CertificateMethod]: (view: Estimate, options: CertifyOptions) => Certificate } = {
  paper: certifyByPaper,
  bisector: certifyByBisector,
  cdf: certifyByDistribution,
  vote: certifyByVotes,
  duel: certifyByDuels,
};

/** Section 3: minimum margin, ball around ĝ, Lipschitz bound of the vector g. With k > 1 the k-th nearest negative counts. */
function certifyByPaper(view: Estimate, options: CertifyOptions): Certificate {
  if (rivalIsAnswer(view.plan)) return abstain('wrong-answer');
  return paperCertificate({
    nearestPositive: view.around.nearestPositive,
    nearestNegative: view.around.nearestNegative,
    samples: view.counters.samples,
    estimateNorm: norm(view.estimate),
    dimension: view.gallery.dimension,
    gallerySize: view.gallery.count,
    gallerySetting: options.gallerySetting ?? 'deployed',
    gallerySamples: options.gallerySamples,
    alpha: options.budget.betting(view.counters.samples),
    rate: rateOf(view.plan, options.budget),
    sigma: view.plan.sigma,
    rounding: view.rounding + view.drift,
    galleryRounding: meanRounding(view.gallery.dimension) + STORED_ROUNDING + view.drift,
  });
}

/**
 * Section 4, each negative against the positive chosen for it. Negatives with a statistic of their own get the bound of their
 * scalar mean that the plan chose; the others the ball ‖ĝ−g‖ ≤ ε. No union bound is owed between negatives (intersection.ts).
 */
function certifyByBisector(view: Estimate, options: CertifyOptions): Certificate {
  const { budget, eta = 0 } = options;
  const { gallery, plan, counters, estimate, rounding } = view;
  const { squared } = view.around;
  const { k, sigma } = plan;
  const settled = settledBeforehand(view, budget);
  if (settled) return settled;
  const { samples } = counters;
  const { dimension } = gallery;
  const ball = ballAround(view, budget);
  const radii: WeightedRadius[] = [{ radius: 0, count: plan.uncovered }];
  for (const [j, statistic] of plan.statistics.entries()) {
    if (statistic.outside !== null) {
      // every negative outside the scan is at least farDistance from its point q
      const { outside, farDistance, count, members } = statistic;
      const { point } = plan.scanned!;
      const toAnchor = distance(estimate, vectorAt(gallery, outside));
      const margin = (farDistance - distance(estimate, point) - toAnchor) / 2 - ball - SCALAR_ROUNDING;
      radii.push({ radius: lipschitzRadius(margin, sigma, NORM_BOUND), count: count - members.length });
    }
    for (const [m, negative] of statistic.members.entries()) {
      const positive = statistic.anchors[m];
      const [a, b] = [vectorAt(gallery, positive), vectorAt(gallery, negative)];
      const [za, zb, ab] = [Math.sqrt(squared[positive]), Math.sqrt(squared[negative]), distance(a, b)];
      const offset = bisectorOffset(a, b);
      const margin = bisectorMarginOf(za, zb, ab) - marginRounding(dimension, za, zb, ab);
      if (margin === -Infinity) {
        radii.push({ radius: 0 }); // equal vectors
        continue;
      }
      const deviation =
        statistic.kind === 'pair' && statistic.meanBound.kind !== 'ball'
          ? Math.max(
              0,
              meanBoundOf(statistic, rounding - margin, counters.histograms[j], {
                samples,
                budget,
                k,
                eta,
                uniform: uniformOf(options),
              }) + margin,
            )
          : ball;
      radii.push({
        radius: bisectorRadius({
          mean: offset - margin + SCALAR_ROUNDING,
          deviation,
          offset: offset - SCALAR_ROUNDING,
          sigma,
        }),
      });
    }
  }
  const radius = kthSmallestRadius(radii, k);
  return radius > 0 ? certified(radius) : abstain('too-few-samples');
}

/** Section 6: the least over the statistics, or the k-th smallest. */
function certifyByDistribution(view: Estimate, options: CertifyOptions): Certificate {
  const { plan, counters } = view;
  const { k } = plan;
  const settled = settledBeforehand(view, options.budget);
  if (settled) return settled;
  const radii: WeightedRadius[] = [{ radius: 0, count: plan.uncovered }];
  let reached = Infinity;
  let samplesNeeded = 0;
  const byExpectation = plan.statistics.map((statistic, j) => ({
    statistic,
    histogram: counters.histograms[j],
  }));
  byExpectation.sort((x, y) => x.statistic.expectedRadius - y.statistic.expectedRadius);
  for (const { statistic, histogram } of byExpectation) {
    const bounded = TAIL_BOUNDS[statistic.tailBound](statistic, histogram, view, options, reached);
    radii.push({ radius: bounded.radius, count: statistic.count });
    if (k === 1) reached = Math.min(reached, bounded.radius);
    if (bounded.radius === 0) {
      samplesNeeded = Math.max(samplesNeeded, bounded.samplesNeeded);
      if (k === 1) break;
    }
  }
  const radius = kthSmallestRadius(radii, k);
  return radius > 0 ? certified(radius) : abstain('too-few-samples', samplesNeeded);
}

/** The radius of one statistic, and when it is 0 about how many samples it would need. Nothing beyond `reached` is of use. */
type BoundTail = (
  statistic: Statistic,
  histogram: Uint32Array,
  view: Estimate,
  options: CertifyOptions,
  reached: number,
) => { radius: number; samplesNeeded: number };

const TAIL_BOUNDS: Record<Statistic['tailBound'], BoundTail> = {
  // a test of each radius (radius-bets.ts), which holds at all looks
  betting: ({ bets, levels }, histogram, { plan, counters }, options, reached) => {
    const alpha = options.budget.betting(counters.samples, plan.k);
    const { radius, firstLogProduct } = testRadii(bets, levels, histogram, {
      alpha,
      sigma: plan.sigma,
      stopAt: reached,
      eta: options.eta,
      uniform: uniformOf(options),
    });
    const growth = firstLogProduct / counters.samples;
    return { radius, samplesNeeded: growth > 0 ? Math.log(1 / alpha) / growth : Infinity };
  },
  // the plain bound (distribution.ts), which holds at one
  counting: ({ levels, low, thresholds }, histogram, { plan, counters }, { budget, eta = 0 }) => {
    const { k, sigma } = plan;
    const { samples } = counters;
    const alpha = budget.counting(samples, k);
    const tails = tailBoundsOf({ levels, low, thresholds }, histogram, samples, { alpha, eta });
    const most = distributionBound(tails, 0, sigma);
    const exceedance = exceedancesOf(histogram, thresholds).map((count) => count / samples);
    const seen = distributionBound({ ...tails, exceedance }, 0, sigma);
    // the width of the bounds falls with the square root of the samples
    const samplesNeeded = seen < 0 ? samples * ((most - seen) / seen) ** 2 : Infinity;
    return { radius: distributionRadius(tails, 0, sigma), samplesNeeded };
  },
};

/** U, where it may be used: at one number of samples that was fixed. */
const uniformOf = ({ budget, uniform = 1 }: CertifyOptions): number =>
  budget.kind === 'fixed' ? uniform : 1;

/** Section 9. */
function certifyByVotes(
  { plan, counters, votePredicted }: Estimate,
  { budget, eta = 0, anyTime }: CertifyOptions,
): Certificate {
  const { label } = plan.vote;
  // votes are for classes: an answer of the rival's class says nothing against the rival
  if (plan.rivalLabel === label) return abstain('wrong-answer');
  // a radius of an earlier look goes with the answer of that look
  if (anyTime) return votePredicted === label ? anyTime.vote.certificate() : abstain('near-tie');
  let runnerUp = 0;
  for (const [other, votes] of counters.votes) if (other !== label) runnerUp = Math.max(runnerUp, votes);
  return voteCertificate({
    hits: counters.votes.get(label) ?? 0,
    runnerUp: runnerUp + counters.untold,
    samples: counters.samples,
    eta,
    alpha: budget.counting(counters.samples),
    sigma: plan.sigma,
  });
}

/** Section 9, by duels: all of the plan's label, or the one with the label of a rival. */
function certifyByDuels(
  { plan, counters, duels }: Estimate,
  { budget, eta = 0, anyTime }: CertifyOptions,
): Certificate {
  if (plan.rivalLabel === plan.vote.label) return abstain('wrong-answer');
  if (duels === null)
    throw inputError(
      'a duel lost for each sample that is no vote for the label',
      'fewer',
      'Count the duels of the label of the plan, or leave `duel` out.',
    );
  if (duels.labels === 0) return abstain('no-margin');
  if (anyTime) return winsItsDuels(duels) ? anyTime.duel.certificate() : abstain('near-tie');
  const alpha = budget.counting(counters.samples);
  return duelCertificate({ ...duels, eta, alpha, sigma: plan.sigma });
}

/** The certificates of a query's duels and votes while its samples come (section 11): valid at all looks together, so that looking costs nothing. */
export interface Verdicts {
  duel: AnyTime;
  vote: AnyTime;
}

/**
 * Tells the verdicts what was counted of a complete prefix of the samples: of duels the losses to the label that won most of them, of votes those
 * that are not for the plan's label.
 */
export function observeVerdicts({ duel, vote }: Verdicts, plan: QueryPlan, counters: Counters): void {
  const { samples } = counters;
  const duels = duelsOf(plan, counters);
  if (duels.labels > 0) duel.observe({ samples, losses: mostLosses(duels) });
  vote.observe({ samples, losses: samples - (counters.votes.get(plan.vote.label) ?? 0) });
}

/** Whether the duels can have been counted: a sample that is no vote for the label lost one, and a vote for another label is a duel lost to it. */
function areCounted(
  { vote: { label } }: QueryPlan,
  { losses, lostToAll, samples, votes }: Counters,
): boolean {
  let lost = lostToAll;
  for (const count of losses.values()) lost += count;
  if (lost < samples - (votes.get(label) ?? 0)) return false;
  for (const [other, count] of votes)
    if (other !== label && (losses.get(other) ?? 0) + lostToAll < count) return false;
  return true;
}

/** Whether the plan's label lost fewer than half of the samples of each duel. */
const winsItsDuels = (duels: DuelCounts): boolean =>
  duels.labels === 0 || 2 * mostLosses(duels) < duels.samples;

/** What was counted of the duels of the plan's label. */
const allDuels = (plan: QueryPlan, { losses, lostToAll, samples }: Counters): DuelCounts => ({
  lostTo: [...losses.values()],
  lostToAll,
  samples,
  labels: plan.rivalLabels,
});

/**
 * Of those the ones that are certified. With a rival it is that with its label alone: while it is not lost, the label of the rival does not win
 * all of its own duels and is not the answer; nor is the rival nearer than the nearest item of the plan's label in half of the samples.
 */
const duelsOf = (plan: QueryPlan, counters: Counters): DuelCounts =>
  plan.rivalLabel === null
    ? allDuels(plan, counters)
    : { ...allDuels(plan, counters), lostTo: [counters.losses.get(plan.rivalLabel) ?? 0], labels: 1 };

/** Whether the one item that is not to become the nearest is the very answer. */
const rivalIsAnswer = ({ rival, positives }: QueryPlan): boolean =>
  rival !== null && positives.includes(rival);

/** What needs no bound: no positive, another answer at ĝ, a tie in the gallery, or no negative at all. */
function settledBeforehand(view: Estimate, budget: AlphaBudget): Certificate | null {
  const { plan } = view;
  const { nearestPositive, nearestNegative } = view.around;
  if (plan.positives.length === 0) return abstain('no-positive');
  if (rivalIsAnswer(plan)) return abstain('wrong-answer');
  if (!(nearestNegative > nearestPositive)) {
    const ball = ballAround(view, budget);
    const near = minimumMargin(nearestPositive, nearestNegative) >= -ball;
    return abstain(near ? 'near-tie' : 'wrong-answer');
  }
  if (plan.uncovered >= plan.k) return abstain('no-margin');
  if (nearestNegative === Infinity) return certified(Infinity);
  return null;
}

/** λ of a ball that holds at any time: the one that suits the samples planned, and ‖g‖ as it is expected. Nothing of it comes from the samples. */
function rateOf({ expectedNorm = 0 }: QueryPlan, budget: AlphaBudget): number | undefined {
  if (budget.kind === 'fixed') return undefined;
  const g = Math.min(1, Math.max(0, expectedNorm));
  const spread = { variance: NORM_BOUND ** 2 - g * g, reach: NORM_BOUND + g };
  return deviationRate(spread, budget.samples, budget.total);
}

/** ε with ‖ĝ − g‖ ≤ ε but for a probability of alpha, for the computed ĝ and Gaussian noise (section 3). */
function ballAround({ plan, counters, estimate, rounding, drift }: Estimate, budget: AlphaBudget): number {
  const { samples } = counters;
  const ball = meanBallRadius({
    samples,
    alpha: budget.betting(samples, plan.k),
    bound: NORM_BOUND,
    meanNorm: norm(estimate),
    rounding,
    rate: rateOf(plan, budget),
  });
  return ball + rounding + drift;
}

/** Upper confidence bound of E[T] in Gaussian noise for a pair, by the bound chosen for it. @param mean of T over the samples */
function meanBoundOf(
  statistic: Statistic,
  mean: number,
  counts: Uint32Array,
  {
    samples,
    budget,
    k,
    eta,
    uniform,
  }: { samples: number; budget: AlphaBudget; k: number; eta: number; uniform: number },
): number {
  const { meanBound, levels, low } = statistic;
  if (meanBound.kind === 'counting')
    return distributionBound(
      tailBoundsOf(statistic, counts, samples, { alpha: budget.counting(samples, k), eta }),
      0,
      1,
    );
  if (meanBound.kind === 'ball') throw new Error('the ball bounds no scalar');
  const counted = { ...statistic, mean, counts, samples };
  const alpha = budget.betting(samples, k);
  // the stake for the samples planned: at any time it must not depend on when one looks
  const drawn = bettingUpperBound(counted, meanBound.stake(budget.samples, alpha), alpha, uniform);
  return drawn + eta * (levels[levels.length - 1] - Math.min(low, levels[0]));
}

/**
 * The nearest items of ĝ, and the nearest of each side. Of a gallery that was not scanned as a whole the scan is enough where all that is asked for lies
 * nearer than D − ‖ĝ−q‖, which no other item does.
 * @throws CERTIFICATE_INPUT where no item is left
 */
function lookAround(gallery: GalleryView, plan: QueryPlan, estimate: Float64Array): Surroundings {
  const { scanned, exclude, k } = plan;
  const count = Math.max(k, 5);
  const lookAt = (squared: Float64Array): Surroundings => ({
    squared,
    nearest: nearestItems(squared, count),
    ...nearestOfEachSide(gallery, plan, squared, k),
  });
  if (scanned) {
    const squared = new Float64Array(gallery.count).fill(Infinity);
    for (const item of scanned.items) squared[item] = distance(estimate, vectorAt(gallery, item)) ** 2;
    const found = lookAt(squared);
    const reach = scanned.farDistance - distance(estimate, scanned.point) - SCALAR_ROUNDING;
    const { nearestPositive, nearestNegative } = found;
    // with a rival the one negative was scanned
    const farthest = Math.max(
      found.nearest.length === count ? found.nearest[count - 1].distance : Infinity,
      nearestPositive,
      plan.rival === null ? nearestNegative : 0,
    );
    if (farthest < reach) return found;
  }
  const found = lookAt(squaredDistances(gallery, estimate, exclude));
  if (found.nearest.length > 0) return found;
  throw inputError('a gallery with an item that is not left out', `${gallery.count} items`);
}

function nearestItems(squared: Float64Array, count: number): { index: number; distance: number }[] {
  const best: { index: number; distance: number }[] = [];
  for (let index = 0; index < squared.length; index++) {
    const d = squared[index];
    if (d === Infinity || (best.length === count && d >= best[count - 1].distance)) continue;
    let at = best.length;
    while (at > 0 && best[at - 1].distance > d) at--;
    best.splice(at, 0, { index, distance: d });
    if (best.length > count) best.pop();
  }
  return best.map(({ index, distance: d }) => ({ index, distance: Math.sqrt(d) }));
}

function nearestOfEachSide(gallery: GalleryView, plan: QueryPlan, squared: Float64Array, k: number) {
  const positive = new Uint8Array(gallery.count);
  for (const item of plan.positives) positive[item] = 1;
  let nearestPositive = Infinity;
  const negatives: number[] = []; // the k smallest, ascending
  for (let i = 0; i < squared.length; i++) {
    if (positive[i]) nearestPositive = Math.min(nearestPositive, squared[i]);
    else if (plan.rival !== null && i !== plan.rival) continue;
    else if (negatives.length < k || squared[i] < negatives[k - 1]) {
      negatives.push(squared[i]);
      negatives.sort((x, y) => x - y);
      if (negatives.length > k) negatives.pop();
    }
  }
  return {
    nearestPositive: Math.sqrt(nearestPositive),
    nearestNegative: negatives.length < k ? Infinity : Math.sqrt(negatives[k - 1]),
  };
}
