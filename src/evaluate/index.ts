/** Runs over datasets: build galleries, certify queries, sum up. */
export * from './certify-dataset.ts';
export * from './curve.ts';
export * from './index-gallery.ts';
export * from './method-statistics.ts';
export * from './summary.ts';
export * from './types.ts';
