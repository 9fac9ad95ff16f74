import fc from 'fast-check';
import { expect, test } from 'vitest';
import { barLine, plural, printable } from './terminal.ts';

test('nothing that moves a cursor, hides text or ends a line reaches a terminal', () => {
  expect(printable('a\u001b[2Jb\nc\td\u009bx\u202ey')).toBe('a\\x1b[2Jb\\nc\\td\\x9bx\\u202ey');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(printable(text)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
    }),
  );
  expect(printable('Épicéa 木 ✓')).toBe('Épicéa 木 ✓');
});

test('a line of progress fits any terminal', () => {
  const state = {
    what: 'certify',
    done: 12,
    total: 1234,
    left: 4000,
    extra: 'Recall 0.913, cdf mean radius 0.123',
  };
  for (let columns = 1; columns <= 200; columns++)
    expect(barLine(state, columns).length).toBeLessThanOrEqual(Math.max(1, columns - 1));
  expect(barLine(state, 120)).toMatch(
    /^certify █*░+ 0% 12\/1234 1 h 6 min left \| Recall 0\.913, cdf mean radius 0\.123$/,
  );
  expect(barLine(state, 60)).not.toMatch(/Recall/);
  expect(barLine({ ...state, left: Number.NaN, extra: '' }, 80)).not.toMatch(/left/);
});

test('plurals', () => {
  expect([0, 1, 2].map((n) => plural(n, 'query', 'queries'))).toEqual(['0 queries', '1 query', '2 queries']);
  expect(plural(1234, 'image')).toBe('1,234 images');
});
