import { expect, test } from 'vitest';
import { exampleRow, exampleRun, wrongRow } from './fixtures/example.ts';
import { selectRows } from './select.ts';
import { median, methodStatistics } from '../evaluate/method-statistics.ts';
import { runStatistics } from './statistics.ts';

test('the numbers of a small run, by hand', () => {
  const { queries, recall, methods } = runStatistics(exampleRun());
  expect(queries).toBe(4);
  expect(recall).toEqual({ base: 1, smoothed: 0.75, vote: 0.75 });
  const [paper, cdf] = methods;
  expect(paper).toMatchObject({ method: 'paper', score1: 3, certified: 0, meanRadius: 0, rejectionRatio: 1 });
  expect(paper.abstentions).toEqual([
    { reason: 'too-few-samples', count: 3, samplesNeeded: [37073, 37073, 37073] },
    { reason: 'wrong-answer', count: 1, samplesNeeded: [] },
  ]);
  expect(cdf).toMatchObject({
    score1: 3,
    certified: 3,
    medianRadius: 0.3,
    maxRadius: 0.3,
    rejectionRatio: 0,
  });
  expect(cdf.meanRadius).toBeCloseTo(0.7 / 3, 12);
});

test("a wrong answer's radius and another label's certificate never count", () => {
  const other = exampleRow('x', 0.4);
  other.methods.cdf = { kind: 'certified', radius: 0.4, label: 'dog' };
  expect(methodStatistics([wrongRow('w'), other], 'cdf')).toMatchObject({
    score1: 1,
    certified: 0,
    maxRadius: 0,
  });
});

test('the vote is judged by its own answer', () => {
  const row = exampleRow('x', 0.4, { score: 0, predicted: 'dog' });
  expect(methodStatistics([row], 'vote')).toMatchObject({ score1: 1, certified: 1 });
  expect(methodStatistics([row], 'cdf')).toMatchObject({ score1: 0, certified: 0, meanRadius: Number.NaN });
});

test('median', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([10, 9, 1, 2])).toBe(5.5);
  expect(median([])).toBeNaN();
});

test('cards: wrong answers and small radii on one side, great radii on the other, no query twice', () => {
  const run = exampleRun();
  const ids = (count: number) => {
    const selection = selectRows(run, count);
    return [selection?.hardest.map(({ query }) => query), selection?.robust.map(({ query }) => query)];
  };
  expect(selectRows(run, 2)?.method).toBe('cdf');
  expect(ids(1)).toEqual([['q/4.png'], ['q/2.png']]);
  expect(ids(2)).toEqual([
    ['q/4.png', 'q/1.png'],
    ['q/2.png', 'q/3.png'],
  ]);
  expect(ids(9)).toEqual([['q/4.png'], ['q/2.png', 'q/3.png', 'q/1.png']]);
  expect(selectRows(run, 2, 'paper')?.robust).toEqual([]);
});
