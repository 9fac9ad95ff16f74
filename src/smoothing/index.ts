/**
 * The Monte-Carlo engine: smooths an encoder on all cores and certifies queries.
 *
 * @module smoothing
 */
export * from './engine-types.ts';
export { NOISE_NAME, seedCommitment } from '../noise/exact/index.ts';
export { noiseLaw } from './noise.ts';
export type { NoiseLaw, NoiseSeed } from './noise.ts';
export * from './stopping.ts';
export { TILE } from './protocol.ts';
export type { BatchPolicy } from './tune.ts';
export { Certification } from './certification.ts';
export * from './smoother.ts';
