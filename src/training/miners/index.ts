/** Negative sampling as parts of an ONNX graph. */
export { distanceWeightedMiner, distanceWeightedSettings } from './distance-weighted.ts';
export { hardMiner, hardSettings } from './hard.ts';
export { randomMiner, randomSettings } from './random.ts';
export { type MinerEntry, type MinerName, MINERS } from './registry.ts';
export { semiHardMiner, semiHardSettings } from './semi-hard.ts';
