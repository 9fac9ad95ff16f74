/** Would the coverage tests notice a certificate that is too large? Each mutant must be caught, and the same without its fault not. */
import { describe, expect, test } from 'vitest';
import { paperCertificate, radiusOf } from '../../src/certify/index.ts';
import { normalCdf } from '../../src/stats/index.ts';
import { measureCoverage } from '../helpers/coverage.ts';
import { MUTANTS } from '../helpers/mutants.ts';
import { tooMany } from '../helpers/problems.ts';

describe('coverage catches', () => {
  test.each(MUTANTS.map((mutant, i) => ({ ...mutant, seed: 500 + i })))('$name', (mutant) => {
    const { methods, settings, mutation, seed } = mutant;
    const { alpha } = settings.plan;
    const faulty = measureCoverage({ ...settings, seed, mutation });
    const honest = measureCoverage({ ...settings, seed });
    for (const method of methods) {
      const flagged = (found: typeof faulty): boolean =>
        tooMany(found[method].failures, alpha, settings.repetitions);
      expect({ method, faulty: flagged(faulty), honest: flagged(honest) }).toEqual({
        method,
        faulty: true,
        honest: false,
      });
    }
  });
});

/**
 * The paper's bound approaches its limit (certificates §3) only with samples beyond any simulation: here with the exact mean of
 * h = sign of t and 10^15 samples, near the border, where Lemma 3.3 is sharp.
 */
test('the paper bound is less than 2% below the truth and never above', () => {
  const start = 0.05;
  const mean = 2 * normalCdf(start) - 1;
  const radius = radiusOf(
    paperCertificate({
      nearestPositive: 1 - mean,
      nearestNegative: 1 + mean,
      samples: 1e15,
      dimension: 2,
      gallerySize: 2,
      gallerySetting: 'deployed',
      alpha: 0.001,
      sigma: 1,
    }),
  );
  expect(radius).toBeLessThan(start);
  expect(1.02 * radius).toBeGreaterThan(start);
});
