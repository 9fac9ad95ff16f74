/**
 * Noise that is exact: Gaussian noise rounded to whole grey levels, drawn from a table with a proved distance to the ideal law, by a
 * stream cipher. The definition, in plain TypeScript; exact-noise-kernel.ts draws the same bits fast.
 *
 * @module exact-noise
 */
export type { Words8 } from './chacha.ts';
export { cellTable, GREY_LEVEL, LARGEST_SIGMA, SMALLEST_SIGMA, UNDECIDED } from './cell-table.ts';
export type { CellTable } from './cell-table.ts';
export { affordableEta, eta } from './eta.ts';
export { exactNoise } from './exact-noise.ts';
export { exactReal, fixedPointPicture } from './exact-real.ts';
export { exactPerturbRealReference, exactPerturbReference, greyAffine } from './grey-input.ts';
export type { ExactPerturbRealSource, ExactPerturbSource, GreyAffine } from './grey-input.ts';
export { exactNoiseKey, NOISE_NAME, SEED_BYTES, seedCommitment, uniformOf } from './key.ts';
export type { ExactNoiseKey, ExactNoiseSource } from './key.ts';
export { positionTable } from './position-table.ts';
export type { PositionTable } from './position-table.ts';
