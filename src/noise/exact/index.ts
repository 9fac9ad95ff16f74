/**
 * Noise that is exact: Gaussian noise rounded to whole grey levels, drawn from a table with a proved distance to the ideal law, by a
 * stream cipher. Pure; runs in a browser.
 *
 * @module noise/exact
 */
export { cellTable, LARGEST_SIGMA, SMALLEST_SIGMA, UNDECIDED } from './cell-table.ts';
export type { CellTable } from './cell-table.ts';
export { affordableEta, eta } from './eta.ts';
export { exactNoise } from './exact-noise.ts';
export { exactNoiseKey, SEED_BYTES } from './key.ts';
export type { ExactNoiseKey, ExactNoiseSource } from './key.ts';
