/**
 * Does a certificate fail as rarely as it says? Each problem's true radius is known; the whole certificate is repeated with
 * few samples and a large alpha, and the number of runs whose radius exceeds the truth is compared with alpha. That the
 * comparison can tell is shown by mutants.test.ts.
 */
import { describe, expect, test } from 'vitest';
import { CERTIFICATE_METHODS, type CertificateMethod } from '../../src/certify/index.ts';
import { type Coverage, measureCoverage } from '../helpers/coverage.ts';
import { PROBLEMS, REPETITIONS, tooMany } from '../helpers/problems.ts';

const rates = new Map<string, Record<CertificateMethod, Coverage>>();

describe('no method fails more often than alpha', () => {
  test.each(PROBLEMS)('%s', (name, settings) => {
    const found = measureCoverage({ ...settings, seed: 1 + PROBLEMS.findIndex(([n]) => n === name) });
    rates.set(name, found);
    for (const method of CERTIFICATE_METHODS)
      expect(
        tooMany(found[method].failures, settings.plan.alpha, settings.repetitions),
        `${method}: ${found[method].failures}`,
      ).toBe(false);
  });
});

test('failures do occur where a method is exact, and radii come near the truth', () => {
  const of = (name: string): Record<CertificateMethod, Coverage> => rates.get(name)!;
  // Clopper–Pearson of a sign is exact up to the steps of the counts
  expect(of('sign, n = 1000').vote.failures).toBeGreaterThan(0.05 * REPETITIONS);
  expect(of('rare value, n = 1000').cdf.failures).toBeGreaterThan(0.01 * REPETITIONS);
  const near = of('sign, n = 1000');
  expect(near.vote.radius).toBeGreaterThan(0.9 * near.vote.truth);
  expect(near.bisector.radius).toBeGreaterThan(0.9 * near.bisector.truth);
  expect(near.bisector.failures).toBeGreaterThan(0.05 * REPETITIONS);
  expect(near.cdf.failures).toBeGreaterThan(0.05 * REPETITIONS);
  expect(near.paper.radius).toBeGreaterThan(0.75 * near.paper.truth);
  expect(of('angle, n = 200').cdf.radius).toBeGreaterThan(0.5 * of('angle, n = 200').cdf.truth);
});
