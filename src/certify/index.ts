/**
 * Certificates of smoothed retrieval: pure functions, no dependency, runs in a browser (`retrievalguard/certify`).
 * Start with {@link certifyQuery}; docs/certificates.md has the mathematics.
 *
 * @module certify
 */
export * from './bisector.ts';
export * from './certify.ts';
export * from './counters.ts';
export * from './distribution.ts';
export * from './exceedance-test.ts';
export * from './gallery-view.ts';
export * from './intersection.ts';
export * from './lipschitz.ts';
export * from './margin.ts';
export * from './paper.ts';
export * from './plan.ts';
export * from './replan.ts';
export * from './result.ts';
export * from './statistic.ts';
export * from './vote.ts';
export { binOf, type Bins } from './bins.ts';
export * from './mean-bound.ts';
export * from '../stats/index.ts';
