import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import tables from './fixtures/borders.json' with { type: 'json' };
import {
  cellOfDraw,
  cellOfOpenPrefix,
  type CellTable,
  cellTable,
  exactScale,
  LARGEST_SIGMA,
  SMALLEST_SIGMA,
  UNDECIDED,
} from './cell-table.ts';
import { eta } from './eta.ts';
import { sha256 } from './sha256.ts';

const OPTION_INVALID = expect.objectContaining({ code: 'OPTION_INVALID' });
const WHOLE = 1n << 64n;
const REST = 1n << 48n;

const distance = (a: bigint, b: bigint): bigint => (a > b ? a - b : b - a);
const hexHash = (bytes: Uint8Array): string => Buffer.from(sha256(bytes)).toString('hex');

/** How many of the 2^64 draws give each cell, index 0 for cell −K, as the sampler decides: by the prefix, or by all bits. */
function law(table: CellTable): bigint[] {
  const counts = Array.from({ length: 2 * table.reach + 1 }, () => 0n);
  /** Adds the rests from `low` to `high` of a prefix: the cell never falls with the rest, so equal ends settle what lies between. */
  const add = (prefix: number, low: bigint, high: bigint): void => {
    const cell = cellOfOpenPrefix(table, prefix, low);
    if (cell === cellOfOpenPrefix(table, prefix, high)) counts[cell + table.reach] += high - low + 1n;
    else {
      const middle = (low + high) >> 1n;
      add(prefix, low, middle);
      add(prefix, middle + 1n, high);
    }
  };
  for (const [prefix, cell] of table.prefixes.entries()) {
    if (cell === UNDECIDED) add(prefix, 0n, REST - 1n);
    else counts[cell + table.reach] += REST;
  }
  return counts;
}

/** The ideal probabilities of the cells −K to K, in units of 2^-192, from the table of mpmath; and the mass beyond them. */
function idealLaw({ reach, tails, beyond }: (typeof tables.full)[number]): {
  cells: bigint[];
  beyond: bigint;
} {
  const outer = BigInt(Math.round(Number(beyond) * 2 ** 120)) << 72n;
  const above = [...tails.map((digits) => BigInt(`0x${digits}`)), outer];
  const cells: bigint[] = [];
  for (let k = 1; k <= reach; k++) cells.push(above[k - 1] - above[k]);
  const centre = (1n << 192n) - 2n * above[0];
  return { cells: [...cells.toReversed(), centre, ...cells], beyond: 2n * outer };
}

describe('borders', () => {
  test.each(tables.hashed)('are those of mpmath, all of them: sigma = $sigma', ({ sigma, reach, hash }) => {
    const table = cellTable(sigma);
    expect(table.reach).toBe(reach);
    expect(table.borders.length).toBe(2 * reach);
    expect(hexHash(new Uint8Array(table.borders.buffer))).toBe(hash);
  });

  test.each(tables.full)('are within 2^-64 of the normal distribution: sigma = $sigma', (full) => {
    const { borders, reach } = cellTable(full.sigma);
    for (const [k, digits] of full.tails.entries()) {
      const tail = BigInt(`0x${digits}`);
      const error = distance(borders[reach - k - 1] << 128n, tail);
      expect(error <= 1n << 128n).toBe(true);
      // more than half a unit only where the border is held back from 0
      if (error > (1n << 127n) + 2n) expect([tail < 1n << 127n, borders[reach - k - 1]]).toEqual([true, 1n]);
    }
  });

  test('never reach 0 or 2^64, although the tail rounds to 0 at the outermost', () => {
    const { borders, reach } = cellTable(0.25);
    expect([borders[0], borders[2 * reach - 1]]).toEqual([1n, WHOLE - 1n]);
  });
});

describe('the law of the noise', () => {
  test.each(tables.full)(
    'is that of the borders, and as close to the ideal as eta says: sigma = $sigma',
    (full) => {
      const table = cellTable(full.sigma);
      const counts = law(table);
      const ends = [0n, ...table.borders, WHOLE];
      expect(counts).toEqual(counts.map((_, i) => ends[i + 1] - ends[i]));
      expect(counts.reduce((sum, count) => sum + count, 0n)).toBe(WHOLE);
      expect(counts).toEqual(counts.toReversed());

      const ideal = idealLaw(full);
      const differences = counts.map((count, i) => distance(count << 128n, ideal.cells[i]));
      const twice = differences.reduce((sum, difference) => sum + difference, ideal.beyond);
      const totalVariation = (Number(twice) / 2) * 2 ** -192;
      expect(totalVariation).toBeLessThanOrEqual(eta(1, full.sigma));
      // the bound is not a loose one either
      expect(totalVariation).toBeGreaterThan(eta(1, full.sigma) / 20);
    },
  );

  test('has the variance s² + 1/12 of a rounded normal value', () => {
    for (const sigma of [0.02, 0.1, 0.25]) {
      const table = cellTable(sigma);
      const second = law(table).reduce((sum, count, i) => sum + count * BigInt(i - table.reach) ** 2n, 0n);
      const variance = Number(second) * 2 ** -64;
      expect(Math.abs(variance / ((255 * sigma) ** 2 + 1 / 12) - 1)).toBeLessThan(1e-12);
    }
  });
});

