import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { density, gaussianMean, integrate, rootOf, slowNormalCdf } from '../../test/helpers/numeric.ts';
import {
  lipschitzBound,
  lipschitzLinearBound,
  lipschitzRadius,
  scalarMeanBound,
  scalarMeanRadius,
} from './lipschitz.ts';

const SEED = { seed: 33 };
const sigmas = fc.double({ min: 0.05, max: 2, noNaN: true });
const shifts = fc.double({ min: 0.001, max: 4, noNaN: true });
const bounds = fc.constantFrom(0.5, 1, 3);

describe('the vector bound', () => {
  test('is what a sign at the midpoint moves by', () => {
    fc.assert(
      fc.property(sigmas, shifts, bounds, (sigma, shift, bound) => {
        // g(x) = F(1 − 2P(noise beyond the midpoint)), g(z) its mirror image
        const half = shift / 2;
        const inside = integrate(density, -half, half);
        expect(lipschitzBound(shift * sigma, sigma, bound)).toBeCloseTo(2 * bound * inside, 10);
      }),
      { ...SEED, numRuns: 100 },
    );
  });

  test('lies below its linear relaxation and meets it at 0', () => {
    fc.assert(
      fc.property(sigmas, shifts, bounds, (sigma, shift, bound) => {
        const distance = shift * sigma;
        expect(lipschitzBound(distance, sigma, bound)).toBeLessThan(
          lipschitzLinearBound(distance, sigma, bound),
        );
        expect(lipschitzBound(distance, sigma, bound)).toBeLessThan(2 * bound);
      }),
      SEED,
    );
    expect(lipschitzBound(1e-4, 0.5) / lipschitzLinearBound(1e-4, 0.5)).toBeCloseTo(1, 7);
    expect(lipschitzBound(0, 0.5)).toBe(0);
  });

  test('has the radius as its inverse', () => {
    fc.assert(
      fc.property(sigmas, shifts, bounds, (sigma, shift, bound) => {
        const margin = lipschitzBound(shift * sigma, sigma, bound);
        expect(lipschitzRadius(margin, sigma, bound)).toBeCloseTo(shift * sigma, 10);
      }),
      SEED,
    );
    expect(lipschitzRadius(0, 1)).toBe(0);
    expect(lipschitzRadius(-0.3, 1)).toBe(0);
    expect(lipschitzRadius(2, 1)).toBe(Infinity);
    expect(lipschitzRadius(1, 1)).toBeCloseTo(2 * 0.6744897501960817, 12);
  });
});

describe('the scalar bound', () => {
  test('is the shifted mean of the step function of the same mean', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -0.98, max: 0.98, noNaN: true }),
        fc.double({ min: 0, max: 3, noNaN: true }),
        sigmas,
        bounds,
        (share, shift, sigma, bound) => {
          const mean = share * bound;
          // F·sign(t − threshold): mean F(1 − 2Φ(threshold)); the image moves towards it
          const threshold = rootOf((z) => bound * (1 - 2 * slowNormalCdf(z)) - mean, -8, 8);
          const moved = bound * (1 - 2 * slowNormalCdf(threshold - shift));
          expect(scalarMeanBound(mean, shift * sigma, sigma, bound)).toBeCloseTo(moved, 9);
        },
      ),
      { ...SEED, numRuns: 40 },
    );
  });

  test('holds for any function in [−F, F]', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: -3, max: 3, noNaN: true })),
          {
            minLength: 1,
            maxLength: 5,
          },
        ),
        fc.double({ min: 0.01, max: 3, noNaN: true }),
        (waves, shift) => {
          const f = (t: number): number => {
            let sum = 0;
            for (const [weight, phase] of waves) sum += weight * Math.sin(2 * t * weight + phase);
            return Math.tanh(3 * sum);
          };
          const bound = scalarMeanBound(gaussianMean(f, 0, 1), shift, 1);
          for (const direction of [-1, 1])
            expect(gaussianMean(f, direction * shift, 1)).toBeLessThanOrEqual(bound + 1e-9);
        },
      ),
      { ...SEED, numRuns: 100 },
    );
  });

  test('has the radius as its inverse', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -0.98, max: 0.98, noNaN: true }),
        fc.double({ min: 0.01, max: 3, noNaN: true }),
        sigmas,
        bounds,
        (share, shift, sigma, bound) => {
          const level = scalarMeanBound(share * bound, shift * sigma, sigma, bound);
          fc.pre(level < bound * (1 - 1e-4));
          expect(scalarMeanRadius(share * bound, level, sigma, bound) / sigma).toBeCloseTo(shift, 7);
        },
      ),
      SEED,
    );
  });

  test('at its ends', () => {
    expect(scalarMeanBound(-1, 0.4, 1)).toBe(-1);
    expect(scalarMeanBound(1, 0.4, 1)).toBe(1);
    expect(scalarMeanRadius(0.3, 0.3, 1)).toBe(0);
    expect(scalarMeanRadius(0.4, 0.3, 1)).toBe(0);
    expect(scalarMeanRadius(0.4, 1, 1)).toBe(Infinity);
    expect(scalarMeanRadius(-1, 0, 1)).toBe(Infinity);
  });
});
