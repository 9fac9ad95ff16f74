import { expect, test } from 'vitest';
import { abstain, certified, shortened } from './result.ts';

test('a shorter radius is certified where something is left of it', () => {
  expect(shortened(certified(0.5), 0.125)).toEqual({ kind: 'certified', radius: 0.375 });
  expect(shortened(certified(0.5), 0)).toEqual({ kind: 'certified', radius: 0.5 });
  expect(shortened(certified(0.5), 0.5)).toEqual({ kind: 'abstain', reason: 'too-few-samples' });
  expect(shortened(abstain('near-tie', 7), 0.5)).toEqual(abstain('near-tie', 7));
});
