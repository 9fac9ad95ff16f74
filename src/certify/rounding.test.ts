/**
 * Rounding inside the betting bounds, at as many samples as are accepted. The products are computed again in 200 bits: exact rational
 * numbers for 1 + λ·gap, logarithms by their series.
 */
import { describe, expect, test } from 'vitest';
import { MOST_SAMPLES } from './counters.ts';
import { bettingUpperBound } from './mean-bound.ts';
import { RadiusBet } from './radius-bets.ts';

const BITS = 200n;
const ONE = 1n << BITS;

/** A float64 as a multiple of 2⁻²⁰⁰, exactly where it has no smaller bits. */
function fixed(value: number): bigint {
  let exponent = 0;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    exponent++;
  }
  return exponent <= 200
    ? BigInt(scaled) << BigInt(200 - exponent)
    : BigInt(scaled) >> BigInt(exponent - 200);
}

/** ln x for x > 0, both in units of 2⁻²⁰⁰: halved to near 1, then 2·artanh((x−1)/(x+1)). */
function ln(x: bigint): bigint {
  const artanh = (y: bigint): bigint => {
    const square = (y * y) / ONE;
    let sum = 0n;
    for (let power = y, k = 1n; power !== 0n; power = (power * square) / ONE, k += 2n) sum += power / k;
    return 2n * sum;
  };
  const ln2 = artanh(ONE / 3n);
  let halvings = 0n;
  let value = x;
  while (value > (3n * ONE) / 2n) {
    value >>= 1n;
    halvings++;
  }
  while (value < (3n * ONE) / 4n) {
    value <<= 1n;
    halvings--;
  }
  return artanh(((value - ONE) << BITS) / (value + ONE)) + halvings * ln2;
}
const toNumber = (value: bigint): number => Number(value >> (BITS - 60n)) / 2 ** 60;

test('the oracle knows logarithms', () => {
  for (const x of [0.001, 0.7, 1, 1.3, 77]) expect(toNumber(ln(fixed(x)))).toBeCloseTo(Math.log(x), 13);
});

describe('the product of bets on a radius', () => {
  const levels = Float64Array.from({ length: 64 }, (_, j) => -0.9 + (1.7 * (j + 1)) / 64);
  const reference = Float64Array.from(levels, (_, j) => Math.max(0, 1 - ((j + 1) / 40) ** 2));

  test.each([0.01, 0.3, 1, 4])('at radius %sσ is at most what it is exactly', (radius) => {
    const gap = RadiusBet.at(levels, reference, radius, 1);
    for (const share of [1e-3, 0.3, 0.999]) {
      const bet = gap.staked(Math.min(1e6, gap.most) * share);
      // nearly balanced counts: what is left of a sum of 10⁹ logarithms
      const counts = levels.map((_, j) => (j % 2 === 0 ? 1 : 3) * Math.floor(MOST_SAMPLES / 128));
      let exact = 0n;
      for (const [j, count] of counts.entries())
        exact += BigInt(count) * ln(ONE + ((fixed(bet.stake) * fixed(bet.gap[j])) >> BITS));
      const found = bet.logProduct(counts);
      expect(found).toBeLessThanOrEqual(toNumber(exact));
      expect(found).toBeGreaterThan(toNumber(exact) - 0.01 * (1 + Math.abs(toNumber(exact))));
    }
  });
});

describe('the bound of a mean', () => {
  test.each([1e-4, 0.05, 0.4])('with a stake of %s satisfies its inequality exactly', (stake) => {
    const levels = Float64Array.of(-0.3, 0.1, 0.6, 0.9);
    const counts = [4, 3, 2, 1].map((part) => (part * MOST_SAMPLES) / 10);
    const [low, slack, samples, alpha] = [-1, 1e-7, MOST_SAMPLES, 0.001];
    const mean = -0.12;
    const bound = bettingUpperBound({ mean, counts, samples, levels, low, slack }, stake, alpha);
    // G(bound) in 200 bits
    const [m, λ] = [fixed(bound), fixed(stake)];
    let growth = BigInt(samples) * ((λ * (m - fixed(mean))) >> BITS);
    for (const [j, count] of counts.entries()) {
      const ends = [
        (λ * (m - fixed(levels[j]))) >> BITS,
        (λ * (m - fixed(j === 0 ? low : levels[j - 1]) + fixed(slack))) >> BITS,
      ].map((x) => ln(ONE + x) - x);
      growth += BigInt(count) * (ends[0] < ends[1] ? ends[0] : ends[1]);
    }
    expect(toNumber(growth)).toBeGreaterThanOrEqual(Math.log(1 / alpha));
    expect(bound).toBeLessThan(0.9);
  });
});
