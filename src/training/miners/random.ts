/** Random negatives: every image of another class is as likely. */
import { any, NEVER } from '../losses/arithmetic.ts';
import { asColumn, gumbelDraws } from './choices.ts';
import { defineMiner } from './define-miner.ts';

/** One uniformly drawn negative for each pair of an anchor and a positive. */
export const random = defineMiner({
  name: 'random',
  summary: 'any negative',
  settings: {},
  choose(batch) {
    const { g } = batch;
    const negatives = batch.negatives();
    const draws = gumbelDraws(batch, g.op('Where', [negatives, g.float32(0), g.float32(NEVER)]));
    return { ...draws, found: asColumn(g, any(g, negatives, 1)) };
  },
});
