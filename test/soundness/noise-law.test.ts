/**
 * Noise that is really as far from Gaussian as it may be, in the direction that flatters most: every bound has to pay for it. The law of an encoder
 * of two values is moved by all of eta to the side of the answer, with so many samples that eta is many times their noise.
 */
import { describe, expect, test } from 'vitest';
import {
  AlphaBudget,
  AnyTime,
  CERTIFICATE_METHODS,
  type CertificateMethod,
  certifyQuery,
  normalCdf,
  observeVerdicts,
  type QueryPlan,
  radiusOf,
  type Statistic,
} from '../../src/certify/index.ts';
import { planQuery } from '../../src/plan/index.ts';
import { binomialAtLeast } from '../helpers/numeric.ts';
import { sign } from '../helpers/problems.ts';
import { Random } from '../helpers/random.ts';
import { countSamples, galleryOf, type LineProblem, selectionOf } from '../helpers/simulate.ts';
import { addedCounters, timesCounted } from '../helpers/scaled.ts';

const alpha = 0.5;
const eta = alpha / 1000;
const samples = 1e9;
const REPETITIONS = 60;

/** How each statistic is bounded: every tool that spends eta. */
const STRATEGIES: Record<string, Partial<Statistic>> = {
  'by counting': { tailBound: 'counting', meanBound: { kind: 'counting' } },
  'by betting': { tailBound: 'betting', meanBound: { kind: 'betting', stake: () => 4e-5 } },
  'by the ball': { meanBound: { kind: 'ball' } },
};
/** Near the border, where the bound of a moving vector is sharp. */
const close: LineProblem = { ...sign, start: 0.003 };

/** How often each method says too much when told that eta is `told`. */
function failures(
  problem: LineProblem,
  strategy: Partial<Statistic>,
  told: number,
  anyTime: boolean,
): Record<CertificateMethod, number> {
  const gallery = galleryOf(problem);
  const random = new Random(7);
  const values = [-1, 1].map((t) => [...problem.embed(t)]);
  const share = normalCdf(problem.start / problem.sigma);
  const selected = Array.from({ length: 200 }, (_, i) => values[i < 200 * share ? 1 : 0]);
  const budget = AlphaBudget.fixed(samples, alpha);
  // the mean is above 0, and half of the samples at least are won, while start − move > 0
  const limit = problem.start;
  const most = Object.fromEntries(CERTIFICATE_METHODS.map((method) => [method, limit]));
  const made = planQuery(gallery, selectionOf(problem, selected), {
    budget,
    sigma: problem.sigma,
    targetRadii: [limit * (1 + 1e-6)],
  });
  const plan: QueryPlan = {
    ...made,
    statistics: made.statistics.map((one) => ({ ...one, ...strategy })),
  };
  const [one, other] = values.map((value) => countSamples(problem, plan, [value]));
  const drawn = share + eta;
  const found = Object.fromEntries(CERTIFICATE_METHODS.map((method) => [method, 0])) as Record<
    CertificateMethod,
    number
  >;
  for (let i = 0; i < REPETITIONS; i++) {
    // a binomial count, of so many samples as good as normal
    const above = Math.round(samples * drawn + random.normal() * Math.sqrt(samples * drawn * (1 - drawn)));
    const counters = addedCounters(timesCounted(other, above), timesCounted(one, samples - above));
    const bound = { sigma: problem.sigma, eta: told, alpha };
    const verdicts = { duel: new AnyTime(bound), vote: new AnyTime(bound) };
    observeVerdicts(verdicts, plan, counters);
    const { certificates } = certifyQuery(gallery, plan, counters, {
      budget,
      eta: told,
      ...(anyTime ? { anyTime: verdicts } : {}),
    });
    for (const method of CERTIFICATE_METHODS) {
      if (radiusOf(certificates[method]!) > most[method] * (1 + 1e-7)) found[method]++;
    }
  }
  return found;
}

const tooMany = (count: number): boolean => binomialAtLeast(count, REPETITIONS, alpha) < 1e-6;

describe('a law that is off by eta', () => {
  const cases: [
    name: string,
    problem: LineProblem,
    strategy: string,
    anyTime: boolean,
    methods: CertificateMethod[],
  ][] = [
    ['votes and exceedances', sign, 'by counting', false, ['vote', 'duel', 'cdf', 'bisector']],
    ['bets', sign, 'by betting', false, ['cdf', 'bisector']],
    ['verdicts', sign, 'by betting', true, ['vote', 'duel']],
    ['the ball', close, 'by the ball', false, ['paper', 'bisector']],
  ];
  test.each(cases)(
    'is covered, and is noticed where it is not told: %s',
    (_, problem, by, anyTime, methods) => {
      const honest = failures(problem, STRATEGIES[by], eta, anyTime);
      for (const method of CERTIFICATE_METHODS)
        expect(tooMany(honest[method]), `${method}: ${honest[method]}`).toBe(false);
      const faulty = failures(problem, STRATEGIES[by], 0, anyTime);
      for (const method of methods)
        expect(tooMany(faulty[method]), `${method}: ${faulty[method]}`).toBe(true);
    },
  );
});
