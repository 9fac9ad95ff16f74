import { describe, expect, test } from 'vitest';
import { PHASES, type Phase } from '../stream.ts';
import { cellOfDraw, type CellTable, cellTable, UNDECIDED } from './cell-table.ts';
import { exactNoise } from './exact-noise.ts';
import samples from './fixtures/samples.json' with { type: 'json' };
import { drawsOf, exactNoiseKey, prefixOf } from './key.ts';
import { sha256 } from './sha256.ts';

const OPTION_INVALID = expect.objectContaining({ code: 'OPTION_INVALID' });
const key = exactNoiseKey({ seed: 1, query: 'q', phase: 'estimation' });

/** Chance passes this many standard deviations once in 10^6 times; the keys are fixed, so no test fails by chance. */
const LIMIT = 5;

/** P(cell), index 0 for cell −K. */
function probabilities({ borders }: CellTable): number[] {
  const ends = [0n, ...borders, 1n << 64n];
  return ends.slice(1).map((end, i) => Number(end - ends[i]) * 2 ** -64);
}

/** The mean of f over the law of the table. */
const mean = (table: CellTable, f: (cell: number) => number): number =>
  probabilities(table).reduce((sum, p, i) => sum + p * f(i - table.reach), 0);

/** How many standard deviations the sum of f over the values is from its mean. */
function deviations(values: Int16Array, table: CellTable, f: (cell: number) => number): number {
  const centre = mean(table, f);
  const variance = mean(table, (cell) => f(cell) ** 2) - centre ** 2;
  let sum = 0;
  for (const value of values) sum += f(value) - centre;
  return Math.abs(sum) / Math.sqrt(variance * values.length);
}

/** How many standard deviations Σ f(a_i) f(b_i) is from 0, for f of mean 0 and a and b independent. */
function correlation(a: Int16Array, b: Int16Array, table: CellTable, f: (cell: number) => number): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += f(a[i]) * f(b[i]);
  return Math.abs(sum) / (mean(table, (cell) => f(cell) ** 2) * Math.sqrt(a.length));
}

/** χ² of counts against probabilities, in standard deviations; bins of fewer than 20 expected are taken together. */
function chiSquare(counts: number[], p: number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const rest = { count: 0, expected: 0 };
  let sum = 0;
  let bins = 0;
  for (const [i, count] of counts.entries()) {
    const expected = p[i] * total;
    if (expected < 20) {
      rest.count += count;
      rest.expected += expected;
    } else {
      sum += (count - expected) ** 2 / expected;
      bins++;
    }
  }
  if (rest.expected > 5) {
    sum += (rest.count - rest.expected) ** 2 / rest.expected;
    bins++;
  }
  return Math.abs(sum - (bins - 1)) / Math.sqrt(2 * (bins - 1));
}

describe('exactNoise', () => {
  test.each(samples)('is what Python computes from its definition, %#', (row) => {
    const seed = typeof row.seed === 'string' ? Uint8Array.from(Buffer.from(row.seed, 'hex')) : row.seed;
    const phase = (Object.keys(PHASES) as Phase[]).find((name) => PHASES[name] === row.phase) ?? 'selection';
    const noise = exactNoise(
      exactNoiseKey({ seed, query: row.query, phase }),
      row.sample,
      row.dimension,
      cellTable(row.sigma),
    );
    expect([...noise.subarray(0, 64)]).toEqual(row.first);
    expect(Buffer.from(sha256(new Uint8Array(noise.buffer))).toString('hex')).toBe(row.hash);
  });

  test('is the cell of 64 bits for every value, decided or not', () => {
    const table = cellTable(1);
    const noise = exactNoise(key, 3, 10_000, table);
    const draws = drawsOf(key, 3);
    let open = 0;
    for (const [i, value] of noise.entries()) {
      const prefix = prefixOf(draws.prefixes(Math.floor(i / 32)), i % 32);
      if (table.prefixes[prefix] === UNDECIDED) open++;
      expect(value).toBe(cellOfDraw(table, (BigInt(prefix) << 48n) | draws.rest(i)));
    }
    expect(open).toBeGreaterThan(200);
  });

  test('begins alike in every dimension', () => {
    const table = cellTable(0.25);
    const noise = exactNoise(key, 5, 1000, table);
    for (const dimension of [1, 31, 32, 33, 999])
      expect(exactNoise(key, 5, dimension, table)).toEqual(noise.subarray(0, dimension));
  });

  test.each([
    [-1, 10],
    [0.5, 10],
    [2 ** 48, 10],
    [0, 0],
    [0, 2.5],
    [0, NaN],
  ])('refuses sample %s, dimension %s', (sample, dimension) => {
    expect(() => exactNoise(key, sample, dimension, cellTable(0.25))).toThrow(OPTION_INVALID);
  });
});

