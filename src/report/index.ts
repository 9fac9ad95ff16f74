/**
 * Reports: rows of runs → curves, tables, one HTML page. Never calls a model.
 *
 * @module report
 */
export { shareAbove, type Step, survivalCurve } from '../evaluate/curve.ts';
export type { MethodStatistics } from '../evaluate/method-statistics.ts';
export { loadAttack, loadFolder, loadRun, loadTraining } from './load.ts';
export { renderReport, writeReport } from './report.ts';
export { type RunStatistics, runStatistics } from './statistics.ts';
export {
  isTraining,
  keptEpoch,
  type Loaded,
  type LoadedAttack,
  type LoadedFolder,
  type LoadedRun,
  type LoadedTraining,
  type PictureSource,
  type ReportOptions,
} from './types.ts';
