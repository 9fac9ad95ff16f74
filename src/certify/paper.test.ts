import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rootOf, slowNormalCdf, slowNormalQuantile } from '../../test/helpers/numeric.ts';
import { meanBallRadius } from '../stats/index.ts';
import { lipschitzRadius, NORM_BOUND } from './lipschitz.ts';
import { minimumMargin } from './margin.ts';
import { paperCertificate, type PaperInput } from './paper.ts';
import { radiusOf } from './result.ts';

const input: PaperInput = {
  nearestPositive: 0.4,
  nearestNegative: 1.1,
  samples: 20_000,
  dimension: 16,
  gallerySize: 100,
  gallerySetting: 'deployed',
  alpha: 0.001,
  sigma: 0.5,
};

/** ε with (k+1)·exp(−nε²/(2(F² + 2Fε/3))) = p, by bisection. */
const bernstein = (n: number, k: number, p: number, bound: number): number =>
  rootOf(
    (e) => p - (k + 1) * Math.exp((-n * e * e) / (2 * (bound * bound + (2 * bound * e) / 3))),
    0,
    100 * bound,
  );

describe("the paper's certificate", () => {
  test('is tight on its one-dimensional example, h = F·sign(⟨w,x⟩)', () => {
    for (const sigma of [0.25, 1]) {
      for (const radius of [0.05 * sigma, 0.3 * sigma, 0.6 * sigma]) {
        // x stands radius/2 before the step: g(x) = m, and g is −m at x − radius, where the bisector is put
        const m = 2 * slowNormalCdf(radius / 2 / sigma) - 1;
        const [positive, negative] = [m, -3 * m];
        const margin = minimumMargin(Math.abs(m - positive), Math.abs(m - negative));
        expect(lipschitzRadius(margin, sigma)).toBeCloseTo(radius, 9);
        const g = (x: number): number => 2 * slowNormalCdf(x / sigma) - 1;
        const wins = (x: number): boolean => Math.abs(g(x) - positive) < Math.abs(g(x) - negative);
        expect(wins(radius / 2 - 0.999 * radius)).toBe(true);
        expect(wins(radius / 2 - 1.001 * radius)).toBe(false);
      }
    }
  });

  test.each(['deployed', 'estimated'] as const)('follows the formula, gallery %s', (gallerySetting) => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0.05, max: 1.5, noNaN: true }),
        fc.integer({ min: 50, max: 10_000_000 }),
        fc.integer({ min: 1, max: 512 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.constantFrom(0.1, 0.01, 1e-4),
        fc.constantFrom(1, 2),
        fc.constantFrom(undefined, 0.2, 0.8),
        (near, apart, samples, dimension, gallerySize, alpha, bound, meanNorm) => {
          const got = paperCertificate({
            ...input,
            nearestPositive: near,
            nearestNegative: near + apart,
            samples,
            dimension,
            gallerySize,
            gallerySetting,
            alpha,
            bound,
            estimateNorm: meanNorm,
          });
          const estimated = gallerySetting === 'estimated';
          const epsilon = estimated
            ? bernstein(samples, dimension, alpha / (gallerySize + 1), bound)
            : meanBallRadius({ samples, alpha, bound, meanNorm });
          const margin = apart / 2 - (estimated ? 2 : 1) * epsilon;
          fc.pre(Math.abs(margin) > 1e-9);
          if (margin < 0) expect(got.kind).toBe('abstain');
          else {
            const radius = 2 * input.sigma * slowNormalQuantile(0.5 + margin / (4 * bound));
            expect(Math.abs(radiusOf(got) - radius)).toBeLessThan(1e-8);
          }
        },
      ),
      { seed: 38, numRuns: 60 },
    );
  });

  test.each(['deployed', 'estimated'] as const)(
    'samplesNeeded suffices, and fewer do not, gallery %s',
    (gallerySetting) => {
      for (const nearestNegative of [0.41, 0.5, 0.9]) {
        for (const alpha of [0.1, 0.001]) {
          const setting = { ...input, gallerySetting, nearestNegative, alpha };
          const first = paperCertificate({ ...setting, samples: 10 });
          if (first.kind !== 'abstain' || first.samplesNeeded === undefined)
            throw new Error('expected a number');
          expect(first.reason).toBe('too-few-samples');
          expect(
            radiusOf(paperCertificate({ ...setting, samples: first.samplesNeeded + 1 })),
          ).toBeGreaterThan(0);
          const fewer = Math.floor(0.999 * first.samplesNeeded) - 1;
          expect(paperCertificate({ ...setting, samples: fewer }).kind).toBe('abstain');
        }
      }
    },
  );

  test('abstains without a positive or with the wrong answer', () => {
    expect(paperCertificate({ ...input, nearestPositive: Infinity })).toMatchObject({
      reason: 'no-positive',
    });
    expect(paperCertificate({ ...input, nearestPositive: 1.2 })).toMatchObject({ reason: 'wrong-answer' });
    expect(paperCertificate({ ...input, nearestPositive: 1.1 })).toMatchObject({ reason: 'near-tie' });
    const loss = meanBallRadius({ ...input, bound: NORM_BOUND });
    for (const [share, reason] of [
      [0.99, 'near-tie'],
      [1.01, 'wrong-answer'],
    ] as const)
      expect(
        paperCertificate({ ...input, nearestPositive: input.nearestNegative + 2 * share * loss }),
      ).toMatchObject({ reason });
    expect(radiusOf(paperCertificate({ ...input, nearestNegative: Infinity }))).toBe(Infinity);
  });
});
