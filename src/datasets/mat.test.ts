import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isRetrievalGuardError } from '../errors.ts';
import { type MatValue, type MatVariables, parseMat } from './mat.ts';

const fixture = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'fixtures', name));
const read = (name: string): MatVariables => parseMat(fixture(name), name);

/** A value as plain data. */
function plain(value: MatValue | undefined): unknown {
  switch (value?.kind) {
    case 'numeric':
      return [...value.data];
    case 'char':
      return value.rows;
    case 'cell':
      return value.cells.map(plain);
    case 'struct':
      return value.elements.map((element) =>
        Object.fromEntries(Object.entries(element).map(([name, inner]) => [name, plain(inner)])),
      );
    default:
      return value?.kind;
  }
}

describe('parseMat', () => {
  test('reads the annotations of CARS196 as SciPy writes them', () => {
    const variables = read('cars_annos.mat');
    expect([...variables.keys()]).toEqual(['annotations', 'class_names']);
    const annotations = variables.get('annotations');
    expect(annotations?.dims).toEqual([1, 6]);
    expect((plain(annotations) as unknown[])[3]).toEqual({
      relative_im_path: ['car_ims/000004.jpg'],
      bbox_x1: [14],
      bbox_y1: [304],
      bbox_x2: [604],
      bbox_y2: [404],
      class: [99],
      test: [1],
    });
    const names = plain(variables.get('class_names')) as string[][];
    expect(names).toHaveLength(196);
    expect(names[98]).toEqual(['Make Modèle Coupé 2012']);
  });

  test('reads the same from a compressed file', () => {
    const stored = read('cars_annos.mat');
    const packed = read('cars_annos.compressed.mat');
    for (const name of stored.keys()) expect(packed.get(name)).toEqual(stored.get(name));
  });

  test('reads big-endian files, doubles stored as bytes and small elements', () => {
    const variables = read('big_endian.mat');
    expect((plain(variables.get('annotations')) as unknown[])[5]).toEqual({
      relative_im_path: ['car_ims/000006.jpg'],
      class: [196],
    });
    expect(plain(variables.get('numbers'))).toEqual([1.5, -2.5]);
  });

  test('reads every numeric type, text and nested structs', () => {
    const variables = read('kinds.mat');
    const all = Object.fromEntries([...variables].map(([name, value]) => [name, plain(value)]));
    expect(all).toEqual({
      int8: [-1, 2],
      uint16: [1, 65535],
      int32: [-70000],
      int64: [-(2 ** 40)],
      single: [0.5],
      double: [1.25, -3, 2.5, 1e300],
      logical: [1, 0],
      complex: [1],
      empty: [],
      text: ['grün 😀'],
      lines: ['ab ', 'cde'],
      nested: [{ inner: [{ x: [7] }] }],
    });
    expect(variables.get('double')?.dims).toEqual([2, 2]);
  });

  test('refuses HDF5 files with advice', () => {
    const file = Buffer.from(fixture('cars_annos.mat'));
    file.writeUInt16LE(0x0200, 124);
    expect(() => parseMat(file, 'new.mat')).toThrow(/new\.mat.*HDF5 file \(-v7\.3\).*'-v7'/);
    expect(() => parseMat(Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), 'x.mat')).toThrow(/HDF5/);
  });

  test('refuses what is no .mat file', () => {
    expect(() => parseMat(Buffer.alloc(0), 'x.mat')).toThrow(/x\.mat; got 0 bytes/);
    expect(() => parseMat(Buffer.alloc(500), 'x.mat')).toThrow(/another header/);
  });

  test.each(['cars_annos.mat', 'cars_annos.compressed.mat', 'big_endian.mat', 'kinds.mat'])(
    'never fails but with DATASET_LAYOUT on %s cut short or damaged',
    (name) => {
      const whole = fixture(name);
      const step = Math.ceil(whole.length / 150);
      for (let at = 0; at < whole.length; at += step) {
        const damaged = Buffer.from(whole);
        damaged[at] ^= 0xff;
        for (const bytes of [whole.subarray(0, at), damaged]) {
          try {
            parseMat(bytes, name);
          } catch (error) {
            if (!isRetrievalGuardError(error, 'DATASET_LAYOUT')) throw error;
          }
        }
      }
      expect(() => parseMat(whole.subarray(0, whole.length - 9), name)).toThrow(/DATASET_LAYOUT/);
    },
  );
});
