/** Duels of one label against others, with known probabilities and losses that come together. */
import { type DuelCounts, type LossBound, mostLosses } from '../../src/certify/index.ts';
import { slowNormalQuantile } from './numeric.ts';
import type { Random } from './random.ts';

/** What may happen to one sample: the labels (0, 1, …) that it is lost to, or all of them. */
export interface Outcome {
  chance: number;
  lostTo: readonly number[] | 'all';
}

/** Any number of labels; those that no outcome names are lost to with all others only. */
export interface DuelWorld {
  labels: number;
  outcomes: readonly Outcome[];
}

/** The true radius, −σΦ⁻¹ of the largest probability of a loss; 0 where y is not the answer. */
export function trueRadius(world: DuelWorld, sigma: number): number {
  return Math.max(0, -sigma * slowNormalQuantile(worstLoss(world)));
}

/** The largest probability of a loss to one label. */
function worstLoss({ outcomes }: DuelWorld): number {
  const toAll = outcomes
    .filter(({ lostTo }) => lostTo === 'all')
    .reduce((sum, { chance }) => sum + chance, 0);
  const to = new Map<number, number>();
  for (const { chance, lostTo } of outcomes)
    if (lostTo !== 'all') for (const label of lostTo) to.set(label, (to.get(label) ?? 0) + chance);
  return toAll + Math.max(0, ...to.values());
}

/** Counters that grow sample by sample, as a run keeps them. */
export class DuelRun {
  readonly #world: DuelWorld;
  readonly #random: Random;
  readonly #lostTo = new Map<number, number>();
  #lostToAll = 0;
  #samples = 0;

  constructor(world: DuelWorld, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  sample(): void {
    this.#samples++;
    let left = this.#random.uniform();
    for (const { chance, lostTo } of this.#world.outcomes) {
      left -= chance;
      if (left >= 0) continue;
      if (lostTo === 'all') this.#lostToAll++;
      else for (const label of lostTo) this.#lostTo.set(label, (this.#lostTo.get(label) ?? 0) + 1);
      return;
    }
  }

  get counts(): DuelCounts {
    return {
      lostTo: [...this.#lostTo.values()],
      lostToAll: this.#lostToAll,
      samples: this.#samples,
      labels: this.#world.labels,
    };
  }

  get losses(): number {
    return mostLosses(this.counts);
  }
}

/** Worlds in which the answer's radius hangs on one label, on several equally, on few of many, on ties and failures. */
export const DUEL_WORLDS: Readonly<Record<string, DuelWorld>> = {
  'one label decides': {
    labels: 3,
    outcomes: [
      { chance: 0.2, lostTo: [0] },
      { chance: 0.05, lostTo: [1, 2] },
    ],
  },
  'three labels alike, losing together and apart': {
    labels: 3,
    outcomes: [
      { chance: 0.1, lostTo: [0, 1] },
      { chance: 0.1, lostTo: [1, 2] },
      { chance: 0.1, lostTo: [0, 2] },
      { chance: 0.05, lostTo: [0, 1, 2] },
    ],
  },
  'most losses are to all of 900 labels': {
    labels: 900,
    outcomes: [
      { chance: 0.25, lostTo: 'all' },
      { chance: 0.05, lostTo: [7] },
    ],
  },
  'all losses are to all': { labels: 50, outcomes: [{ chance: 0.08, lostTo: 'all' }] },
  'rare losses': {
    labels: 4,
    outcomes: [
      { chance: 0.01, lostTo: [3] },
      { chance: 0.004, lostTo: [1] },
      { chance: 0.003, lostTo: 'all' },
    ],
  },
  'no answer: two labels win half of the duels': {
    labels: 2,
    outcomes: [
      { chance: 0.5, lostTo: [0, 1] },
      { chance: 0.01, lostTo: [1] },
    ],
  },
};

/** What the tests of coverage spend: much, so that a fault shows. */
export const LOOSE: LossBound = { sigma: 0.5, eta: 0, alpha: 0.1 };
