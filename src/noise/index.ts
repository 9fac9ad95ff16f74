/**
 * Counter-based Gaussian noise in floating point, for trainings and attacks: the definition, in plain TypeScript. noise-kernel.ts draws
 * the same bits fast. What certificates rest on is exact/.
 *
 * @module noise
 */
export { affineNoise, perturbReference } from './perturb.ts';
export type { AffineNoise, Normalisation, PerturbSource } from './perturb.ts';
export { BLOCK, boxMuller, gaussianSample, LARGEST_DEVIATE } from './gaussian.ts';
export { fnv1a64 } from './hash.ts';
export { philox4x32 } from './philox.ts';
export type { Words4 } from './philox.ts';
export { checkSamples, LANES, laneState, noiseKey, PHASES, SAMPLE_LIMIT, SHARED_QUERY } from './stream.ts';
export type { NoiseKey, NoiseSource, Phase } from './stream.ts';
export { Xoshiro128 } from './xoshiro.ts';
