/**
 * Studies: the paper's experiments and ours, from one file, in one command.
 *
 * @module study
 */
export { drawFigures, type Figure, toPng } from './figures/index.ts';
export { planStudy, type Reference, referenceOf, type StudyModel, type StudyRun } from './plan.ts';
export { PRESETS, type Preset, presetText, readPreset } from './presets.ts';
export type { RunEvent, StudyRow } from './run.ts';
export {
  checkStudy,
  type Experiment,
  EXPERIMENTS,
  parseStudy,
  type Study,
  type StudyInput,
} from './schema.ts';
export {
  type FinishedRun,
  runStudy,
  type StudyEstimate,
  type StudyEvent,
  type StudyOptions,
  type StudyResult,
} from './study.ts';
export { type Format, makeTables, type Table, type Value, toCsv, toMarkdown } from './tables.ts';
export { StudyView } from './view.ts';
export { type WrittenStudy, writeStudy } from './write.ts';
