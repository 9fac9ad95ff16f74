/**
 * Semi-hard negatives: farther from the anchor than the positive, by less than the margin.
 *
 * Source: Schroff, Kalenichenko, Philbin, "FaceNet", CVPR 2015, section 3.2.
 */
import { any, gatherRows } from '../losses/arithmetic.ts';
import { type Options, resolveSettings, type Settings } from '../losses/loss-settings.ts';
import type { Miner } from '../losses/types.ts';
import { nearest } from './nearest.ts';

/** Options of {@link semiHardMiner}. */
export const semiHardSettings = {
  margin: { default: 0.2, min: 1e-3, max: 2, summary: 'how much farther than the positive, a distance' },
} satisfies Settings;

/** The nearest semi-hard negative of each pair of an anchor and a positive; a pair without one is no triplet. */
export function semiHardMiner(options: Options<typeof semiHardSettings> = {}): Miner {
  const { margin } = resolveSettings('the semi-hard miner', semiHardSettings, options);
  return {
    name: 'semi-hard',
    mine(batch) {
      const { g } = batch;
      const slots = batch.positiveSlots();
      const toPositive = gatherRows(g, batch.distances(), slots.places);
      const from = g.op('Unsqueeze', [toPositive, g.int64([2])]); // [B, draws, 1]
      const to = g.op('Add', [from, g.float32(margin)]);
      const distances = g.op('Unsqueeze', [batch.distances(), g.int64([1])]); // [B, 1, B]
      const between = g.op('And', [g.op('Greater', [distances, from]), g.op('Less', [distances, to])]);
      const admissible = g.op('And', [g.op('Unsqueeze', [batch.negatives(), g.int64([1])]), between]);
      return {
        positives: slots.places,
        negatives: nearest(g, distances, admissible, 2),
        valid: g.op('Mul', [slots.valid, any(g, admissible, 2)]),
        noise: [],
      };
    },
  };
}