describe('prefixes', () => {
  test('are decided where all their draws share a cell, and only there', () => {
    for (const sigma of [0.002, 0.05, 0.25, 1]) {
      const table = cellTable(sigma);
      const want = table.prefixes.map((_, prefix) => {
        const first = cellOfOpenPrefix(table, prefix, 0n);
        const last = cellOfOpenPrefix(table, prefix, REST - 1n);
        return first === last ? first : UNDECIDED;
      });
      expect(table.prefixes).toEqual(want);
    }
  });

  test.each([
    [0.02, 0.0007],
    [0.25, 0.0073],
    [1, 0.026],
  ])('few are open: sigma = %s', (sigma, share) => {
    const open = cellTable(sigma).prefixes.filter((cell) => cell === UNDECIDED).length;
    expect(open / 65536).toBeCloseTo(share, 4);
  });

  test('the outermost hold hundreds of borders', () => {
    const table = cellTable(0.25);
    expect(cellOfOpenPrefix(table, 0, REST - 1n) - cellOfOpenPrefix(table, 0, 0n)).toBeGreaterThan(200);
  });
});

test('cellOfDraw counts the borders that are not above the draw', () => {
  const { sigma, reach, borders } = cellTable(0.02);
  const table = cellTable(sigma);
  for (const border of borders) {
    for (const draw of [border - 1n, border]) {
      const count = borders.filter((other) => other <= draw).length;
      expect(cellOfDraw(table, draw)).toBe(count - reach);
    }
  }
  expect([cellOfDraw(table, 0n), cellOfDraw(table, WHOLE - 1n)]).toEqual([-reach, reach]);
});

describe('cellTable', () => {
  test('is monotone and symmetric for any sigma', () => {
    const anySigma = fc.oneof(
      { weight: 4, arbitrary: fc.double({ min: SMALLEST_SIGMA, max: 0.3, noNaN: true }) },
      { weight: 1, arbitrary: fc.double({ min: SMALLEST_SIGMA, max: 1.5, noNaN: true }) },
    );
    fc.assert(
      fc.property(anySigma, (sigma) => {
        const { borders, prefixes, reach } = cellTable(sigma);
        expect(reach).toBeGreaterThanOrEqual(9.2 * 255 * sigma * (1 - 1e-15));
        expect(reach).toBeLessThan(9.2 * 255 * sigma * (1 + 1e-15) + 1);
        expect(borders[0] >= 1n && borders[2 * reach - 1] < WHOLE).toBe(true);
        expect(borders.every((border, i) => i === 0 || borders[i - 1] <= border)).toBe(true);
        expect(borders.every((border, i) => border + borders[2 * reach - 1 - i] === WHOLE)).toBe(true);
        const decided = [...prefixes].filter((cell) => cell !== UNDECIDED);
        expect(decided.every((cell, i) => i === 0 || decided[i - 1] <= cell)).toBe(true);
        expect(decided.every((cell) => -reach <= cell && cell <= reach)).toBe(true);
      }),
      { seed: 1, numRuns: 40 },
    );
  });

  test('tells neighbouring float64 sigmas apart: s is exact', () => {
    const next = 0.25 * (1 + Number.EPSILON);
    expect(cellTable(next).borders).not.toEqual(cellTable(0.25).borders);
    expect(exactScale(0.1)).toEqual({
      numerator: 255n * 3602879701896397n,
      denominator: 36028797018963968n,
      reach: 235,
    });
    expect(exactScale(0.5).reach).toBe(1173);
    expect(exactScale(0.5 * (1 + Number.EPSILON)).reach).toBe(1174);
  });

  test('keeps the last tables', () => {
    const table = cellTable(0.01);
    expect(cellTable(0.01)).toBe(table);
    for (let i = 1; i <= 8; i++) cellTable(0.01 + i / 1000);
    expect(cellTable(0.01)).not.toBe(table);
    expect(cellTable(0.01)).toEqual(table);
  });

  test('fits 16 bits with any byte at the largest sigma', () => {
    const { reach } = exactScale(LARGEST_SIGMA);
    expect(255 + reach).toBeLessThan(2 ** 15);
    expect(-reach).toBeGreaterThan(UNDECIDED);
  });

  test.each([0, -0.25, 0.0019, 13.9, 64, NaN, Infinity, '0.25' as unknown as number])(
    'refuses sigma = %s',
    (sigma) => {
      expect(() => cellTable(sigma)).toThrow(OPTION_INVALID);
    },
  );
});
