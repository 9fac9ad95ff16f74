import { shareAbove } from './curve.ts';
import { mean, methodStatistics, recallOf } from './method-statistics.ts';
import { METHODS, type MethodSummary, type Row, type RunManifest, type Summary } from './schema.ts';

/** The radii at which a summary evaluates certified Recall@1 unless asked otherwise: 0, ¼σ, … 4σ. */
export function defaultRadii(sigma: number): number[] {
  return Array.from({ length: 17 }, (_, i) => Number((i * 0.25 * sigma).toPrecision(6)));
}

/** summary.json of the rows of a run. */
export function summarize(rows: readonly Row[], skipped: number, manifest: RunManifest): Summary {
  const { options, radii } = manifest;
  const recall = recallOf(rows);
  const methods: Summary['methods'] = {};
  for (const method of METHODS) {
    if (!options.methods.includes(method)) continue;
    const of = methodStatistics(rows, method);
    const { curve, meanRadius, medianRadius, rejectionRatio, score1, certified, abstentions } = of;
    methods[method] = {
      certifiedRecallAt1: radii.map((radius) => shareAbove(curve, radius)),
      meanRadius: orNull(meanRadius),
      medianRadius: orNull(medianRadius),
      ...(options.pixels === 'file' && {
        meanFileRadius: orNull(of.meanFileRadius),
        medianFileRadius: orNull(of.medianFileRadius),
      }),
      rejectionRatio: orNull(rejectionRatio),
      counts: {
        score1,
        certified,
        abstained: Object.fromEntries(abstentions.map(({ reason, count }) => [reason, count])),
      },
    } satisfies MethodSummary;
  }
  return {
    queries: rows.length,
    skipped,
    failed: rows.filter((row) => row.error !== undefined).length,
    withoutPositive: rows.filter((row) => !row.hasPositive).length,
    k: options.k,
    radii,
    recallAt1: { ...recall, base: orZero(recall.base), smoothed: orZero(recall.smoothed) },
    methods,
    samples: {
      total: rows.reduce((sum, row) => sum + row.samples, 0),
      perQueryMean: orZero(mean(rows.map((row) => row.samples))),
    },
    stopped: countsOf(rows.flatMap(({ stopped }) => stopped ?? [])),
    seconds: rows.reduce((sum, row) => sum + row.seconds, 0),
  };
}

/** How often each value occurs. */
function countsOf<T extends string>(values: readonly T[]): Partial<Record<T, number>> {
  const counts: Partial<Record<T, number>> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);
const orZero = (value: number): number => (Number.isNaN(value) ? 0 : value);
