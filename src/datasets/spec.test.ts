import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DataSpec, formatDataSpec, parseDataSpec, SCHEME_SPLITS, type Scheme, SCHEMES } from './spec.ts';

describe('parseDataSpec', () => {
  test.each<[string, DataSpec]>([
    ['folder:photos', { scheme: 'folder', path: 'photos', split: null }],
    ['photos', { scheme: 'folder', path: 'photos', split: null }],
    ['photos@test', { scheme: 'folder', path: 'photos', split: 'test' }],
    ['labels.csv', { scheme: 'csv', path: 'labels.csv', split: null }],
    ['labels.CSV@val', { scheme: 'csv', path: 'labels.CSV', split: 'val' }],
    ['a/b.txt', { scheme: 'list', path: 'a/b.txt', split: null }],
    ['list:grocery@test', { scheme: 'list', path: 'grocery', split: 'test' }],
    [
      'sop:/data/Stanford_Online_Products@train',
      { scheme: 'sop', path: '/data/Stanford_Online_Products', split: 'train' },
    ],
    ['C:\\data\\cats', { scheme: 'folder', path: 'C:\\data\\cats', split: null }],
    ['cub200:C:\\CUB@test', { scheme: 'cub200', path: 'C:\\CUB', split: 'test' }],
    ['folder:me@home/photos:2024', { scheme: 'folder', path: 'me@home/photos:2024', split: null }],
    ['./photos:2024', { scheme: 'folder', path: './photos:2024', split: null }],
    ['folder:a@train@test', { scheme: 'folder', path: 'a@train', split: 'test' }],
    ['glyphs', { scheme: 'glyphs', path: '', split: null }],
    ['glyphs@test', { scheme: 'glyphs', path: '', split: 'test' }],
    ['glyphs:@test', { scheme: 'glyphs', path: '', split: 'test' }],
    ['glyphs?classes=1/2@train', { scheme: 'glyphs', path: '', split: 'train', classes: { part: 1, of: 2 } }],
    ['./glyphs', { scheme: 'folder', path: './glyphs', split: null }],
    ['folder:a@train/', { scheme: 'folder', path: 'a@train/', split: null }],
    ['folder:a@valid', { scheme: 'folder', path: 'a', split: 'val' }],
    ['folder:a@Validation', { scheme: 'folder', path: 'a', split: 'val' }],
    ['folder:a@other', { scheme: 'folder', path: 'a@other', split: null }],
    ['folder:what?alphabets=A', { scheme: 'folder', path: 'what?alphabets=A', split: null }],
    [
      'omniglot:o?alphabets=Balinese+Korean',
      { scheme: 'omniglot', path: 'o', split: null, alphabets: ['Balinese', 'Korean'] },
    ],
    [
      'omniglot:o?alphabets=Japanese_(katakana)@background',
      { scheme: 'omniglot', path: 'o', split: 'background', alphabets: ['Japanese_(katakana)'] },
    ],
    [
      'list:grocery?classes=1/2@train',
      { scheme: 'list', path: 'grocery', split: 'train', classes: { part: 1, of: 2 } },
    ],
    ['photos?classes=3/3', { scheme: 'folder', path: 'photos', split: null, classes: { part: 3, of: 3 } }],
    ['omniglot:o?classes=2/5', { scheme: 'omniglot', path: 'o', split: null, classes: { part: 2, of: 5 } }],
  ])('%s', (text, expected) => {
    expect(parseDataSpec(text)).toEqual(expected);
  });

  test.each([
    ['', /a path in the --data notation/],
    ['sop:', /a path/],
    ['folder:@test', /a path/],
    ['https://example.org/x', /one of the schemes folder, list, .*got 'https:'/],
    ['Sop:x', /one of the schemes/],
    ['sop:x@val', /splits of sop: \(@train, @test\).*got @val.*slash/],
    ['omniglot:x@train', /@background, @evaluation/],
    ['omniglot:x?alphabet=Greek', /\?alphabets=Balinese\+Korean.*got '\?alphabet=Greek'/],
    ['omniglot:x?alphabets=', /DATASET_SPEC/],
    ['omniglot:x@background?alphabets=Greek', /split after the filter/],
    ['folder:a?classes=0/2', /\?classes=1\/2.*got '\?classes=0\/2'/],
    ['folder:a?classes=3/2', /DATASET_SPEC/],
    ['folder:a?classes=half@train', /DATASET_SPEC/],
    ['omniglot:a?classes=1', /DATASET_SPEC/],
    ['folder:a@train?classes=1/2', /split after the filter/],
    ['folder:a\0b', /NUL/],
  ])('refuses %j', (text, message) => {
    expect(() => parseDataSpec(text)).toThrow(message);
    expect(() => parseDataSpec(text)).toThrow(/^DATASET_SPEC/);
  });

  const scheme = fc.constantFrom(...(Object.keys(SCHEMES) as Scheme[]));
  const path = fc
    .oneof(
      fc.string({ minLength: 1 }),
      fc.stringMatching(/^[a-z@:/\\.?=+]{1,20}$/),
      fc.constantFrom('C:\\x', 'a@train/b', '@'),
    )
    .filter((text) => !text.includes('\0') && !text.includes('?'));

  test('reads back what formatDataSpec writes', () => {
    fc.assert(
      fc.property(scheme, path, fc.nat(3), fc.boolean(), (name, anywhere, pick, filtered) => {
        const where = name === 'glyphs' ? '' : anywhere;
        const split = [...SCHEME_SPLITS[name], null][pick % (SCHEME_SPLITS[name].length + 1)];
        const spec: DataSpec =
          name === 'omniglot' && filtered
            ? { scheme: name, path: where, split, alphabets: ['Greek', 'Korean'] }
            : filtered
              ? { scheme: name, path: where, split, classes: { part: 2, of: 3 } }
              : { scheme: name, path: where, split };
        expect(parseDataSpec(formatDataSpec(spec))).toEqual(spec);
      }),
    );
  });

  test('adds the slash that keeps a split name in a path', () => {
    expect(formatDataSpec({ scheme: 'folder', path: 'x@test', split: null })).toBe('folder:x@test/');
  });

  test('throws nothing but DATASET_SPEC on any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseDataSpec(text);
        } catch (error) {
          expect(String(error)).toContain('DATASET_SPEC');
        }
      }),
    );
  });
});
