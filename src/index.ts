/**
 * Provably robust image retrieval: encoders, galleries, datasets, certificates, runs and reports. See README.md for a start and docs/
 * for the guide.
 *
 * @module retrievalguard
 */
export * from './certify/index.ts';
export * from './datasets/index.ts';
export * from './encoder/index.ts';
export * from './errors.ts';
export * from './evaluate/index.ts';
export * from './gallery/index.ts';
export * from './image/index.ts';
export * from './report/index.ts';
export * from './smoothing/index.ts';
export { VERSION } from './version.ts';
