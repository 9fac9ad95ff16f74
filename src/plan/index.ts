/**
 * What to count in the estimation phase, and how to bound it: choices made of the selection samples (`retrievalguard/plan`). Every choice
 * costs or gains radius; none can make a certificate wrong. Pure: runs in a browser.
 *
 * @module plan
 */
export * from './plan-query.ts';
export * from './replan.ts';
export { meanOf, type SelectionSamples } from './selection-scores.ts';
