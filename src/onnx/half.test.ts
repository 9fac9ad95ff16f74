import { describe, expect, test } from 'vitest';
import { float16ToFloat32, float16ToNumber, float32ToFloat16, numberToFloat16 } from './half.ts';

const ALL = Uint16Array.from({ length: 65536 }, (_, i) => i);
const isNaNBits = (bits: number) => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;

describe('float16', () => {
  test('known values', () => {
    for (const [bits, value] of [
      [0x0000, 0],
      [0x3c00, 1],
      [0xc000, -2],
      [0x7bff, 65504],
      [0x0400, 2 ** -14],
      [0x0001, 2 ** -24],
      [0x3555, 0.333251953125],
      [0x7c00, Number.POSITIVE_INFINITY],
      [0xfc00, Number.NEGATIVE_INFINITY],
    ]) {
      expect(float16ToNumber(bits)).toBe(value);
      expect(numberToFloat16(value)).toBe(bits);
    }
    expect(float16ToNumber(0x8000)).toBe(-0);
    expect(numberToFloat16(-0)).toBe(0x8000);
  });

  test('all 65,536 values survive a round trip, as numbers and as arrays', () => {
    const floats = float16ToFloat32(ALL);
    const back = float32ToFloat16(floats);
    let wrong = 0;
    for (const bits of ALL) {
      if (!Object.is(floats[bits], float16ToNumber(bits))) wrong++;
      if (isNaNBits(bits)) {
        if (!Number.isNaN(floats[bits]) || !isNaNBits(back[bits])) wrong++;
      } else if (back[bits] !== bits || numberToFloat16(floats[bits]) !== bits) wrong++;
    }
    expect(wrong).toBe(0);
  });

  test('between every two neighbours it rounds to the nearest, a tie to the even one, for both signs', () => {
    const word = new Uint32Array(1);
    const single = new Float32Array(word.buffer);
    const neighbour = (x: number, step: number): number => {
      single[0] = x;
      word[0] += step;
      return single[0];
    };
    let wrong = 0;
    for (let low = 0; low < 0x7c00; low++) {
      const high = low + 1;
      // Past the largest finite value the next step would be 65,536, and stands for infinity.
      const upper = high === 0x7c00 ? 65536 : float16ToNumber(high);
      const middle = (float16ToNumber(low) + upper) / 2; // exact in float32
      const even = low % 2 === 0 ? low : high;
      for (const sign of [0, 0x8000]) {
        const s = sign ? -1 : 1;
        if (numberToFloat16(s * middle) !== (sign | even)) wrong++;
        if (numberToFloat16(s * neighbour(middle, -1)) !== (sign | low)) wrong++;
        if (numberToFloat16(s * neighbour(middle, 1)) !== (sign | high)) wrong++;
      }
    }
    expect(wrong).toBe(0);
  });

  test('NaN, overflow, underflow', () => {
    expect(isNaNBits(numberToFloat16(Number.NaN))).toBe(true);
    expect(numberToFloat16(1e30)).toBe(0x7c00);
    expect(numberToFloat16(-65520)).toBe(0xfc00);
    expect(numberToFloat16(1e-30)).toBe(0);
    expect(numberToFloat16(1e-44)).toBe(0);
  });

  test('converts a view that starts inside a buffer into a given array', () => {
    const view = new Float32Array(new Float32Array([9, 1, -2]).buffer, 4);
    const output = new Uint16Array(3);
    expect(float32ToFloat16(view, output)).toBe(output);
    expect([...output]).toEqual([0x3c00, 0xc000, 0]);
  });
});
