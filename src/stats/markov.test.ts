import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evidenceNeeded, LEAST_UNIFORM } from './index.ts';

test('without a uniform number it is the evidence of Markov', () => {
  for (const alpha of [0.5, 0.001, 1e-300])
    expect(evidenceNeeded(alpha)).toBeCloseTo(Math.log(1 / alpha), 10);
  expect(evidenceNeeded(0.001, 0.5)).toBeCloseTo(Math.log(500), 10);
  expect(evidenceNeeded(0.001, 1e-9)).toBeCloseTo(Math.log(LEAST_UNIFORM / 0.001), 10);
  expect(evidenceNeeded(0.3, 0.01)).toBeCloseTo(0, 10);
});

test('a product of mean 1 refuses with probability at most alpha, and comes near to it', () => {
  const steps = 1000;
  let most = 0;
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 400, noNaN: true }), { minLength: 1, maxLength: 6 }),
      fc.constantFrom(0.3, 0.05, 0.01),
      (values, alpha) => {
        // equally likely values of K, scaled to the mean 1
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        fc.pre(mean > 0);
        let refused = 0;
        for (const value of values)
          for (let i = 1; i <= steps; i++)
            if (Math.log(value / mean) >= evidenceNeeded(alpha, i / steps)) refused++;
        const share = refused / values.length / steps;
        expect(share).toBeLessThanOrEqual(alpha + 1e-12);
        most = Math.max(most, share / alpha);
      },
    ),
    { seed: 4, numRuns: 500 },
  );
  expect(most).toBeGreaterThan(0.9);
});

test('what is no uniform number is refused', () => {
  for (const uniform of [0, -0.1, 1.1, Number.NaN])
    expect(() => evidenceNeeded(0.01, uniform)).toThrow(/CERTIFICATE_INPUT.*uniform/);
  expect(() => evidenceNeeded(0)).toThrow(/CERTIFICATE_INPUT/);
});
