/** RetrievalGuard: provably robust image retrieval. See README.md for a start and docs/ for the guide. */
export * from './certify/index.ts';
export * from './datasets/index.ts';
export * from './encoder/index.ts';
export * from './errors.ts';
export * from './evaluate/index.ts';
export * from './gallery/index.ts';
export * from './image/index.ts';
export * from './report/index.ts';
export * from './smoothing/index.ts';
export { VERSION } from './version.ts';
