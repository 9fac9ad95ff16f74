/** Negative sampling as parts of an ONNX graph. */
import { distanceWeighted } from './distance-weighted.ts';
import { hard } from './hard.ts';
import { random } from './random.ts';
import { semiHard } from './semi-hard.ts';

/** Every miner. */
export const MINERS = {
  'distance-weighted': distanceWeighted,
  'semi-hard': semiHard,
  hard,
  random,
} as const;

/** Name of a miner. */
export type MinerName = keyof typeof MINERS;
