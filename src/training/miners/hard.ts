/** Hard negatives: the nearest image of another class. */
import type { Value } from '../../onnx/index.ts';
import { any } from '../losses/arithmetic.ts';
import { type Options, resolveSettings, type Settings } from '../losses/loss-settings.ts';
import type { Miner } from '../losses/types.ts';
import { nearest } from './nearest.ts';

/** Options of {@link hardMiner}: none. */
export const hardSettings = {} satisfies Settings;

/** The anchor's nearest negative for each of its positives. */
export function hardMiner(options: Options<typeof hardSettings> = {}): Miner {
  resolveSettings('the hard miner', hardSettings, options);
  return {
    name: 'hard',
    mine(batch) {
      const { g, size, draws } = batch;
      const negatives = batch.negatives();
      const slots = batch.positiveSlots();
      const column = (perAnchor: Value) => g.op('Unsqueeze', [perAnchor, g.int64([1])]);
      const hardest = column(nearest(g, batch.distances(), negatives, 1));
      return {
        positives: slots.places,
        negatives: g.op('Expand', [hardest, g.int64([size, draws])]),
        valid: g.op('Mul', [slots.valid, column(any(g, negatives, 1))]),
        noise: [],
      };
    },
  };
}
