import { describe, expect, test } from 'vitest';
import tables from './fixtures/borders.json' with { type: 'json' };
import { exactScale } from './cell-table.ts';
import { normalUpperTail, TAIL_BITS, TAIL_ERROR } from './normal-tail.ts';

const distance = (a: bigint, b: bigint): bigint => (a > b ? a - b : b - a);

/** 2^320 arctan(1/n), less than 300 units too small or too large. */
function arctanOfInverse(n: bigint): bigint {
  let power = (1n << 320n) / n;
  let sum = 0n;
  for (let k = 0n; power > 0n; k++) {
    sum += (k % 2n === 0n ? power : -power) / (2n * k + 1n);
    power /= n * n;
  }
  return sum;
}

describe('normalUpperTail', () => {
  test('agrees with mpmath at all borders of four sigmas', () => {
    let count = 0;
    for (const { sigma, tails } of tables.full) {
      const { numerator, denominator } = exactScale(sigma);
      for (const [k, digits] of tails.entries()) {
        const want = BigInt(`0x${digits}`) << (TAIL_BITS - 192n);
        const got = normalUpperTail(BigInt(2 * k + 1) * denominator, 2n * numerator);
        // the table is rounded to 2^-192
        expect(distance(got, want) < TAIL_ERROR + (1n << (TAIL_BITS - 193n))).toBe(true);
        count++;
      }
    }
    expect(count).toBeGreaterThan(800);
  });

  test('is far better than proved near the centre', () => {
    // 1 − Φ(1), 54 digits, by mpmath
    const want = 158655253931457051414767454367962077522087033273395609n;
    expect(distance((normalUpperTail(1n, 1n) * 10n ** 54n) >> TAIL_BITS, want)).toBeLessThanOrEqual(1n);
  });

  test('ends at the far end too', () => {
    // Φ(−13) is about 6.1e-39
    const scaled = Number(normalUpperTail(12_999n, 1000n)) * 2 ** -256;
    expect(Math.abs(scaled)).toBeLessThan(2 ** -125);
  });

  test('falls, and is nearly ½ at a tiny number', () => {
    const half = 1n << (TAIL_BITS - 1n);
    expect(distance(normalUpperTail(1n, 1n << 200n), half)).toBeLessThan(1n << 60n);
    let last = half;
    for (let x = 1n; x < 1000n; x++) {
      const tail = normalUpperTail(x, 100n);
      expect(tail < last).toBe(true);
      last = tail;
    }
  });

  test('its constant is 1/√(2π), by Machin and by squaring', () => {
    // ½ − tail is x/√(2π) for tiny x: x = 2^-100 shows the first 155 bits of the constant
    const half = 1n << (TAIL_BITS - 1n);
    const constant = (half - normalUpperTail(1n, 1n << 100n)) << 100n;
    const pi = (16n * arctanOfInverse(5n) - 4n * arctanOfInverse(239n)) >> 64n;
    const product = (((constant * constant) >> 256n) * 2n * pi) >> 256n;
    expect(distance(product, 1n << 256n)).toBeLessThan(1n << 110n);
  });
});
