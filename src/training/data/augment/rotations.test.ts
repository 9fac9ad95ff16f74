import { describe, expect, test } from 'vitest';
import type { ByteImage } from '../../../image/index.ts';
import { rotatedLabels, rotatedNames, rotateQuarters } from './rotations.ts';

/** A picture from rows of pixels. */
const picture = (rows: number[][][]): ByteImage => ({
  data: Uint8Array.from(rows.flat(2)),
  height: rows.length,
  width: rows[0].length,
  channels: rows[0][0].length as 1 | 3,
});

/** Counter-clockwise: the last column becomes the first row. */
const turn = <T>(rows: T[][]): T[][] => rows[0].map((_, i) => rows.map((row) => row[rows[0].length - 1 - i]));

describe('rotateQuarters', () => {
  test.each([1, 3])('turns counter-clockwise, %i channels', (channels) => {
    let rows = Array.from({ length: 3 }, (_, y) =>
      Array.from({ length: 4 }, (_, x) => Array.from({ length: channels }, (_, c) => 50 * y + 10 * x + c)),
    );
    const upright = picture(rows);
    for (let quarters = 0; quarters < 4; quarters++) {
      expect(rotateQuarters(upright, quarters)).toEqual(picture(rows));
      rows = turn(rows);
    }
    expect(picture(rows)).toEqual(upright);
  });
});

describe('rotated classes', () => {
  test('every rotation of a class is a class of its own', () => {
    const labels = rotatedLabels(Int32Array.of(0, 2, 1, 2), 3);
    expect([...labels]).toEqual([0, 2, 1, 2, 3, 5, 4, 5, 6, 8, 7, 8, 9, 11, 10, 11]);
    expect(rotatedNames(['a', 'b'])).toEqual(['a', 'b', 'a@90', 'b@90', 'a@180', 'b@180', 'a@270', 'b@270']);
  });
});
