import { AlphaBudget, type CertificateMethod, type QueryResult, radiusOf } from '../certify/index.ts';

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

/** The methods that certify most for the smoothed embedding first; duels and votes decide only where nothing else was asked for. */
const DECISIVE: readonly CertificateMethod[] = ['cdf', 'bisector', 'paper', 'duel', 'vote'];

/** Whether a query may stop at a look: any rule is valid, since every look is (AlphaBudget). */
export function mayStop(
  stopping: Stopping,
  seconds: number,
  methods: readonly CertificateMethod[] | undefined,
  certify: (methods: readonly CertificateMethod[]) => QueryResult,
): boolean {
  if (stopping.kind === 'time') return seconds >= stopping.seconds;
  if (stopping.kind === 'fixed') return false;
  const decisive = DECISIVE.find((method) => !methods || methods.includes(method))!;
  return radiusOf(certify([decisive]).certificates[decisive]!) >= stopping.radius;
}
