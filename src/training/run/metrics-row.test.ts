import { expect, test } from 'vitest';
import { type EpochRow, keptBelowUntrained } from './metrics-row.ts';

const row = (
  epoch: number,
  recallAt1: number | null,
  best: boolean,
  noisy: number | null = null,
): EpochRow => {
  const metrics = (share: number | null) =>
    share === null
      ? null
      : { recallAt1: share, recallAt2: 1, recallAt4: 1, recallAt8: 1, mapAtR: share, meanCosine: 0 };
  return {
    epoch,
    steps: epoch,
    training: null,
    learningRate: 0,
    clean: metrics(recallAt1),
    noisy: metrics(noisy),
    best,
    seconds: 1,
    imagesPerSecond: 1,
  };
};

test('a kept model below the untrained one is found, by the score that chose it', () => {
  const worse = [row(0, 0.6, false), row(1, 0.5, true), row(2, 0.55, true), row(3, 0.4, false)];
  expect(keptBelowUntrained(worse, 0)).toEqual({ kept: worse[2], untrained: worse[0] });
  expect(keptBelowUntrained([...worse, row(4, 0.6, true)], 0)).toBeNull(); // as good
  const noisy = [row(0, 0.6, false, 0.3), row(1, 0.5, true, 0.4)];
  expect(keptBelowUntrained(noisy, 0.25)).toBeNull();
  expect(keptBelowUntrained(noisy, 0)).not.toBeNull();
  expect(keptBelowUntrained([row(0, null, false), row(1, null, true)], 0)).toBeNull();
  expect(keptBelowUntrained([row(0, 0.6, false)], 0)).toBeNull();
});
