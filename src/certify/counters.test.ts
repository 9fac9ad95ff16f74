import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../test/helpers/random.ts';
import {
  addCount,
  addCounters,
  type Counters,
  emptyCounters,
  FIXED_POINT,
  meanEmbedding,
  meanRounding,
  MOST_SAMPLES,
  mostFrequent,
} from './counters.ts';

const DIMENSION = 3;
const BINS = [4, 2];
const LABELS = 5;

interface Sample {
  h: number[];
  bins: number[];
  vote: number;
  lost: number[];
}

function tally(samples: readonly Sample[]): Counters {
  const counters = emptyCounters(DIMENSION, BINS);
  for (const { h, bins, vote, lost } of samples) {
    counters.samples++;
    for (const [i, value] of h.entries()) counters.sum[i] += BigInt(Math.round(value * FIXED_POINT));
    for (const [j, bin] of bins.entries()) counters.histograms[j][bin]++;
    if (vote < LABELS) addCount(counters.votes, vote);
    else counters.untold++;
    for (const label of lost) addCount(counters.losses, label);
    if (lost.length === 0) counters.lostToAll++;
  }
  return counters;
}

function draw(seed: number, count: number): Sample[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => ({
    h: random.direction(DIMENSION),
    bins: BINS.map((bins) => random.integer(bins)),
    vote: random.integer(LABELS + 1),
    lost: Array.from({ length: LABELS }, (_, label) => label).filter(() => random.uniform() < 0.4),
  }));
}

test('merging any split in any order is counting the whole', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e9 }),
      fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 8 }),
      (seed, sizes) => {
        const samples = draw(
          seed,
          sizes.reduce((sum, x) => sum + x, 0),
        );
        const parts: Counters[] = [];
        let at = 0;
        for (const size of sizes) parts.push(tally(samples.slice(at, (at += size))));
        const random = new Random(seed + 1);
        while (parts.length > 1) {
          const [from] = parts.splice(random.integer(parts.length), 1);
          addCounters(parts[random.integer(parts.length)], from);
        }
        expect(parts[0]).toEqual(tally(samples));
      },
    ),
    { seed: 9, numRuns: 100 },
  );
});

test('the most frequent label does not depend on the order of counting; of equals it is the smallest', () => {
  const counts = [
    [7, 3],
    [900_000, 5],
    [2, 5],
    [0, 0],
  ] as const;
  expect(mostFrequent(new Map(counts))).toBe(2);
  expect(mostFrequent(new Map([...counts].reverse()))).toBe(2);
  expect(mostFrequent(new Map())).toBe(0);
  expect(mostFrequent(new Map([[4, 0]]))).toBe(0);
});

test('the mean embedding is the mean', () => {
  const samples = draw(3, 400);
  const mean = meanEmbedding(tally(samples));
  for (let i = 0; i < DIMENSION; i++)
    expect(mean[i]).toBeCloseTo(samples.reduce((sum, { h }) => sum + h[i], 0) / samples.length, 9);
});

test('the computed mean is within its rounding of the mean of the values, however many they are', () => {
  const random = new Random(12);
  for (const samples of [1, 7, 2 ** 23, 2 ** 23 + 1, 10 ** 8, MOST_SAMPLES]) {
    const h = random.direction(DIMENSION);
    const sum = BigInt64Array.from(h, (x) => BigInt(samples) * BigInt(Math.round(x * FIXED_POINT)));
    const mean = meanEmbedding({ sum, samples });
    expect(Math.hypot(...h.map((x, i) => mean[i] - x))).toBeLessThanOrEqual(meanRounding(DIMENSION));
  }
});

test('as many samples as are accepted do not overflow; one more is refused and adds nothing', () => {
  const half = emptyCounters(1, []);
  half.samples = MOST_SAMPLES / 2;
  half.sum[0] = BigInt(half.samples) * BigInt(Math.round((1 + 1e-6) * FIXED_POINT));
  half.votes.set(0, half.samples);
  const total = emptyCounters(1, []);
  addCounters(total, half);
  addCounters(total, half);
  expect(meanEmbedding(total)[0]).toBeCloseTo(1 + 1e-6, 9);
  expect(total.votes.get(0)).toBe(MOST_SAMPLES);
  const before = structuredClone(total);
  expect(() => addCounters(total, { ...emptyCounters(1, []), samples: 1 })).toThrow(/CERTIFICATE_INPUT/);
  expect(total).toEqual(before);
  expect(() => addCounters(total, emptyCounters(2, []))).toThrow(/CERTIFICATE_INPUT/);
});
