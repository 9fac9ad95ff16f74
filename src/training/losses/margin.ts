/**
 * Margin loss. Over triplets (a, p, n) with Euclidean distances d,
 *
 *     max(0, d(a, p) − β + γ)  and  max(0, β − d(a, n) + γ),
 *
 * all terms together averaged over those above 0. β, the border between alike and different, is learnt. The average
 * pulls it up by each active positive and down by each active negative; ν β is added to the loss, so ν > 0 lowers the
 * border until active positives outnumber active negatives by the share ν of them all.
 *
 * Source: Wu, Manmatha, Smola, Krähenbühl, "Sampling matters in deep embedding learning", ICCV 2017, section 4.2;
 * averaging over the active terms, and ν on the average, are as is usual in code.
 */
import { activeMean, countActive, hinge, share, sum } from './arithmetic.ts';
import { atTriplets, defineLoss } from './define-loss.ts';
import type { LossParameter } from './types.ts';

/** The margin loss: see the top of this file. Exactly 0 for a batch without triplets. */
export const margin = defineLoss({
  name: 'margin',
  summary: 'margin loss with a learnt border (Wu et al. 2017)',
  settings: {
    gamma: { default: 0.2, min: 0, max: 2, summary: 'half the width of the band around beta without loss' },
    beta: { default: 1.2, min: 0, max: 2, summary: 'initial border between alike and different, a distance' },
    betaLearningRate: { default: 5e-4, min: 0, max: 1, summary: 'learning rate of beta' },
    nu: { default: 0, min: 0, max: 1, summary: 'weight of beta itself in the loss' },
  },
  miner: 'required',
  pairs: true,
  build(batch, { gamma, beta, betaLearningRate, nu }, triplets) {
    const { g } = batch;
    const { valid } = triplets;
    const parameter: LossParameter = {
      name: 'loss.beta',
      shape: [],
      data: Float32Array.of(beta),
      learningRate: betaLearningRate,
    };
    const border = g.input(parameter.name, 'float32', parameter.shape);
    const inner = g.op('Sub', [border, g.float32(gamma)]);
    const outer = g.op('Add', [border, g.float32(gamma)]);
    const { positive, negative } = atTriplets(batch, batch.distances(), triplets);
    const terms = [
      hinge(g, g.op('Sub', [positive, inner]), valid),
      hinge(g, g.op('Sub', [outer, negative]), valid),
    ];
    let loss = activeMean(g, terms);
    const count = sum(g, valid);
    if (nu > 0) {
      const anyTriplet = g.op('Clip', [count, g.float32(0), g.float32(1)]);
      const weight = g.op('Mul', [anyTriplet, g.float32(nu)]);
      loss = g.op('Add', [loss, g.op('Mul', [border, weight])]);
    }
    const active = share(g, countActive(g, terms), g.op('Mul', [count, g.float32(2)]));
    return { loss, active, parameters: [parameter], statistics: { beta: border } };
  },
});
