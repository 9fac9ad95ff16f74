import { describe, expect, test } from 'vitest';
import { philox4x32, type Words4 } from './philox.ts';

describe('philox4x32', () => {
  // kat_vectors of Random123, philox4x32 with 10 rounds
  const F = 0xffffffff;
  const vectors: [Words4, [number, number], Words4][] = [
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [F, F, F, F],
      [F, F],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ];
  test.each(vectors)('known answer for counter %j, key %j', (counter, key, output) => {
    expect(philox4x32(counter, key)).toEqual(output);
  });

  test('every input bit changes the output', () => {
    const seen = new Set<string>([philox4x32([0, 0, 0, 0], [0, 0]).join()]);
    for (let bit = 0; bit < 192; bit++) {
      const words = [0, 0, 0, 0, 0, 0];
      words[bit >> 5] = (1 << (bit & 31)) >>> 0;
      const [c0, c1, c2, c3, k0, k1] = words;
      seen.add(philox4x32([c0, c1, c2, c3], [k0, k1]).join());
    }
    expect(seen.size).toBe(193);
  });
});
