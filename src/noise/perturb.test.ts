import { describe, expect, test } from 'vitest';
import { gaussianSample } from './gaussian.ts';
import { affineNoise, perturbReference } from './perturb.ts';
import { noiseKey } from './stream.ts';

const key = noiseKey({ seed: 9, query: 'image', phase: 'selection' });
const normalisation = { mean: [0.485, 0.456], std: [0.229, 0.224] };
const image = Float32Array.from({ length: 10 }, (_, i) => i / 10);
const OPTION_INVALID = expect.objectContaining({ code: 'OPTION_INVALID' });

describe('perturbReference', () => {
  test('is (x + sigma z - mean) / std to f32 accuracy', () => {
    const affine = affineNoise(image, 0.25, normalisation);
    const out = perturbReference({ key, firstSample: 4, count: 3, ...affine });
    expect(out.length).toBe(30);
    for (let row = 0; row < 3; row++) {
      const z = gaussianSample(key, 4 + row, 10);
      for (let i = 0; i < 10; i++) {
        const channel = i < 5 ? 0 : 1;
        const expected = (image[i] + 0.25 * z[i] - normalisation.mean[channel]) / normalisation.std[channel];
        expect(Math.abs(out[row * 10 + i] - expected)).toBeLessThan(2e-6);
      }
    }
  });

  test('without noise is the normalised image', () => {
    const affine = affineNoise(image, 0, normalisation);
    expect(perturbReference({ key, firstSample: 0, count: 1, ...affine })).toEqual(affine.base);
  });

  test('no rows give nothing', () => {
    const affine = affineNoise(image, 1, normalisation);
    expect(perturbReference({ key, firstSample: 0, count: 0, ...affine }).length).toBe(0);
  });

  test('refuses lengths that do not fit', () => {
    const base = new Float32Array(7);
    expect(() =>
      perturbReference({ key, firstSample: 0, count: 1, base, scale: new Float32Array(2) }),
    ).toThrow(OPTION_INVALID);
    expect(() =>
      perturbReference({ key, firstSample: 0, count: 1, base, scale: new Float32Array(0) }),
    ).toThrow(OPTION_INVALID);
  });
});

describe('affineNoise', () => {
  test('refuses what makes no sense', () => {
    const good = { mean: [0], std: [1] };
    expect(() => affineNoise(image, -1, good)).toThrow(OPTION_INVALID);
    expect(() => affineNoise(image, NaN, good)).toThrow(OPTION_INVALID);
    expect(() => affineNoise(image, 1, { mean: [0], std: [0] })).toThrow(OPTION_INVALID);
    expect(() => affineNoise(image, 1, { mean: [NaN], std: [1] })).toThrow(OPTION_INVALID);
    expect(() => affineNoise(image, 1, { mean: [0], std: [1, 1] })).toThrow(OPTION_INVALID);
    expect(() => affineNoise(image, 1, { mean: [0, 0, 0], std: [1, 1, 1] })).toThrow(OPTION_INVALID);
    expect(() => affineNoise(image, 1, { mean: [], std: [] })).toThrow(OPTION_INVALID);
    expect(() => affineNoise(new Float32Array(0), 1, good)).toThrow(OPTION_INVALID);
  });
});
