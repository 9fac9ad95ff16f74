/** Rows that no honest run writes are refused, whichever of their fields says so. */
import { describe, expect, test } from 'vitest';
import { lipschitzRadius, matrixBernsteinRadius, normalQuantile } from '../certify/index.ts';
import { exampleManifest, exampleRow, wrongRow } from '../report/fixtures/example.ts';
import { trueIdentity, type Truth } from './own-item.ts';
import { rowRules } from './row-rules.ts';
import { type MethodRow, MOST_RADIUS, type Row, type RunManifest } from './schema.ts';

const manifest = exampleManifest(); // paper, cdf and vote, 1,000 samples, sigma 0.25
const perClass = new Map([
  ['cat', 3],
  ['dog', 2],
]);
const problemOf = (row: Row, options: Partial<RunManifest['options']> = {}, classes = perClass) =>
  rowRules({ ...manifest, options: { ...manifest.options, ...options } }, { perClass: classes }).problem!(
    row,
  );
const certified = (radius: number, label = 'cat'): MethodRow => ({ kind: 'certified', radius, label });
const row = exampleRow('a', 0.3);
/** The nearest items with the classes the other way round. */
const swapped = row.nearest.map((item, i) => ({ ...item, label: i === 0 ? 'dog' : 'cat' }));
const withMethod = (name: string, found: MethodRow, change: Partial<Row> = {}): Row => ({
  ...row,
  methods: { ...row.methods, [name]: found },
  ...change,
});

test('honest rows pass: right, wrong, failed, of fewer samples', () => {
  expect(problemOf(row)).toBeNull();
  expect(problemOf({ ...wrongRow('b'), nearest: swapped })).toBeNull();
  expect(problemOf({ ...row, samples: 500, stopped: 'radius' }, { targetRadius: 0.2 })).toBeNull();
  expect(problemOf({ ...row, samples: 500, stopped: 'futility' }, { targetRadius: 2 })).toBeNull();
  expect(problemOf({ ...row, samples: 500, stopped: 'time' }, { timeBudget: 0.5 })).toBeNull();
  const nothing = { predicted: '', score: 0 } as const;
  const abstained: MethodRow = { kind: 'abstain', radius: 0, reason: 'failed' };
  const failed: Row = {
    ...row,
    ...nothing,
    base: nothing,
    vote: nothing,
    methods: { paper: abstained, cdf: abstained, vote: abstained },
    nearest: [],
    samples: 0,
    stopped: undefined,
    error: 'EMBEDDING_INVALID',
  };
  expect(problemOf(failed)).toBeNull();
  expect(problemOf({ ...failed, stopped: 'samples' })).toMatch(/end by samples of a query that failed/);
  expect(problemOf({ ...failed, score: 1 })).toMatch(/right answer of a query that failed/);
  expect(problemOf({ ...failed, base: { predicted: 'cat', score: 1 } })).toMatch(/failed/);
  expect(problemOf({ ...failed, methods: { ...failed.methods, cdf: certified(0.1) } })).toMatch(/by cdf/);
});

