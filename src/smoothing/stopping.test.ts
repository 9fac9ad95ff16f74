import { describe, expect, test } from 'vitest';
import { AlphaBudget, AnyTime, type QueryResult } from '../certify/index.ts';
import { budgetOf, looksOf, mayStop, type Stopping } from './stopping.ts';

const target: Stopping = { kind: 'target', radius: 0.25, samples: 1000 };

describe('looks', () => {
  test('of duels and votes alone: after 16 samples, then each time an eighth more, the last at the end', () => {
    const looks = looksOf(target, budgetOf(target, 0.001), ['duel', 'vote']);
    expect(looks.slice(0, 4)).toEqual([16, 18, 21, 24]);
    expect(looks.at(-1)).toBe(1000);
    for (let i = 1; i < looks.length; i++) expect(looks[i]).toBeGreaterThan(looks[i - 1]);
    expect(looks.length).toBeLessThan(45);
    expect(looksOf({ ...target, samples: 10 }, budgetOf(target, 0.001), ['duel'])).toEqual([10]);
  });

  test('with other methods, or a fixed number of samples: those of the budget', () => {
    const budget = budgetOf(target, 0.001);
    expect(looksOf(target, budget, ['cdf', 'duel'])).toEqual(budget.looks.map(({ samples }) => samples));
    const fixed: Stopping = { kind: 'fixed', samples: 500 };
    expect(looksOf(fixed, AlphaBudget.fixed(500, 0.001), ['duel'])).toEqual([500]);
  });
});

describe('a query may stop', () => {
  const bound = { sigma: 0.25, eta: 0, alpha: 0.001 };
  const verdicts = (losses: number, samples: number) => {
    const both = { duel: new AnyTime(bound), vote: new AnyTime(bound) };
    for (const one of Object.values(both)) one.observe({ samples, losses });
    return both;
  };
  const ask = (
    stopping: Stopping,
    losses: number,
    samples: number,
    { seconds = 0, pictureRounding = 0 } = {},
  ): boolean => {
    const seen = verdicts(losses, samples);
    const certify = () => ({ certificates: { duel: seen.duel.certificate() } }) as unknown as QueryResult;
    const progress = { seconds, methods: ['duel' as const], pictureRounding, certify };
    return mayStop(stopping, { ...progress, verdicts: seen });
  };

  test('when the radius is reached, or out of reach', () => {
    expect(ask(target, 0, 16)).toBe(false);
    expect(ask(target, 0, 60)).toBe(true);
    expect(ask(target, 0, 60, { pictureRounding: 0.05 })).toBe(false); // it takes as much from the radius, twice
    expect(ask(target, 3, 30)).toBe(false);
    expect(ask(target, 60, 100)).toBe(true); // the label loses: no samples will do
  });

  test('at a time, and never before a fixed number of samples', () => {
    expect(ask({ kind: 'time', seconds: 1, samples: 1000 }, 0, 16, { seconds: 0.5 })).toBe(false);
    expect(ask({ kind: 'time', seconds: 1, samples: 1000 }, 0, 16, { seconds: 1.5 })).toBe(true);
    expect(ask({ kind: 'fixed', samples: 1000 }, 0, 100)).toBe(false);
  });
});
