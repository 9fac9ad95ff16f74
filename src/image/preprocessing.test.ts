import { describe, expect, it } from 'vitest';
import { defaultPreprocessing, preprocessingHash } from './preprocessing.ts';

const invalid = expect.objectContaining({ code: 'PREPROCESSING_INVALID' }) as unknown;

describe('defaultPreprocessing', () => {
  it('resizes the whole picture and normalises nothing', () => {
    expect(defaultPreprocessing({ channels: 1, height: 28, width: 32 })).toEqual({
      channels: 1,
      height: 28,
      width: 32,
      resize: { kind: 'exact', height: 28, width: 32 },
      resample: 'bilinear',
      centerCrop: null,
      mean: [0],
      std: [1],
    });
  });

  it('takes mean and std, one or one a channel', () => {
    const { mean, std } = defaultPreprocessing({
      channels: 3,
      height: 8,
      width: 8,
      mean: 0.5,
      std: [0.1, 0.2, 0.3],
    });
    expect([mean, std]).toEqual([
      [0.5, 0.5, 0.5],
      [0.1, 0.2, 0.3],
    ]);
  });

  it.each([
    { channels: 4 },
    { height: 0 },
    { width: 2.5 },
    { std: 0 },
    { std: [1, -1, 1] },
    { mean: NaN },
    { mean: [0, 0] },
  ])('refuses %o', (wrong) => {
    try {
      defaultPreprocessing({ channels: 3, height: 8, width: 8, ...wrong });
    } catch (error) {
      expect(error).toEqual(invalid);
      return;
    }
    expect.unreachable();
  });
});

describe('preprocessingHash', () => {
  const record = defaultPreprocessing({ channels: 3, height: 8, width: 8 });

  it('is SHA-256 of the JSON with sorted keys', () => {
    expect(preprocessingHash(record)).toMatch(/^[0-9a-f]{64}$/);
    const reversed = Object.fromEntries(Object.entries(record).reverse()) as unknown as typeof record;
    expect(preprocessingHash(reversed)).toBe(preprocessingHash(record));
    expect(preprocessingHash(JSON.parse(JSON.stringify(record)) as typeof record)).toBe(
      preprocessingHash(record),
    );
  });

  it('changes with every field', () => {
    const hashes = [
      record,
      { ...record, height: 9 },
      { ...record, resample: 'box' as const },
      { ...record, resize: null },
      { ...record, centerCrop: { height: 8, width: 8 } },
      { ...record, mean: [0, 0, 1e-9] },
    ].map(preprocessingHash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
