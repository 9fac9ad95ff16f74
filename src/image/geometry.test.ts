import { describe, expect, it } from 'vitest';
import { centerCrop, resizedSize } from './geometry.ts';

describe('resizedSize', () => {
  it.each([
    [{ height: 100, width: 200 }, 50, undefined, { height: 50, width: 100 }],
    [{ height: 375, width: 500 }, 256, undefined, { height: 256, width: 341 }], // 341.33
    [{ height: 500, width: 333 }, 224, undefined, { height: 336, width: 224 }], // 336.34
    [{ height: 7, width: 7 }, 3, undefined, { height: 3, width: 3 }],
    [{ height: 100, width: 300 }, 50, 120, { height: 40, width: 120 }],
    [{ height: 300, width: 100 }, 50, 150, { height: 150, width: 50 }],
  ])('of %o with edge %i and max %o', (from, edge, max, want) => {
    expect(resizedSize(from, { kind: 'shortest_edge', edge, max })).toEqual(want);
  });
});

describe('centerCrop', () => {
  const row = (...data: number[]) =>
    ({ data: Uint8Array.from(data), height: 1, width: data.length, channels: 1 }) as const;
  it.each([
    [[1, 2, 3, 4, 5], 3, [2, 3, 4]],
    [[1, 2, 3, 4], 3, [1, 2, 3]], // ⌊½⌋ = 0
    [[1, 2, 3, 4, 5], 2, [2, 3]],
    [[1, 2], 4, [0, 1, 2, 0]],
    [[1, 2], 5, [0, 0, 1, 2, 0]], // ⌊−3⁄2⌋ = −2
  ])('of %o to %i', (data, width, want) => {
    expect([...centerCrop(row(...data), { height: 1, width }).data]).toEqual(want);
  });

  it('crops one axis and pads the other', () => {
    const image = { data: Uint8Array.from([1, 2, 3, 4, 5, 6]), height: 2, width: 3, channels: 1 } as const;
    expect([...centerCrop(image, { height: 4, width: 1 }).data]).toEqual([0, 2, 5, 0]);
  });
});
