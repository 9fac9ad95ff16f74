import { describe, expect, test } from 'vitest';
import { borderAt, cellTable, exactScale, LARGEST_SIGMA, SMALLEST_SIGMA, UNDECIDED } from './cell-table.ts';
import { eta } from './eta.ts';
import { levelsOfPrefix } from './exact-real.ts';
import real from './fixtures/real.json' with { type: 'json' };
import { positionTable } from './position-table.ts';

const OPTION_INVALID = expect.objectContaining({ code: 'OPTION_INVALID' });
const PREFIXES = 1 << 16;
const PER_PREFIX = 1n << 48n;

describe.each([SMALLEST_SIGMA, 0.02, 0.25, 1, LARGEST_SIGMA])('the positions at sigma = %s', (sigma) => {
  const { positions } = positionTable(sigma);
  const scale = exactScale(sigma);

  test('are the last whose border is below the draws of the prefix', () => {
    const prefixes = [1, 2, 3, 4, 5, 10, 100, 1000, 32766, 32767, 32768];
    for (let prefix = 17; prefix < 32768; prefix += 331) prefixes.push(prefix);
    for (const prefix of prefixes) {
      const first = BigInt(prefix) * PER_PREFIX;
      expect(borderAt(scale, positions[prefix])).toBeLessThan(first);
      expect(borderAt(scale, positions[prefix] + 1)).toBeGreaterThanOrEqual(first);
    }
  });

  test('never fall', () => {
    expect(positions.every((position, prefix) => prefix === 0 || position >= positions[prefix - 1])).toBe(
      true,
    );
  });
});

test.each([SMALLEST_SIGMA, 0.02, 0.25, 1])(
  'decides for whole pixels what the cells decide, sigma %s',
  (sigma) => {
    const { prefixes } = cellTable(sigma);
    const table = positionTable(sigma);
    const decided = Int16Array.from(prefixes, (_, prefix) => {
      const [lowest, highest] = levelsOfPrefix(table, 77 * 65536, prefix);
      return lowest === highest ? lowest - 77 : UNDECIDED;
    });
    expect(decided).toEqual(prefixes);
  },
);

describe.each(real.laws)('the law at sigma = $sigma of pixel $pixel', ({ sigma, pixel, cdf }) => {
  const table = positionTable(sigma);
  const scale = exactScale(sigma);
  const lowestLevel = ((pixel + 32768) >> 16) - table.reach;

  /** How many of the 2^64 draws give each level, from what the prefixes decide and what the borders do. */
  function drawsOfLevels(): bigint[] {
    const draws = Array.from({ length: cdf.length + 1 }, () => 0n);
    for (let prefix = 0; prefix < PREFIXES; prefix++) {
      const [lowest, highest] = levelsOfPrefix(table, pixel, prefix);
      const first = BigInt(prefix) * PER_PREFIX;
      let from = first;
      for (let level = lowest; level < highest; level++) {
        const border = borderAt(scale, level * 65536 + 32768 - pixel);
        const end = border < from ? from : border > first + PER_PREFIX ? first + PER_PREFIX : border;
        draws[level - lowestLevel] += end - from;
        from = end;
      }
      draws[highest - lowestLevel] += first + PER_PREFIX - from;
    }
    return draws;
  }

  test('is within eta of the ideal one in total variation, each border within 2^-64', () => {
    const draws = drawsOfLevels();
    const ideal = cdf.map((digits) => BigInt(`0x${digits}`));
    const one = 1n << 128n;
    let below = 0n;
    let variation = 0n;
    for (const [i, drawn] of draws.entries()) {
      below += drawn;
      if (i < ideal.length) {
        const off = (below << 64n) - ideal[i];
        expect(off < 0n ? -off : off).toBeLessThan(1n << 64n);
      }
      const mass = (ideal[i] ?? one) - (i === 0 ? 0n : ideal[i - 1]);
      const difference = (drawn << 64n) - mass;
      variation += difference < 0n ? -difference : difference;
    }
    expect(below).toBe(1n << 64n);
    // what the ideal law has beyond the outermost cells comes on top, at most what eta reserves for it
    expect(Number(variation / 2n) * 2 ** -128).toBeLessThan(eta(1, sigma));
    expect(Number(variation)).toBeGreaterThan(0);
  });
});

test.each([0, SMALLEST_SIGMA / 2, LARGEST_SIGMA + 1, NaN, -0.25])('refuses sigma %s', (sigma) => {
  expect(() => positionTable(sigma)).toThrow(OPTION_INVALID);
});

test('is kept', () => {
  expect(positionTable(0.3)).toBe(positionTable(0.3));
});
