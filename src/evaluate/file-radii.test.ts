import { describe, expect, test } from 'vitest';
import { greyLevels, inFile, inWords, radiusInPixels } from './file-radii.ts';
import { correctFileRadius, methodStatistics } from './method-statistics.ts';
import { MOST_RADIUS } from './most-radius.ts';
import type { FileRow, Row } from './schema.ts';

const file: FileRow = {
  width: 400,
  height: 300,
  channels: 3,
  norm: 0.25,
  error: 0.001,
  contrast: 50,
  inputContrast: 10,
};

describe('radii in the pixels of a file', () => {
  test('pay for the error and gain by the norm; one without limit has none', () => {
    expect(inFile(0.5, file)).toBeCloseTo((0.5 - 0.002) / 0.25, 12);
    expect(inFile(0.0019, file)).toBe(0);
    expect(inFile(MOST_RADIUS, file)).toBe(MOST_RADIUS);
  });

  test('of rows: those of right answers, and none of runs that do not speak of files', () => {
    const row = (over: object): Row =>
      ({
        label: 'a',
        score: 1,
        file,
        methods: { cdf: { kind: 'certified', radius: 0.5, label: 'a' } },
        ...over,
      }) as Row;
    const abstains = { cdf: { kind: 'abstain', radius: 0, reason: 'no-margin' } };
    expect(correctFileRadius(row({}), 'cdf')).toBeCloseTo(1.992, 12);
    expect(correctFileRadius(row({ methods: abstains }), 'cdf')).toBe(0);
    expect(correctFileRadius(row({ file: undefined }), 'cdf')).toBeNaN();
    const rows = [row({}), row({ methods: abstains }), row({ score: 0 })];
    const { meanFileRadius, medianFileRadius, meanRadius } = methodStatistics(rows, 'cdf');
    expect([meanFileRadius, medianFileRadius, meanRadius]).toEqual([
      expect.closeTo(0.996, 12),
      expect.closeTo(0.996, 12),
      0.25,
    ]);
    expect(methodStatistics([row({ file: undefined })], 'cdf').medianFileRadius).toBeNaN();
  });

  test('in a person’s units: a change of that many grey levels everywhere has that norm', () => {
    const levels = greyLevels(2, 300);
    expect(Math.sqrt(300) * (levels / 255)).toBeCloseTo(2, 12);
    expect(inWords(2, { values: 300, contrast: 8 })).toBe(
      "29 grey levels a pixel if spread evenly, 25% of the picture's contrast",
    );
    expect(inWords(2, { values: 300 })).toBe('29 grey levels a pixel if spread evenly');
  });

  test('each is named', () => {
    const text = radiusInPixels(0.5, file, { channels: 3, height: 10, width: 10 }, 'cdf');
    expect(text).toBe(
      "cdf: 0.500 in the model's input (10×10): 7.4 grey levels a pixel if spread evenly, 5.0% of the picture's contrast; " +
        "1.992 in the file's pixels (400×300): 0.85 grey levels a pixel if spread evenly, 4.0% of the picture's contrast",
    );
    expect(radiusInPixels(0.5, undefined, { channels: 1, height: 2, width: 2 }, 'cdf')).not.toContain('file');
  });
});
