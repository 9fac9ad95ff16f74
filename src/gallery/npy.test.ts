import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { vectorBytes } from './gallery.ts';
import { npyHeader, parseNpyHeader } from './npy.ts';

const fixture = (name: string): Buffer => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
const small = Float32Array.from({ length: 15 }, (_, i) => (i % 2 === 0 ? 1 : -1) * Math.sqrt(i + 1));

test('our bytes are those of numpy.save', () => {
  expect(Buffer.concat([npyHeader(5, 3), vectorBytes(small)])).toEqual(fixture('small.npy'));
  expect(Buffer.concat([npyHeader(1, 1), vectorBytes(Float32Array.of(0.1))])).toEqual(fixture('one.npy'));
});

test('reads what NumPy wrote', () => {
  const bytes = fixture('small.npy');
  const { rows, columns, offset } = parseNpyHeader(bytes, 'small.npy');
  expect([rows, columns]).toEqual([5, 3]);
  expect(
    new Float32Array(bytes.buffer.slice(bytes.byteOffset + offset, bytes.byteOffset + bytes.length)),
  ).toEqual(small);
});

test('any header it writes, it reads', () => {
  for (const rows of [1, 9, 10, 12345, 123456789, 2 ** 40]) {
    const header = npyHeader(rows, 768);
    expect(header.length % 64).toBe(0);
    expect(parseNpyHeader(header, 'x')).toEqual({ rows, columns: 768, offset: header.length });
  }
});

test.each([
  ['double.npy', "dtype '<f8'"],
  ['fortran.npy', 'Fortran order'],
  ['flat.npy', '(15,)'],
])('refuses %s', (name, got) => {
  expect(() => parseNpyHeader(fixture(name), name)).toThrow(
    expect.objectContaining({ code: 'GALLERY_INVALID', got }),
  );
});

test('refuses what is no .npy file', () => {
  const bytes = fixture('small.npy');
  const version9 = Buffer.from(bytes);
  version9[6] = 9;
  for (const bad of [Buffer.alloc(0), Buffer.from('{"format": "other"}'), bytes.subarray(0, 60), version9])
    expect(() => parseNpyHeader(bad, 'x')).toThrow(expect.objectContaining({ code: 'GALLERY_INVALID' }));
});
