/** What is only here because of how ONNX Runtime behaves: see README.md. */
export { BLOCKED_DOMAIN } from './blocks/block-channels.ts';
export { lowerForCpu, type LowerOptions } from './blocks/index.ts';
export { foldBatchNorm } from './fold-batch-norm.ts';
export { InPlaceSession } from './in-place-session.ts';
export { constantOfRank, scalarOfRank } from './scalars.ts';
