/**
 * Runs over datasets: build galleries, certify queries, sum up.
 *
 * @module evaluate
 */
export * from './attack-dataset.ts';
export {
  ATTACKS,
  type AttackedSystem,
  type AttackManifest,
  type AttackName,
  type AttackRow,
  type AttackSummary,
  type Smallest,
} from './attack-schema.ts';
export * from './audit-run.ts';
export * from './certify-dataset.ts';
export * from './curve.ts';
export * from './file-radii.ts';
export * from './index-gallery.ts';
export * from './method-statistics.ts';
export { type AnyManifest, findRun, readRun, type RunProgress } from '../runs/index.ts';
export { type OwnItem, ownItem, type Truth, undefendedGallery } from './own-item.ts';
export type { DatasetRun } from './read-pictures.ts';
export type { Beside } from './row-rules.ts';
export { identityBefore, type RunIdentity, runManifest, type RunSubject } from './run-manifest.ts';
export { secondsPerPicture } from './reading-speed.ts';
export {
  type Method,
  type MethodRow,
  METHODS,
  type FileRow,
  type MethodSummary,
  MOST_RADIUS,
  type NearestRow,
  type Row,
  type RunManifest,
  type SkippedRow,
  type Summary,
} from './schema.ts';
export * from './summary.ts';
export { type Cell, cellKey, type CellRow, type Radii, type Sweep, type Swept } from './sweep.ts';
