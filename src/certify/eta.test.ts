/** Noise that is not quite Gaussian: every method pays for it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { slowNormalCdf, slowNormalQuantile, slowUpperBound } from '../../test/helpers/numeric.ts';
import { Random } from '../../test/helpers/random.ts';
import {
  countSamples,
  drawEmbeddings,
  galleryOf,
  type LineProblem,
  selectionOf,
} from '../../test/helpers/simulate.ts';
import { planQuery } from '../plan/index.ts';
import {
  AlphaBudget,
  AnyTime,
  CERTIFICATE_METHODS,
  certifyQuery,
  RadiusBet,
  radiusOf,
  type Verdicts,
} from './index.ts';

test('a bet on a radius is fair for any law within eta of one that the radius moves to 0', () => {
  const laws = fc.record({
    steps: fc.array(fc.double({ min: 0.05, max: 1, noNaN: true }), { minLength: 2, maxLength: 6 }),
    masses: fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 7, maxLength: 7 }),
    reference: fc.double({ min: 0.8, max: 1.2, noNaN: true }),
    radius: fc.double({ min: 0.05, max: 2, noNaN: true }),
    eta: fc.double({ min: 1e-4, max: 0.1, noNaN: true }),
  });
  let unfairWithout = 0;
  fc.assert(
    fc.property(laws, ({ steps, masses, reference, radius, eta }) => {
      // the bins' tails, and the levels shifted so that the worst case at this radius has mean 0
      const total = masses.slice(0, steps.length + 1).reduce((sum, mass) => sum + mass, 0);
      const law = Array.from({ length: steps.length + 1 }, (_, i) => masses[i] / total);
      const tail = law.map((_, i) => law.slice(i).reduce((sum, mass) => sum + mass, 0));
      const worst = steps.reduce(
        (sum, step, i) => sum + step * slowNormalCdf(slowNormalQuantile(tail[i + 1]) + radius),
        0,
      );
      const levels = new Float64Array(law.length);
      levels[0] = -worst;
      for (const [i, step] of steps.entries()) levels[i + 1] = levels[i] + step;
      const references = levels.map((_, i) => reference * tail[i]);
      // what is drawn: eta of the law's mass went from the top to the bottom
      const drawn = [...law];
      for (let i = law.length - 1, left = eta; i > 0 && left > 0; i--) {
        const taken = Math.min(left, drawn[i]);
        drawn[i] -= taken;
        drawn[0] += taken;
        left -= taken;
      }
      const meanOf = (paid: number): number => {
        const bet = RadiusBet.at(levels, references, radius, 1, paid);
        const stake = Math.min(bet.most, 1e6);
        return drawn.reduce((sum, mass, i) => sum + mass * (1 + stake * bet.gap[i]), 0);
      };
      expect(meanOf(eta)).toBeLessThanOrEqual(1 + 1e-6);
      if (meanOf(0) > 1 + 1e-6) unfairWithout++;
    }),
    { seed: 11, numRuns: 300 },
  );
  expect(unfairWithout).toBeGreaterThan(100);
});

const sigma = 0.5;
const problem: LineProblem = {
  items: [
    { vector: [1, 0], label: 0 },
    { vector: [-1, 0], label: 1 },
    { vector: [0.2, -0.9], label: 2 },
  ],
  embed: (t) => [Math.cos(Math.exp(-t)), Math.sin(Math.exp(-t))],
  breaks: [],
  start: 0.3,
  sigma,
};
const gallery = galleryOf(problem);
const random = new Random(5);
const alpha = 0.01;
const samples = 4000;
const budget = AlphaBudget.fixed(samples, alpha);
const selection = selectionOf(problem, drawEmbeddings(problem, random, 200));
const plan = planQuery(gallery, selection, { budget, sigma });
const counters = countSamples(problem, plan, drawEmbeddings(problem, random, samples));
const verdicts = (eta: number): Verdicts => ({
  duel: new AnyTime({ sigma, eta, alpha }),
  vote: new AnyTime({ sigma, eta, alpha }),
});

test('radii are shorter for it, that of votes by just so much', () => {
  const eta = alpha / 1000;
  const without = certifyQuery(gallery, plan, counters, { budget }).certificates;
  const paid = certifyQuery(gallery, plan, counters, { budget, eta }).certificates;
  for (const method of CERTIFICATE_METHODS) {
    expect(radiusOf(without[method]!)).toBeGreaterThan(0);
    // cdf tests radii of a list
    if (method === 'cdf') expect(radiusOf(paid.cdf!)).toBeLessThanOrEqual(radiusOf(without.cdf!));
    else expect(radiusOf(paid[method]!)).toBeLessThan(radiusOf(without[method]!));
    expect(radiusOf(paid[method]!)).toBeGreaterThan(0.99 * radiusOf(without[method]!));
  }
  const lost = samples - counters.votes.get(0)!;
  const share = slowUpperBound(lost, samples, alpha) + eta;
  expect(radiusOf(paid.vote!)).toBeCloseTo(-sigma * slowNormalQuantile(share), 7);
});

test('noise too far from Gaussian is refused, and verdicts made for other noise', () => {
  const certify = (eta: number, anyTime?: Verdicts) => () =>
    certifyQuery(gallery, plan, counters, { budget, eta, anyTime });
  expect(certify(alpha / 999)).toThrow(/eta <= alpha\/1000/);
  expect(certify(1e-9, verdicts(0))).toThrow(/verdicts at .* eta = 1e-9/);
  expect(certify(1e-9, verdicts(1e-9))).not.toThrow();
});
