import { expect, test } from 'vitest';
import { gaussianSample } from '../../noise/index.ts';
import { RandomStream, sampleIndex, trainingKey } from './random.ts';

const first = (purpose: 'crop' | 'flip', seed: number, step: number, position: number): string => {
  const random = new RandomStream(trainingKey(seed, purpose), step, position);
  return [random.uniform(), random.uniform()].join();
};

test('streams differ in seed, purpose, step and position, and repeat', () => {
  const streams = [
    first('crop', 1, 0, 0),
    first('flip', 1, 0, 0),
    first('crop', 2, 0, 0),
    first('crop', 1, 1, 0),
    first('crop', 1, 0, 1),
    first('crop', 1, 2 ** 32 - 1, 65535),
  ];
  expect(new Set(streams).size).toBe(streams.length);
  expect(first('crop', 1, 0, 0)).toBe(streams[0]);
});

test('every (step, position) has a noise of its own, up to the last', () => {
  const key = trainingKey(0, 'noise');
  const last = sampleIndex(2 ** 32 - 1, 65535);
  expect(last).toBe(2 ** 48 - 1);
  expect(sampleIndex(1, 0)).toBe(sampleIndex(0, 65535) + 1);
  expect(gaussianSample(key, last, 3)).not.toEqual(gaussianSample(key, last - 1, 3));
});

test('shuffles every order alike', () => {
  const random = new RandomStream(trainingKey(3, 'sampler'), 0);
  const counts = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const order = random.shuffle([0, 1, 2]).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(6);
  // binomial(6000, 1/6): 5 standard deviations are 144
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(145);
});
