/** The losses by name. */
import { contrastiveLoss, contrastiveSettings } from './contrastive.ts';
import { marginLoss, marginSettings } from './margin.ts';
import { multiSimilarityLoss, multiSimilaritySettings } from './multi-similarity.ts';
import { proxyAnchorLoss, proxyAnchorSettings } from './proxy-anchor.ts';
import type { Settings } from './loss-settings.ts';
import { tripletLoss, tripletSettings } from './triplet.ts';
import type { Loss, MinerUse } from './types.ts';

/** A loss that can be chosen by name. */
export interface LossEntry {
  /** One line for help texts. */
  readonly summary: string;
  readonly settings: Settings;
  readonly miner: MinerUse;
  /** Whether it learns from pairs of pictures of one class. */
  readonly pairs: boolean;
  /** @throws RetrievalGuardError OPTION_INVALID for an unknown option or a value outside its range */
  create(options?: Readonly<Record<string, number>>): Loss;
}

/** Every loss. */
export const LOSSES = {
  margin: {
    summary: 'margin loss with a learnt border (Wu et al. 2017)',
    settings: marginSettings,
    miner: 'required',
    pairs: true,
    create: marginLoss,
  },
  contrastive: {
    summary: 'contrastive loss (Hadsell et al. 2006)',
    settings: contrastiveSettings,
    miner: 'optional',
    pairs: true,
    create: contrastiveLoss,
  },
  triplet: {
    summary: 'triplet loss (Schroff et al. 2015)',
    settings: tripletSettings,
    miner: 'required',
    pairs: true,
    create: tripletLoss,
  },
  'multi-similarity': {
    summary: 'multi-similarity loss with its own mining of pairs (Wang et al. 2019)',
    settings: multiSimilaritySettings,
    miner: 'none',
    pairs: true,
    create: multiSimilarityLoss,
  },
  'proxy-anchor': {
    summary: 'proxy-anchor loss with one learnt proxy per class (Kim et al. 2020)',
    settings: proxyAnchorSettings,
    miner: 'none',
    pairs: false,
    create: proxyAnchorLoss,
  },
} as const satisfies Record<string, LossEntry>;

/** Name of a loss. */
export type LossName = keyof typeof LOSSES;
