/** Rows of an attack that contradict themselves are refused. */
import { expect, test } from 'vitest';
import { attackRules } from './attack-schema.ts';
import type { AttackRow } from './attack-schema.ts';

const { problem, schema } = attackRules({ radii: [0.5, 1], attacks: ['pgd'] });
const broken: AttackRow = {
  query: 'a',
  label: 'cat',
  predicted: 'cat',
  score: 1,
  holds: [1, 0],
  successes: { pgd: [0, 1] },
  smallest: { norm: 0.8, attack: 'pgd', predicted: 'dog' },
  seconds: 1,
};

test('an honest row passes', () => {
  expect(problem!(broken)).toBeNull();
  expect(problem!({ ...broken, holds: [1, 1], successes: { pgd: [0, 0] }, smallest: null })).toBeNull();
});

test.each<[string, Partial<AttackRow>]>([
  ['an answer that holds beside a success', { holds: [1, 1] }],
  ['an answer that does not hold without one', { holds: [0, 0] }],
  ['a success without a change', { smallest: null }],
  ['a change beyond every radius', { smallest: { norm: 5, attack: 'pgd', predicted: 'dog' } }],
  ['a change of nothing', { smallest: { norm: 0.8, attack: 'pgd', predicted: 'cat' } }],
  ['an attack that was not asked for', { successes: { cw: [0, 1] } }],
  ['a success within a smaller radius', { successes: { pgd: [1, 1] } }],
])('%s is refused', (_, change) => expect(problem!({ ...broken, ...change })).toEqual(expect.any(String)));

test('pictures are files of the run', () => {
  const pictures = (original: string) => ({
    ...broken,
    smallest: {
      ...broken.smallest,
      pictures: { original, perturbation: 'pictures/p.png', perturbed: 'pictures/q.png', factor: 2 },
    },
  });
  expect(schema.safeParse(pictures('pictures/o.png')).success).toBe(true);
  for (const name of ['../../etc/passwd', 'pictures/../../x.png', '/etc/passwd', 'pictures/x.svg'])
    expect(schema.safeParse(pictures(name)).success).toBe(false);
});
