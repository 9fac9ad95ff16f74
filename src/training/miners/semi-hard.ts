/**
 * Semi-hard negatives: farther from the anchor than the positive, by less than the margin.
 *
 * Source: Schroff, Kalenichenko, Philbin, "FaceNet", CVPR 2015, section 3.2.
 */
import { any, gatherRows } from '../losses/arithmetic.ts';
import { nearest } from './choices.ts';
import { defineMiner } from './define-miner.ts';

/** The nearest semi-hard negative of each pair of an anchor and a positive; a pair without one is no triplet. */
export const semiHard = defineMiner({
  name: 'semi-hard',
  summary: 'the nearest negative that is farther than the positive, within a margin (Schroff et al. 2015)',
  settings: {
    margin: { default: 0.2, min: 1e-3, max: 2, summary: 'how much farther than the positive, a distance' },
  },
  choose(batch, { margin }, places) {
    const { g } = batch;
    const toPositive = gatherRows(g, batch.distances(), places);
    const from = g.op('Unsqueeze', [toPositive, g.int64([2])]); // [B, draws, 1]
    const to = g.op('Add', [from, g.float32(margin)]);
    const distances = g.op('Unsqueeze', [batch.distances(), g.int64([1])]); // [B, 1, B]
    const between = g.op('And', [g.op('Greater', [distances, from]), g.op('Less', [distances, to])]);
    const admissible = g.op('And', [g.op('Unsqueeze', [batch.negatives(), g.int64([1])]), between]);
    return { negatives: nearest(g, distances, admissible, 2), found: any(g, admissible, 2) };
  },
});
