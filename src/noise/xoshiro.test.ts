import { describe, expect, test } from 'vitest';
import { NONZERO_WORD, Xoshiro128 } from './xoshiro.ts';

/** xoshiro128++ in 64-bit integers, as its authors' C code has it. */
function* twin(state: readonly number[]): Generator<number> {
  const s = state.map(BigInt);
  const mask = 0xffffffffn;
  const rotate = (x: bigint, k: bigint) => ((x << k) | (x >> (32n - k))) & mask;
  for (;;) {
    yield Number((rotate((s[0] + s[3]) & mask, 7n) + s[0]) & mask);
    const t = (s[1] << 9n) & mask;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 11n);
  }
}

describe('Xoshiro128', () => {
  test('published stream of the state 1, 2, 3, 4', () => {
    const stream = new Xoshiro128([1, 2, 3, 4]);
    const words = Array.from({ length: 10 }, () => stream.next());
    expect(words).toEqual([
      641, 1573767, 3222811527, 3517856514, 836907274, 4247214768, 3867114732, 1355841295, 495546011,
      621204420,
    ]);
  });

  test('equals a twin in 64-bit integers from full states', () => {
    const state = [0xffffffff, 0x80000000, 0xdeadbeef, 0x9b00dbd8] as const;
    const stream = new Xoshiro128(state);
    const reference = twin(state);
    for (let i = 0; i < 1000; i++) expect(stream.next()).toBe(reference.next().value);
  });

  test('the all-zero state is replaced', () => {
    const zero = new Xoshiro128([0, 0, 0, 0]);
    const stand = new Xoshiro128([NONZERO_WORD, 0, 0, 0]);
    const words = Array.from({ length: 20 }, () => zero.next());
    expect(words).toEqual(Array.from({ length: 20 }, () => stand.next()));
    expect(new Set(words).size).toBeGreaterThan(10);
  });
});
