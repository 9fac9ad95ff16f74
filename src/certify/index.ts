/**
 * Certificates of smoothed retrieval: pure functions, no dependency, runs in a browser (`retrievalguard/certify`). All that has to be right
 * for a radius to be true is in this folder and in stats; what to count is chosen in `retrievalguard/plan`.
 * Start with {@link certifyQuery}; docs/certificates.md has the mathematics.
 *
 * @module certify
 */
export * from './alpha-budget.ts';
export * from './any-time.ts';
export * from './bins.ts';
export * from './bisector.ts';
export * from './certify.ts';
export * from './counters.ts';
export * from './distribution.ts';
export * from './duel.ts';
export * from './file-radius.ts';
export * from './gallery-view.ts';
export * from './intersection.ts';
export * from './lipschitz.ts';
export type { LossBound } from './loss-bound.ts';
export * from './margin.ts';
export * from './mean-bound.ts';
export * from './paper.ts';
export * from './query-plan.ts';
export * from './radius-bets.ts';
export * from './result.ts';
export * from './scanned.ts';
export * from './statistic.ts';
export * from './vote.ts';
export * from '../stats/index.ts';
