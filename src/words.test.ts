import { expect, test } from 'vitest';
import { count, verb } from './words.ts';

test('things are counted in words', () => {
  expect([0, 1, 2, 12_000].map((n) => count(n, 'query'))).toEqual([
    '0 queries',
    '1 query',
    '2 queries',
    '12,000 queries',
  ]);
  expect(count(3, 'class', 'classes')).toBe('3 classes');
  expect([1, 2].map((n) => verb(n, 'is', 'are'))).toEqual(['is', 'are']);
});
