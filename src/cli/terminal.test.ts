import { expect, test } from 'vitest';
import { barText } from './terminal.ts';

const state = {
  what: 'certify',
  done: 12,
  total: 400,
  eta: 3725,
  extra: 'Recall 0.750, cdf mean radius 0.123',
};

test('a bar fits whatever terminal there is', () => {
  for (let columns = 1; columns <= 200; columns++)
    expect(barText(state, columns).length).toBeLessThan(columns);
});

test('a wide terminal shows everything, a narrow one the first things', () => {
  expect(barText(state, 120)).toBe(
    `certify ${'█'.repeat(1)}${'░'.repeat(39)} | 3% | 12/400 | 1 h 2 min left | Recall 0.750 | cdf mean radius 0.123`,
  );
  expect(barText(state, 40)).toBe('certify | 3% | 12/400 | 1 h 2 min left');
  expect(barText({ ...state, done: 400, extra: '' }, 40)).toBe(`certify ${'█'.repeat(14)} | 100% | 400/400`);
});
