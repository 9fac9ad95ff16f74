/** Reports: rows of runs → curves, tables, one HTML page. Never calls a model. */
export { shareAbove, type Step, survivalCurve } from '../evaluate/curve.ts';
export { loadRun } from './load.ts';
export { renderReport } from './report.ts';
export { type MethodStatistics } from '../evaluate/method-statistics.ts';
export { type RunStatistics, runStatistics } from './statistics.ts';
export type { LoadedRun, PictureSource, ReportOptions } from './types.ts';
export { writeReport } from './write.ts';
