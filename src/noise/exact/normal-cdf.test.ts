import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CDF_ERROR, cdfNodes, lowerCdf, roughDensity } from './normal-cdf.ts';
import { normalUpperTail } from './normal-tail.ts';

const nodes = cdfNodes();

/** |Φ(z) − lowerCdf(z)| in whole numbers: both are multiples of 2^-256. */
function error(z: number): number {
  let [numerator, denominator] = [-z, 1n];
  while (!Number.isInteger(numerator)) {
    numerator *= 2;
    denominator *= 2n;
  }
  const exact = numerator === 0 ? 1n << 255n : normalUpperTail(BigInt(numerator), denominator);
  const value = lowerCdf(nodes, z);
  // a float64 up to 1 with a quantum of 2^-1074; those below 2^-200 do not matter here
  const scaled = BigInt(Math.round(value * 2 ** 100)) << 156n;
  const difference = exact - scaled;
  return Math.abs(Number(difference)) * 2 ** -256;
}

test('is within a quarter of what is proved', () => {
  fc.assert(
    fc.property(fc.double({ min: -12, max: 0, noNaN: true }), (z) => {
      // tiny numbers have denominators beyond what is worth computing
      if (z < 0 && z > -(2 ** -60)) return;
      expect(error(z)).toBeLessThan(CDF_ERROR / 4);
    }),
    { numRuns: 2000 },
  );
});

test('is so between the nodes, where it is worst', () => {
  for (let i = 0; i < 192; i++)
    for (const z of [-i / 16, -(i + 0.4999) / 16, -(i + 0.5) / 16, -(i + 0.5001) / 16])
      expect(error(z)).toBeLessThan(CDF_ERROR / 4);
});

test('the density is near', () => {
  for (let z = -6; z <= 0; z += 0.01) {
    const exact = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    expect(Math.abs(roughDensity(nodes, z) / exact - 1)).toBeLessThan(0.02);
  }
});
