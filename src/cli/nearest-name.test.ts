import { expect, test } from 'vitest';
import { didYouMean } from './nearest-name.ts';

const NAMES = ['margin', 'contrastive', 'triplet', 'multi-similarity', 'cdf', 'vote'];

test.each([
  ['tripet', 'triplet'],
  ['Triplet', 'triplet'],
  ['tirplet', 'triplet'],
  ['multi_similarity', 'multi-similarity'],
  ['cfd', 'cdf'],
  ['marginn', 'margin'],
])('%s is taken for %s', (text, name) => {
  expect(didYouMean(text, NAMES)).toBe(` Did you mean ${name}?`);
});

test.each(['', 'x', 'softmax', 'pgd'])('%s is taken for nothing', (text) => {
  expect(didYouMean(text, NAMES)).toBe('');
});
