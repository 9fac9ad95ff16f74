/** What a report says of a run in numbers, computed from its rows. */
import { type MethodStatistics, methodStatistics, recallOf } from '../evaluate/method-statistics.ts';
import { METHODS, type Summary } from '../evaluate/schema.ts';
import type { LoadedRun } from './types.ts';

/** One run. */
export interface RunStatistics {
  run: LoadedRun;
  queries: number;
  recall: Summary['recallAt1'];
  methods: MethodStatistics[];
}

/** All numbers of one run. */
export function runStatistics(run: LoadedRun): RunStatistics {
  const { rows, manifest } = run;
  const asked = METHODS.filter((method) => manifest.options.methods.includes(method));
  return {
    run,
    queries: rows.length,
    recall: recallOf(rows),
    methods: asked.map((method) => methodStatistics(rows, method)),
  };
}

/** "Recall@1", or "Recall@k" where the runs differ in k. */
export function recallName(runs: readonly LoadedRun[]): string {
  const ks = new Set(runs.map(({ manifest }) => manifest.options.k));
  return ks.size === 1 ? `Recall@${[...ks][0]}` : 'Recall@k';
}
