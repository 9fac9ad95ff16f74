/**
 * When to stop sampling a query, and when to look. Whatever is decided here, certificates hold: every look is valid together with all others
 * (certify/any-time.ts), and giving up is no error.
 */
import {
  AlphaBudget,
  type CertificateMethod,
  isOfVotes,
  type LabelledCertificate,
  radiusOf,
  type Verdicts,
} from '../certify/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import { LIMITS, requireInRange } from '../limits.ts';

/** What ends the sampling of a query: whichever comes first. The query is looked at as its samples come. */
export interface Limits {
  /** Stop as soon as this radius is certified by the first of duel, cdf, bisector, paper, vote that is asked for; [0,1] pixel units. */
  radius?: number;
  /** Stop at the first look after so many seconds, those of the selection included. */
  seconds?: number;
  /** At most so many estimation samples; default 10,000. */
  samples?: number;
  /**
   * Give up when the radius is out of reach by all methods asked for; without a radius, when any is. Only `duel` and `vote` ever tell.
   * Default: true with a radius.
   */
  futility?: boolean;
}

/** So many estimation samples, and no look before them: the bounds of a number of samples that is fixed beforehand are sharper. */
export interface Exactly {
  exactly: number;
}

/** When to stop sampling a query. */
export type Stopping = Limits | Exactly;

/** Why the sampling of a query ended. */
export const STOP_REASONS = ['radius', 'samples', 'futility', 'time', 'signal'] as const;
/** One of {@link STOP_REASONS}. */
export type StopReason = (typeof STOP_REASONS)[number];

/** Samples of a query without a limit. */
export const MOST_BY_DEFAULT = 10_000;
/** Selection samples, to place bins and bets by. */
export const SELECTION = 512;
/** The same where they choose a label and no bins. */
const SELECTION_OF_LABEL = 32;
/** The same where the label is one that can be certified within half a σ or more: it is nearest to two thirds of the noisy copies at least. */
const SELECTION_OF_CLEAR_LABEL = 16;

/** Samples before the first look by the methods of the smoothed embedding. */
const FIRST_LOOK = 128;

/** Samples at the look after one at `samples` by these methods: 128, 256, 512, … and at last `most`. */
export const doubledLook = (samples: number, most: number): number =>
  Math.min(most, samples === 0 ? FIRST_LOOK : 2 * samples);

/** The most estimation samples of a query. */
export const mostSamples = (stopping: Stopping): number =>
  'exactly' in stopping ? stopping.exactly : (stopping.samples ?? MOST_BY_DEFAULT);

/**
 * Selection samples unless asked otherwise: 512 to place bins and bets by. Where duels and votes alone are looked at as samples come, a label is all
 * that is chosen, and 32 do; 16 with a radius of σ/2 or more. (A wrong label costs the certificate, never its truth.)
 * @param sigma of the noise, in [0,1] pixel units as the radius
 */
export function defaultSelection(
  stopping: Stopping,
  methods: readonly CertificateMethod[],
  sigma: number,
): number {
  if ('exactly' in stopping || !methods.every(isOfVotes)) return SELECTION;
  const { radius = 0 } = stopping;
  return radius >= sigma / 2 ? SELECTION_OF_CLEAR_LABEL : SELECTION_OF_LABEL;
}

/** @throws OPTION_INVALID for limits that cannot be */
export function requireStopping(stopping: Stopping): void {
  requireInRange('samples', mostSamples(stopping), LIMITS.samples);
  if ('exactly' in stopping) {
    const others = Object.keys(stopping).filter((name) => name !== 'exactly');
    if (others.length === 0) return;
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'no limit beside an exact number of samples, which is not looked at before its end',
      got: others.join(', '),
      fix: 'Give the number as `samples`.',
    });
  }
  for (const [name, unit] of [
    ['radius', '[0,1] pixel units'],
    ['seconds', 'seconds'],
  ] as const) {
    const value = stopping[name];
    if (value !== undefined && !(value > 0 && value < Infinity))
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: `${name} > 0, in ${unit}`,
        got: String(value),
      });
  }
}

/** The budget of a query's certificates: for a fixed number of samples, or for any time. */
export const budgetOf = (stopping: Stopping, alpha: number): AlphaBudget =>
  'exactly' in stopping
    ? AlphaBudget.fixed(stopping.exactly, alpha)
    : AlphaBudget.anyTime(mostSamples(stopping), alpha);

/** The methods in the order in which one decides when a query may stop: the first of those asked for. */
const DECISIVE: readonly CertificateMethod[] = ['duel', 'cdf', 'bisector', 'paper', 'vote'];

/** What is known of a query at a look. */
export interface Look {
  /** Estimation samples counted; before the first look 0. */
  samples: number;
  /** Since the first sample. */
  seconds: number;
  /** The methods asked for that can answer. */
  methods: readonly CertificateMethod[];
  verdicts: Verdicts;
  /** What is certified so far. */
  certificates: Partial<Record<CertificateMethod, LabelledCertificate>>;
}

/** Why a query stops at a look, null where it goes on. */
export function stopsBy(
  limits: Limits,
  { samples, seconds, methods, verdicts, certificates }: Look,
): StopReason | null {
  const { radius } = limits;
  const most = mostSamples(limits);
  if (radius !== undefined && radiusOf(certificates[decisiveOf(methods)]!) >= radius) return 'radius';
  if (samples >= most) return 'samples';
  const hopeless = (method: CertificateMethod): boolean =>
    isOfVotes(method) && verdicts[method].hopeless(radius ?? NO_RADIUS, most);
  if ((limits.futility ?? radius !== undefined) && methods.every(hopeless)) return 'futility';
  return limits.seconds !== undefined && seconds >= limits.seconds ? 'time' : null;
}

/** So small a radius that whatever is certified is larger. */
const NO_RADIUS = Number.MIN_VALUE;

const decisiveOf = (methods: readonly CertificateMethod[]): CertificateMethod =>
  DECISIVE.find((method) => methods.includes(method))!;

/** Samples between two looks at least, unless a radius asks for fewer: enough to occupy all threads. */
const STEP = 16;

/**
 * At how many samples to look next. Duels and votes are looked at as often as is worth it: with a radius at the least number of samples that can
 * reach it, at most as many again as there are; else after 16 more, or an eighth. In whole multiples of `unit`, samples that are encoded
 * together. Nothing of it depends on the threads, but where time is limited: then no further than the time left allows for at the speed so far.
 */
export function nextLook(
  limits: Limits,
  { samples, seconds, methods, verdicts }: Omit<Look, 'certificates'>,
  unit: number,
): number {
  const { radius } = limits;
  const decisive = decisiveOf(methods);
  const inSteps = (more: number): number => STEP * Math.max(1, Math.ceil(more / STEP));
  let more =
    radius !== undefined && isOfVotes(decisive)
      ? Math.min(verdicts[decisive].samplesTo(radius) - samples, Math.max(samples, 2 * STEP))
      : inSteps(samples / 8);
  if (samples > 0 && limits.seconds !== undefined)
    more = Math.min(more, inSteps(((limits.seconds - seconds) / seconds) * samples));
  return Math.min(mostSamples(limits), samples + unit * Math.max(1, Math.ceil(more / unit)));
}
