import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { slowLowerBound, slowNormalQuantile, slowUpperBound } from '../../test/helpers/numeric.ts';
import { normalQuantileUpper } from '../stats/index.ts';
import { radiusOf } from './result.ts';
import { voteCertificate, type VoteInput } from './vote.ts';

const counts = fc
  .tuple(
    fc.integer({ min: 1, max: 400 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 1, noNaN: true }),
  )
  .map(([samples, share, rest]) => {
    const hits = Math.round(samples * share);
    return { samples, hits, runnerUp: Math.round((samples - hits) * rest) };
  });
const alphas = fc.constantFrom(0.1, 0.01, 0.001);

describe('vote certificate', () => {
  test('majority: σΦ⁻¹ of the lower bound', () => {
    fc.assert(
      fc.property(counts, alphas, (input, alpha) => {
        const got = voteCertificate({ ...input, alpha, sigma: 0.5, rule: 'majority' });
        const lower = slowLowerBound(input.hits, input.samples, alpha);
        fc.pre(Math.abs(lower - 0.5) > 1e-9);
        if (lower > 0.5 && input.hits > input.runnerUp) {
          expect(radiusOf(got)).toBeCloseTo(0.5 * slowNormalQuantile(lower), 7);
        } else expect(got.kind).toBe('abstain');
      }),
      { seed: 5, numRuns: 150 },
    );
  });

  test('runner-up: half the difference of the quantiles, half of alpha each', () => {
    fc.assert(
      fc.property(counts, alphas, (input, alpha) => {
        const got = voteCertificate({ ...input, alpha, sigma: 0.5, rule: 'runner-up' });
        const lower = slowLowerBound(input.hits, input.samples, alpha / 2);
        const upper = Math.min(1 - lower, slowUpperBound(input.runnerUp, input.samples, alpha / 2));
        fc.pre(Math.abs(lower - upper) > 1e-9);
        if (lower > upper) {
          const radius = (0.5 * (slowNormalQuantile(lower) - slowNormalQuantile(upper))) / 2;
          expect(radiusOf(got)).toBeCloseTo(radius, 7);
        } else expect(got.kind).toBe('abstain');
      }),
      { seed: 6, numRuns: 150 },
    );
  });

  test('runner-up wins when several labels share the rest, majority when one has it', () => {
    const at = (runnerUp: number, rule: VoteInput['rule']): number =>
      radiusOf(voteCertificate({ hits: 800, runnerUp, samples: 1000, alpha: 0.001, sigma: 1, rule }));
    expect(at(20, 'runner-up')).toBeGreaterThan(1.2 * at(20, 'majority'));
    expect(at(200, 'majority')).toBeGreaterThan(at(200, 'runner-up'));
    // a plurality below one half
    const plural = { hits: 450, runnerUp: 100, samples: 1000, alpha: 0.001, sigma: 1 };
    expect(voteCertificate({ ...plural, rule: 'majority' })).toEqual({
      kind: 'abstain',
      reason: 'no-margin',
    });
    expect(radiusOf(voteCertificate({ ...plural, rule: 'runner-up' }))).toBeGreaterThan(0);
  });

  test('the largest radius of n samples is σΦ⁻¹(α^{1/n})', () => {
    for (const [samples, sigmas] of [
      [1000, 2.46],
      [10_000, 3.2],
      [100_000, 3.81],
    ]) {
      const got = voteCertificate({
        hits: samples,
        runnerUp: 0,
        samples,
        alpha: 0.001,
        sigma: 1,
        rule: 'majority',
      });
      expect(radiusOf(got)).toBeCloseTo(sigmas, 2);
    }
  });

  test('abstains with a reason, and with a number of samples that would do', () => {
    const base = { alpha: 0.001, sigma: 1, rule: 'majority' as const };
    expect(voteCertificate({ ...base, hits: 40, runnerUp: 60, samples: 100 })).toMatchObject({
      reason: 'near-tie',
    });
    expect(voteCertificate({ ...base, hits: 50, runnerUp: 50, samples: 100 })).toMatchObject({
      reason: 'near-tie',
    });
    expect(voteCertificate({ ...base, hits: 20, runnerUp: 80, samples: 100 })).toMatchObject({
      reason: 'wrong-answer',
    });
    for (const rule of ['majority', 'runner-up'] as const) {
      const share = { hits: 0.55, runnerUp: 0.4 };
      const got = voteCertificate({ ...base, rule, hits: 55, runnerUp: 40, samples: 100 });
      if (got.kind !== 'abstain' || got.samplesNeeded === undefined) throw new Error('expected a number');
      expect(got.reason).toBe('too-few-samples');
      // "about how many": half again as many do, a fifth do not
      const at = (samples: number): number =>
        radiusOf(
          voteCertificate({
            ...base,
            rule,
            hits: Math.round(share.hits * samples),
            runnerUp: Math.round(share.runnerUp * samples),
            samples: Math.round(samples),
          }),
        );
      expect(at(1.5 * got.samplesNeeded)).toBeGreaterThan(0);
      expect(at(0.2 * got.samplesNeeded)).toBe(0);
    }
  });
});

test('unanimous votes certify a finite radius, however many and however little confidence is asked for', () => {
  for (const samples of [1e9, Number.MAX_SAFE_INTEGER])
    for (const alpha of [0.9, 1 - 2 ** -53]) {
      const found = voteCertificate({
        hits: samples,
        runnerUp: 0,
        samples,
        alpha,
        sigma: 1,
        rule: 'majority',
      });
      const radius = radiusOf(found);
      // 1 − alpha^{1/n} = −ln(alpha)/n for so many votes
      expect(radius).toBeCloseTo(normalQuantileUpper(-Math.log(alpha) / samples), 9);
      expect(radius).toBeLessThan(12);
    }
});
