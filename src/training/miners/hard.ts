/** Hard negatives: the nearest image of another class. */
import { any } from '../losses/arithmetic.ts';
import { asColumn, nearest } from './choices.ts';
import { defineMiner } from './define-miner.ts';

/** The anchor's nearest negative for each of its positives. */
export const hard = defineMiner({
  name: 'hard',
  summary: 'the nearest negative',
  settings: {},
  choose(batch) {
    const { g, size, draws } = batch;
    const negatives = batch.negatives();
    const hardest = asColumn(g, nearest(g, batch.distances(), negatives, 1));
    return {
      negatives: g.op('Expand', [hardest, g.int64([size, draws])]),
      found: asColumn(g, any(g, negatives, 1)),
    };
  },
});
