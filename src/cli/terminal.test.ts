import { expect, test } from 'vitest';
import { barLine, printable } from './terminal.ts';

const state = {
  what: 'certify',
  done: 12,
  total: 400,
  left: 3725,
  extra: 'Recall 0.750, cdf mean radius 0.123',
};

test('a bar fits whatever terminal there is', () => {
  for (let columns = 2; columns <= 200; columns++)
    expect(barLine(state, columns).length).toBeLessThan(columns);
});

test('a wide terminal shows everything, a narrow one the first things', () => {
  expect(barLine(state, 120)).toBe(
    `certify ${'█'}${'░'.repeat(39)} 3% 12/400 1 h 2 min left | Recall 0.750, cdf mean radius 0.123`,
  );
  expect(barLine(state, 40)).toBe('certify ░░░░░░ 3% 12/400 1 h 2 min left');
});

test('what could move the cursor or hide text is written out', () => {
  expect(printable('a\u001b[2Jb\nc\u202ed\u0000é漢🎉')).toBe('a\\x1b[2Jb\\nc\\u202ed\\x00é漢🎉');
});
