/**
 * Runs over datasets: build galleries, certify queries, sum up.
 *
 * @module evaluate
 */
export * from './attack-dataset.ts';
export * from './attack-types.ts';
export * from './audit-run.ts';
export * from './certify-dataset.ts';
export * from './curve.ts';
export * from './index-gallery.ts';
export * from './method-statistics.ts';
export { type AnyManifest, findRun, readRun, type RunProgress } from '../runs/index.ts';
export { type OwnItem, ownItem } from './own-item.ts';
export { secondsPerPicture } from './reading-speed.ts';
export * from './summary.ts';
export { type Cell, cellKey, type CellRow, type Radii, type Sweep, type Swept } from './sweep.ts';
export * from './types.ts';
export { undefendedGallery } from './undefended-gallery.ts';
