/**
 * Reports: rows of runs → curves, tables, one HTML page. Never calls a model.
 *
 * @module report
 */
export { shareAbove, type Step, survivalCurve } from '../evaluate/curve.ts';
export type { LoadedAttack } from './attack-types.ts';
export { loadAttack } from './load-attack.ts';
export { loadFolder } from './load-folder.ts';
export { loadRun } from './load.ts';
export { loadTraining } from './load-training.ts';
export { renderReport } from './report.ts';
export { type MethodStatistics } from '../evaluate/method-statistics.ts';
export { type RunStatistics, runStatistics } from './statistics.ts';
export { isTraining, keptEpoch } from './trainings.ts';
export type { Loaded, LoadedRun, LoadedTraining, PictureSource, ReportOptions } from './types.ts';
export { writeReport } from './write.ts';
