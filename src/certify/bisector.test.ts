import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rootOf, slowNormalCdf } from '../../test/helpers/numeric.ts';
import { Random } from '../../test/helpers/random.ts';
import { bisectorRadius } from './bisector.ts';
import { bisectorOffset, distance, dot } from './margin.ts';
import { paperCertificate } from './paper.ts';
import { radiusOf } from './result.ts';
import { meanBallRadius } from '../stats/index.ts';

const seeds = fc.integer({ min: 1, max: 2 ** 31 });

describe('bisector', () => {
  test("is at least the paper's radius when both use the same ball", () => {
    let compared = 0;
    let gain = 0;
    fc.assert(
      fc.property(seeds, fc.integer({ min: 2, max: 8 }), (seed, dimension) => {
        const random = new Random(seed);
        const a = random.direction(dimension, 0.5 + 0.5 * random.uniform());
        const b = random.direction(dimension, 0.5 + 0.5 * random.uniform());
        const mix = random.direction(dimension, 0.6);
        const z = a.map((x, i) => 0.5 * x + 0.4 * mix[i]);
        const settings = { samples: 5000, dimension, alpha: 0.01 };
        const sigma = 0.3;
        const paper = radiusOf(
          paperCertificate({
            ...settings,
            nearestPositive: distance(z, a),
            nearestNegative: distance(z, b),
            gallerySize: 2,
            gallerySetting: 'deployed',
            sigma,
          }),
        );
        const unit = b.map((x, i) => (x - a[i]) / distance(a, b));
        const bisector = bisectorRadius({
          mean: dot(z, unit),
          deviation: meanBallRadius(settings),
          offset: bisectorOffset(a, b),
          sigma,
        });
        expect(bisector).toBeGreaterThanOrEqual(paper - 1e-12);
        if (paper > 0) {
          compared++;
          gain += bisector / paper;
        }
      }),
      { seed: 3, numRuns: 500 },
    );
    expect(compared).toBeGreaterThan(100);
    expect(gain / compared).toBeGreaterThan(1.1);
  });

  test('is the true radius of a sign: a mean of a step, known exactly', () => {
    const sigma = 0.7;
    for (const offset of [-0.4, 0, 0.3]) {
      for (const start of [-1.5, -0.8]) {
        const mean = (t: number): number => 2 * slowNormalCdf(t / sigma) - 1;
        const truth = rootOf((t) => mean(t) - offset, start, 5) - start;
        const got = bisectorRadius({ mean: mean(start), deviation: 0, offset, sigma, bound: 1 });
        if (mean(start) < offset) expect(got).toBeCloseTo(truth, 9);
        else expect(got).toBe(0);
      }
    }
  });

  test('loses radius with the deviation and ends at 0', () => {
    const at = (deviation: number): number =>
      bisectorRadius({ mean: -0.5, deviation, offset: 0.1, sigma: 1, bound: 1 });
    expect(at(0)).toBeGreaterThan(at(0.1));
    expect(at(0.1)).toBeGreaterThan(at(0.5));
    expect(at(0.6)).toBe(0);
    expect(at(3)).toBe(0);
  });
});