const CONTRADICTIONS: [string, Row, RegExp][] = [
  ['a score', { ...row, score: 0 }, /score of 0/],
  ['an answer', { ...row, predicted: 'dog' }, /nearest item/],
  ['a base score', { ...row, base: { predicted: 'dog', score: 1 } }, /base score of 1/],
  ['a base score of a right answer', { ...row, base: { predicted: 'cat', score: 0 } }, /base score of 0/],
  ["a vote's score", { ...row, vote: { predicted: 'dog', score: 1 } }, /vote's score/],
  ['a right answer without a positive', { ...row, hasPositive: false }, /no item has the label/],
  [
    'a missing method',
    { ...row, methods: { cdf: certified(0.1), vote: certified(0.1) } },
    /nothing of .* paper/,
  ],
  ['another method', withMethod('bisector', certified(0.1)), /bisector, which was not asked for/],
  ['too few samples', { ...row, samples: 999 }, /999 samples instead of 1000/],
  ['no end', { ...row, stopped: undefined }, /an end by nothing/],
  ['an end by a signal', { ...row, stopped: 'signal' }, /an end by signal/],
  ['an end by no time', { ...row, stopped: 'time' }, /a time that is not over/],
  ['an end at no radius', { ...row, stopped: 'radius' }, /a radius that is not certified/],
  ['an end for want of no radius', { ...row, stopped: 'futility' }, /not asked for/],
  [
    'a class that the gallery lacks',
    withMethod('cdf', certified(0.1, 'cow')),
    /'cow', which the gallery lacks/,
  ],
  [
    'a certificate of another answer',
    withMethod('cdf', certified(0.1, 'dog')),
    /'dog' by cdf, which answers 'cat'/,
  ],
  ['a vote for another', withMethod('vote', certified(0.1, 'dog')), /'dog' by vote/],
  ['a radius of 0', withMethod('cdf', certified(0)), /radius of 0/],
];
test.each(CONTRADICTIONS)('%s', (_, wrong, expected) => expect(problemOf(wrong)).toMatch(expected));
test('an end before the time, or at a radius that was not reached', () => {
  expect(problemOf({ ...row, stopped: 'time' }, { timeBudget: 0.6 })).toMatch(/not over/);
  expect(problemOf({ ...row, stopped: 'radius' }, { targetRadius: 0.31 })).toMatch(/not certified/);
});

describe('the largest radius', () => {
  const { alpha, sigma } = manifest.options;
  const q = alpha ** (1 / 1000);

  test('of vote is that of unanimous votes', () => {
    const most = sigma * normalQuantile(q);
    expect(problemOf(withMethod('vote', certified(most)))).toBeNull();
    expect(problemOf(withMethod('vote', certified(1.001 * most)))).toMatch(
      /vote, which 1000 samples cannot give/,
    );
    // fewer samples give less
    const some = { targetRadius: 0.1 };
    expect(problemOf(withMethod('vote', certified(most), { samples: 900, stopped: 'radius' }), some)).toMatch(
      /900 samples/,
    );
  });

  test('of paper follows from the margin of the row', () => {
    const most = lipschitzRadius(0.5, sigma);
    const nearest = row.nearest.map((item, i) => ({ ...item, distance: 0.25 + i }));
    expect(problemOf(withMethod('paper', certified(most), { margin: 0.5, nearest }))).toBeNull();
    expect(problemOf(withMethod('paper', certified(1.01 * most), { margin: 0.5, nearest }))).toMatch(/paper/);
    expect(problemOf(withMethod('paper', certified(most), { margin: 0.4, nearest }))).toMatch(/paper/);
    expect(problemOf(withMethod('paper', certified(1e-6), { margin: undefined }))).toMatch(/paper/);
    const estimated = { gallerySetting: 'estimated' } as const;
    const ball = matrixBernsteinRadius({ samples: 1000, dimension: 1, alpha, bound: 1 });
    const less = lipschitzRadius(0.5 - ball, sigma);
    expect(problemOf(withMethod('paper', certified(less), { margin: 0.5, nearest }), estimated)).toBeNull();
    expect(problemOf(withMethod('paper', certified(most), { margin: 0.5, nearest }), estimated)).toMatch(
      /paper/,
    );
    // a margin that the nearest items contradict
    expect(problemOf(withMethod('paper', certified(most), { margin: 1.9 }))).toMatch(/paper/);
  });

  test('of cdf is a few σ', () => {
    expect(problemOf(withMethod('cdf', certified(10 * sigma)))).toBeNull();
    expect(problemOf(withMethod('cdf', certified(12 * sigma)))).toMatch(/cdf/);
  });

  test('without limit only where nothing can take its place', () => {
    const alone = { margin: undefined, nearest: row.nearest.slice(0, 1) };
    const unlimited = withMethod('cdf', certified(MOST_RADIUS), alone);
    expect(problemOf(unlimited, {}, new Map([['cat', 3]]))).toBeNull();
    // the one other item was the query itself
    const own = new Map([
      ['cat', 3],
      ['dog', 1],
    ]);
    expect(problemOf(unlimited, { leaveOneOut: true }, own)).toBeNull();
    expect(problemOf(unlimited, {}, own)).toMatch(/without limit/);
    expect(problemOf(unlimited)).toMatch(/without limit/);
    expect(problemOf({ ...unlimited, margin: 0.1 }, {}, new Map([['cat', 3]]))).toMatch(/without limit/);
    const voted = withMethod('vote', certified(MOST_RADIUS), alone);
    expect(problemOf(voted, {}, new Map([['cat', 3]]))).toMatch(/vote/);
  });
});

test('Recall@k: a certificate is about the class of the query, and the answer is right', () => {
  const found = { ...row, predicted: 'dog', nearest: swapped };
  const options = { k: 2, methods: ['cdf' as const] };
  const only = { ...found, vote: undefined, methods: { cdf: certified(0.2) } };
  expect(problemOf(only, options)).toBeNull();
  expect(problemOf({ ...only, methods: { cdf: certified(0.2, 'dog') } }, options)).toMatch(/answers 'cat'/);
  const dogs = found.nearest.map((item) => ({ ...item, label: 'dog' }));
  const wrong: Row = { ...only, nearest: dogs, score: 0, base: { predicted: 'dog', score: 0 } };
  expect(problemOf(wrong, options)).toMatch(/of a wrong answer/);
});

describe('the label of a row', () => {
  const { query, label } = row;
  const items = [{ id: query, label, bytes: 1, read: () => Promise.reject(new Error()) }];
  const problem = (of: Row, truth?: Truth) =>
    rowRules(manifest, { dataset: { items }, perClass, truth }).problem!(of);

  test('is that of the dataset', () => {
    expect(problem(row)).toBeNull();
    expect(problem({ ...row, label: 'dog' })).toMatch(/the label 'dog' for 'a', which has 'cat'/);
    expect(problem({ ...row, query: 'z' })).toMatch(/no query of the run/);
  });

  test('is in instance search the item that is the truth; one that the picture alone tells is some item', () => {
    const ids = ['cat', 'dog'];
    const own = (hashes?: string[]): Truth => trueIdentity({ ids, labels: ids, hashes });
    // 'a' has the label 'cat', which is the id of an item
    expect(problem(row, own())).toBeNull();
    expect(problem({ ...row, label: 'dog' }, own())).toMatch(/which has 'cat'/);
    expect(own()({ id: 'dog', label: 'x' })).toBe('dog');
    expect(own(['1', '2'])({ id: 'y', label: 'x' }, '2')).toBe('dog');
    expect(own(['1', '2'])({ id: 'y', label: 'x' })).toBeUndefined();
    const unknown: Truth = () => undefined;
    expect(problem({ ...wrongRow(query), label: 'dog' }, unknown)).not.toMatch(/the label/);
    expect(problem({ ...row, label: 'cow' }, unknown)).toMatch(/the label 'cow'/);
  });
});
