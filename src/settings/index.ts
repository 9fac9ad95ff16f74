/**
 * Every setting, said once: name, unit, range, default, help, and whether it decides the identity of a run. Options and `--help`, docs/cli.md,
 * run.json and its reader, study files and the report's table of settings derive from these tables.
 *
 * To add one: an entry in the table of its command, and its use.
 *
 * @module settings
 */
export * from './attacks.ts';
export * from './certification.ts';
export { type Kind, sentence } from './kinds.ts';
export { recipeConfiguration } from './recipe.ts';
export * from './setting.ts';
export * from './shared.ts';
export * from './studies.ts';
export * from './training.ts';
