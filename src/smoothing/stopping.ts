import {
  AlphaBudget,
  type CertificateMethod,
  isOfVotes,
  type QueryResult,
  radiusOf,
  type Verdicts,
} from '../certify/index.ts';

/** When to stop sampling a query. */
export type Stopping =
  /** After exactly `samples` estimation samples; alpha is spent once. */
  | { kind: 'fixed'; samples: number }
  /** At the first look at which the radius is certified, or after `samples`. */
  | { kind: 'target'; radius: number; samples: number }
  /** At the first look after `seconds`, or after `samples`. */
  | { kind: 'time'; seconds: number; samples: number };

/** The budget of a query's certificates: one look for a fixed number of samples, else a schedule of looks. */
export const budgetOf = ({ kind, samples }: Stopping, alpha: number): AlphaBudget =>
  kind === 'fixed' ? AlphaBudget.fixed(samples, alpha) : AlphaBudget.early(samples, alpha);

/** The methods in the order in which one decides when a query may stop: the first of those asked for. */
const DECISIVE: readonly CertificateMethod[] = ['duel', 'cdf', 'bisector', 'paper', 'vote'];

const FIRST_LOOK = 16;

/**
 * The numbers of samples at which a run looks. Bounds that hold for one number of samples need the looks of the budget. Where duels and votes alone
 * are asked for, whose bounds hold at all looks together, there are as many as are worth their while: after 16 samples, then each time an
 * eighth more.
 */
export function looksOf(
  { kind, samples: most }: Stopping,
  budget: AlphaBudget,
  methods: readonly CertificateMethod[],
): number[] {
  if (kind === 'fixed' || !methods.every(isOfVotes)) return budget.looks.map(({ samples }) => samples);
  const looks: number[] = [];
  for (let at = FIRST_LOOK; at < most; at += Math.ceil(at / 8)) looks.push(at);
  return [...looks, most];
}

/** What {@link mayStop} knows of a query at a look. */
export interface Progress {
  /** Since the first sample. */
  seconds: number;
  methods: readonly CertificateMethod[];
  verdicts: Verdicts;
  /** How far the picture was moved to be sampled: twice as much is taken from the radius. */
  pictureRounding: number;
  /** By some of the methods, at this look. */
  certify: (methods: readonly CertificateMethod[]) => QueryResult;
}

/** Whether a query may stop at a look: any rule is valid, since every look is (AlphaBudget, AnyTime), and giving up is no error. */
export function mayStop(
  stopping: Stopping,
  { seconds, methods, verdicts, pictureRounding, certify }: Progress,
): boolean {
  if (stopping.kind === 'time') return seconds >= stopping.seconds;
  if (stopping.kind === 'fixed') return false;
  const { radius, samples } = stopping;
  const decisive = DECISIVE.find((method) => methods.includes(method))!;
  // what a look at duels and votes costs does not grow with the gallery
  const found = isOfVotes(decisive)
    ? verdicts[decisive].bestRadius - 2 * pictureRounding
    : radiusOf(certify([decisive]).certificates[decisive]!);
  if (found >= radius) return true;
  const needed = radius + 2 * pictureRounding;
  return methods.every((method) => isOfVotes(method) && verdicts[method].hopeless(needed, samples));
}
