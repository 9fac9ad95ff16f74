/**
 * The Monte-Carlo engine: smooths an encoder on all cores and certifies queries.
 *
 * @module smoothing
 */
export * from './engine-types.ts';
export * from './stopping.ts';
export { TILE } from './protocol.ts';
export type { BatchPolicy } from './tune.ts';
export { Certification } from './certification.ts';
export * from './smoother.ts';
