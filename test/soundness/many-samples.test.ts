/**
 * Certificates of as many samples as are accepted. An encoder of two values is certified from counters that hold exactly its expected counts,
 * so that the estimate is the truth: no radius may exceed the true one, and bounds that hold exactly come near it.
 */
import { expect, test } from 'vitest';
import {
  AlphaBudget,
  CERTIFICATE_METHODS,
  certifyQuery,
  isOfVotes,
  MOST_SAMPLES,
  normalCdf,
  radiusOf,
} from '../../src/certify/index.ts';
import { planQuery } from '../../src/plan/index.ts';
import { sign } from '../helpers/problems.ts';
import { addedCounters, timesCounted } from '../helpers/scaled.ts';
import { countSamples, galleryOf, type LineProblem, LineTruth, selectionOf } from '../helpers/simulate.ts';

const close: LineProblem = { ...sign, start: 0.002 };
const counts = [2 ** 22, 2 ** 23 - 1, 2 ** 23, 2 ** 23 + 1, 10_000_000, 2 ** 27, MOST_SAMPLES];

test.each([
  ['far from the border', sign],
  ['a hair from it', close],
] as const)('%s: no method passes the truth for any number of samples', (_, problem) => {
  const gallery = galleryOf(problem);
  const truth = new LineTruth(problem);
  const values = [-1, 1].map((t) => [...problem.embed(t)]);
  const share = normalCdf(problem.start / problem.sigma); // of the value at t > 0
  for (const samples of counts) {
    const budget = AlphaBudget.fixed(samples, 0.001);
    const selected = Array.from({ length: 200 }, (_, i) => values[i < 200 * share ? 1 : 0]);
    const plan = planQuery(gallery, selectionOf(problem, selected), { budget, sigma: problem.sigma });
    const above = Math.floor(samples * share);
    const counters = addedCounters(
      timesCounted(countSamples(problem, plan, [values[1]]), above),
      timesCounted(countSamples(problem, plan, [values[0]]), samples - above),
    );
    const { certificates } = certifyQuery(gallery, plan, counters, { budget });
    const positives = new Set(plan.positives);
    const limit = {
      mean: truth.embeddingRadius((item) => positives.has(item)),
      vote: truth.voteRadius(plan.vote.label),
      duel: truth.duelRadius(plan.vote.label),
    };
    for (const method of CERTIFICATE_METHODS) {
      const radius = radiusOf(certificates[method]!);
      const most = isOfVotes(method) ? limit[method] : limit.mean;
      expect(radius, `${method} of ${samples}`).toBeLessThanOrEqual(most + 1e-9);
      if (problem === sign && (isOfVotes(method) || method === 'cdf' || method === 'bisector'))
        expect(radius, `${method} of ${samples}`).toBeGreaterThan(0.98 * most);
    }
  }
});

test('more samples than are accepted are refused before anything is drawn', () => {
  expect(() => AlphaBudget.fixed(MOST_SAMPLES + 1, 0.001)).toThrow(/1000000000/);
});
