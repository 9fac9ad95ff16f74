import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { slowLowerBound, slowNormalQuantile } from '../../test/helpers/numeric.ts';
import { normalQuantileUpper } from '../stats/index.ts';
import { radiusOf } from './result.ts';
import { voteCertificate } from './vote.ts';

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
        const got = voteCertificate({ ...input, alpha, sigma: 0.5, eta: alpha / 1000 });
        const lower = slowLowerBound(input.hits, input.samples, alpha) - alpha / 1000;
        fc.pre(Math.abs(lower - 0.5) > 1e-9);
        if (lower > 0.5 && input.hits > input.runnerUp) {
          expect(radiusOf(got)).toBeCloseTo(0.5 * slowNormalQuantile(lower), 7);
        } else expect(got.kind).toBe('abstain');
      }),
      { seed: 5, numRuns: 150 },
    );
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
        eta: 0,
      });
      expect(radiusOf(got)).toBeCloseTo(sigmas, 2);
    }
  });

  test('abstains with a reason, and with a number of samples that would do', () => {
    const base = { alpha: 0.001, sigma: 1, eta: 0 };
    expect(voteCertificate({ ...base, hits: 40, runnerUp: 60, samples: 100 })).toMatchObject({
      reason: 'near-tie',
    });
    expect(voteCertificate({ ...base, hits: 50, runnerUp: 50, samples: 100 })).toMatchObject({
      reason: 'near-tie',
    });
    expect(voteCertificate({ ...base, hits: 20, runnerUp: 80, samples: 100 })).toMatchObject({
      reason: 'wrong-answer',
    });
    const share = { hits: 0.55, runnerUp: 0.4 };
    const got = voteCertificate({ ...base, hits: 55, runnerUp: 40, samples: 100 });
    if (got.kind !== 'abstain' || got.samplesNeeded === undefined) throw new Error('expected a number');
    expect(got.reason).toBe('too-few-samples');
    // "about how many": half again as many do, a fifth do not
    const at = (samples: number): number =>
      radiusOf(
        voteCertificate({
          ...base,
          hits: Math.round(share.hits * samples),
          runnerUp: Math.round(share.runnerUp * samples),
          samples: Math.round(samples),
        }),
      );
    expect(at(1.5 * got.samplesNeeded)).toBeGreaterThan(0);
    expect(at(0.2 * got.samplesNeeded)).toBe(0);
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
        eta: 0,
      });
      const radius = radiusOf(found);
      // 1 − alpha^{1/n} = −ln(alpha)/n for so many votes
      expect(radius).toBeCloseTo(normalQuantileUpper(-Math.log(alpha) / samples), 9);
      expect(radius).toBeLessThan(12);
    }
});
