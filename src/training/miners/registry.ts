/** The miners by name. */
import type { Settings } from '../losses/loss-settings.ts';
import type { Miner } from '../losses/types.ts';
import { distanceWeightedMiner, distanceWeightedSettings } from './distance-weighted.ts';
import { hardMiner, hardSettings } from './hard.ts';
import { randomMiner, randomSettings } from './random.ts';
import { semiHardMiner, semiHardSettings } from './semi-hard.ts';

/** A miner that can be chosen by name. */
export interface MinerEntry {
  /** One line for help texts. */
  readonly summary: string;
  readonly settings: Settings;
  /** @throws RetrievalGuardError OPTION_INVALID for an unknown option or a value outside its range */
  create(options?: Readonly<Record<string, number>>): Miner;
}

/** Every miner. */
export const MINERS = {
  'distance-weighted': {
    summary: 'negatives of all distances alike (Wu et al. 2017)',
    settings: distanceWeightedSettings,
    create: distanceWeightedMiner,
  },
  'semi-hard': {
    summary: 'the nearest negative that is farther than the positive, within a margin (Schroff et al. 2015)',
    settings: semiHardSettings,
    create: semiHardMiner,
  },
  hard: { summary: 'the nearest negative', settings: hardSettings, create: hardMiner },
  random: { summary: 'any negative', settings: randomSettings, create: randomMiner },
} as const satisfies Record<string, MinerEntry>;

/** Name of a miner. */
export type MinerName = keyof typeof MINERS;
