/** Quantiles, tail probabilities and concentration bounds that the certificates stand on. Pure; runs in a browser. */
export * from './alpha.ts';
export * from './beta.ts';
export * from './binomial.ts';
export * from './concentration.ts';
export * from './normal.ts';
export * from './normal-quantile.ts';
export * from './samples-needed.ts';