describe.each([0.004, 0.02, 0.25, 1])('the values at sigma = %s', (sigma) => {
  const DIMENSION = 300_000;
  const table = cellTable(sigma);
  const scale = 255 * sigma;
  const first = exactNoise(key, 0, DIMENSION, table);
  const second = exactNoise(key, 1, DIMENSION, table);

  test('have the cells of the table', () => {
    for (const noise of [first, second]) {
      const counts = Array.from({ length: 2 * table.reach + 1 }, () => 0);
      for (const value of noise) counts[value + table.reach]++;
      expect(chiSquare(counts, probabilities(table))).toBeLessThan(LIMIT);
    }
  });

  test('have its moments, its parity and its low bits', () => {
    for (const power of [1, 2, 3, 4, 6])
      expect(deviations(first, table, (cell) => (cell / scale) ** power)).toBeLessThan(LIMIT);
    for (const bit of [0, 1, 2])
      expect(deviations(first, table, (cell) => (cell >> bit) & 1)).toBeLessThan(LIMIT);
  });

  test('do not depend on their neighbours', () => {
    const meanSquare = mean(table, (cell) => cell ** 2);
    const meanParity = mean(table, (cell) => cell & 1);
    for (const lag of [1, 2, 3, 4, 7, 8, 16, 31, 32, 33, 64, 1024]) {
      const [a, b] = [first.subarray(0, DIMENSION - lag), first.subarray(lag)];
      expect(correlation(a, b, table, (cell) => cell)).toBeLessThan(LIMIT);
      expect(correlation(a, b, table, (cell) => (cell & 1) - meanParity)).toBeLessThan(LIMIT);
      expect(correlation(a, b, table, (cell) => cell ** 2 - meanSquare)).toBeLessThan(LIMIT);
    }
  });

  test('do not depend on other samples, queries, phases and seeds', () => {
    const others = [
      second,
      exactNoise(key, 2 ** 32, DIMENSION, table),
      exactNoise(exactNoiseKey({ seed: 1, query: 'r', phase: 'estimation' }), 0, DIMENSION, table),
      exactNoise(exactNoiseKey({ seed: 1, query: 'q', phase: 'selection' }), 0, DIMENSION, table),
      exactNoise(exactNoiseKey({ seed: 2, query: 'q', phase: 'estimation' }), 0, DIMENSION, table),
    ];
    for (const other of others) expect(correlation(first, other, table, (cell) => cell)).toBeLessThan(LIMIT);
  });

  test('come in pairs as independent values do', () => {
    const p = probabilities(table);
    /** P(cell mod 4 = r). */
    const residues = [0, 1, 2, 3].map((r) =>
      p.reduce((sum, q, i) => (((i - table.reach) & 3) === r ? sum + q : sum), 0),
    );
    const counts = Array.from({ length: 16 }, () => 0);
    let repeats = 0;
    for (let i = 0; i < DIMENSION; i += 2) {
      counts[4 * (first[i] & 3) + (first[i + 1] & 3)]++;
      if (first[i] === first[i + 1]) repeats++;
    }
    const products = residues.flatMap((a) => residues.map((b) => a * b));
    expect(chiSquare(counts, products)).toBeLessThan(LIMIT);

    const same = p.reduce((sum, q) => sum + q * q, 0);
    const pairs = DIMENSION / 2;
    const spread = Math.sqrt(pairs * same * (1 - same));
    expect(Math.abs(repeats - pairs * same) / spread).toBeLessThan(LIMIT);
  });
});

describe('the other 48 bits', () => {
  const table = cellTable(1);
  const DIMENSION = 400_000;

  test('decide open prefixes with the right odds, whatever the prefix and the place', () => {
    const noise = exactNoise(key, 9, DIMENSION, table);
    const draws = drawsOf(key, 9);
    /** Σ(hit − p) and Σ p(1 − p), over all, and by low bits of prefix and place. */
    const groups = Array.from({ length: 5 }, () => ({ excess: 0, variance: 0 }));
    for (const [i, value] of noise.entries()) {
      const prefix = prefixOf(draws.prefixes(Math.floor(i / 32)), i % 32);
      if (table.prefixes[prefix] !== UNDECIDED) continue;
      const start = BigInt(prefix) << 48n;
      const lowest = cellOfDraw(table, start);
      const p = Number(table.borders[lowest + table.reach] - start) * 2 ** -48;
      for (const group of [groups[0], groups[1 + (prefix & 1)], groups[3 + (i & 1)]]) {
        group.excess += (value === lowest ? 1 : 0) - p;
        group.variance += p * (1 - p);
      }
    }
    expect(groups[0].variance).toBeGreaterThan(1000);
    for (const { excess, variance } of groups)
      expect(Math.abs(excess) / Math.sqrt(variance)).toBeLessThan(LIMIT);
  });

  test('are uniform and none of the prefix again', () => {
    const draws = drawsOf(key, 11);
    const COUNT = 20_000;
    const ones = Array.from({ length: 48 }, () => 0);
    const equal = Array.from({ length: 48 }, () => 0);
    for (let i = 0; i < COUNT; i++) {
      const rest = draws.rest(i);
      const prefix = prefixOf(draws.prefixes(Math.floor(i / 32)), i % 32);
      for (let bit = 0; bit < 48; bit++) {
        const one = Number((rest >> BigInt(bit)) & 1n);
        ones[bit] += one;
        if (one === ((prefix >> (bit % 16)) & 1)) equal[bit]++;
      }
    }
    for (const count of [...ones, ...equal])
      expect(Math.abs(count - COUNT / 2) / Math.sqrt(COUNT / 4)).toBeLessThan(LIMIT);
  });
});
