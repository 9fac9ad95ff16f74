/** Random negatives: every image of another class is as likely. */
import { any, NEVER } from '../losses/arithmetic.ts';
import { type Options, resolveSettings, type Settings } from '../losses/loss-settings.ts';
import type { Miner } from '../losses/types.ts';
import { gumbelDraws } from './gumbel.ts';

/** Options of {@link randomMiner}: none. */
export const randomSettings = {} satisfies Settings;

/** One uniformly drawn negative for each pair of an anchor and a positive. */
export function randomMiner(options: Options<typeof randomSettings> = {}): Miner {
  resolveSettings('the random miner', randomSettings, options);
  return {
    name: 'random',
    mine(batch) {
      const { g } = batch;
      const negatives = batch.negatives();
      const slots = batch.positiveSlots();
      const { places, noise } = gumbelDraws(
        batch,
        g.op('Where', [negatives, g.float32(0), g.float32(NEVER)]),
      );
      const possible = g.op('Unsqueeze', [any(g, negatives, 1), g.int64([1])]);
      return {
        positives: slots.places,
        negatives: places,
        valid: g.op('Mul', [slots.valid, possible]),
        noise,
      };
    },
  };
}
