import { describe, expect, test } from 'vitest';
import { cellTable } from './cell-table.ts';
import { exactNoise } from './exact-noise.ts';
import { exactPerturbReference, greyAffine } from './grey-input.ts';
import { exactNoiseKey } from './key.ts';

const OPTION_INVALID = expect.objectContaining({ code: 'OPTION_INVALID' });
const key = exactNoiseKey({ seed: 9, query: 'picture', phase: 'selection' });
const normalisation = { mean: [0.485, 0.456], std: [0.229, 0.224] };
const base = Uint8Array.of(0, 1, 127, 254, 255, 0, 1, 127, 254, 255);
const table = cellTable(0.25);

describe('exactPerturbReference', () => {
  test('is ((base + k)/255 - mean)/std to f32 accuracy, not clipped', () => {
    const out = exactPerturbReference({
      key,
      firstSample: 4,
      count: 3,
      table,
      base,
      ...greyAffine(normalisation),
    });
    expect(out.length).toBe(30);
    for (let row = 0; row < 3; row++) {
      const noise = exactNoise(key, 4 + row, 10, table);
      for (let i = 0; i < 10; i++) {
        const channel = i < 5 ? 0 : 1;
        const pixel = (base[i] + noise[i]) / 255;
        const expected = (pixel - normalisation.mean[channel]) / normalisation.std[channel];
        expect(Math.abs(out[row * 10 + i] - expected)).toBeLessThan(2e-6);
      }
    }
  });

  test('gives the same input for the same grey level, whatever is noise in it', () => {
    const affine = greyAffine(normalisation);
    const [x] = [Uint8Array.from({ length: 200 }, (_, i) => i % 100)];
    const noise = exactNoise(key, 0, 200, table);
    const out = exactPerturbReference({ key, firstSample: 0, count: 1, table, base: x, ...affine });
    const inputs = new Map<string, number>();
    for (const [i, value] of out.entries()) {
      const level = `${i < 100 ? 0 : 1} ${x[i] + noise[i]}`;
      expect(inputs.get(level) ?? value).toBe(value);
      inputs.set(level, value);
    }
  });

  test.each([
    { base: new Uint8Array(7) },
    { base: new Uint8Array(0) },
    { offset: new Float32Array(3) },
    { firstSample: -1 },
    { count: 0.5 },
  ])('refuses %j', (wrong) => {
    const source = { key, firstSample: 0, count: 1, table, base, ...greyAffine(normalisation), ...wrong };
    expect(() => exactPerturbReference(source)).toThrow(OPTION_INVALID);
  });
});

describe('greyAffine', () => {
  test('is 1/(255 std) and -mean/std, each rounded once', () => {
    expect(greyAffine(normalisation)).toEqual({
      scale: Float32Array.of(1 / (255 * 0.229), 1 / (255 * 0.224)),
      offset: Float32Array.of(-0.485 / 0.229, -0.456 / 0.224),
    });
  });

  test.each([
    { mean: [], std: [] },
    { mean: [0.5], std: [0.5, 0.5] },
    { mean: [NaN], std: [1] },
    { mean: [0], std: [0] },
    { mean: [0], std: [Infinity] },
  ])('refuses %j', (wrong) => {
    expect(() => greyAffine(wrong)).toThrow(OPTION_INVALID);
  });
});
