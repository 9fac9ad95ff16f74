import { describe, expect, test } from 'vitest';
import { AnyTime } from '../certify/index.ts';
import { defaultSelection, type Limits, type Look, nextLook, requireStopping, stopsBy } from './stopping.ts';

const bound = { sigma: 0.25, eta: 0, alpha: 0.001 };

/** A look at a query of which so many samples were lost. */
function lookAt(samples: number, losses: number, change: Partial<Look> = {}): Look {
  const verdicts = { duel: new AnyTime(bound), vote: new AnyTime(bound) };
  for (const one of Object.values(verdicts)) one.observe({ samples, losses });
  const duel = { ...verdicts.duel.certificate(), label: 1 };
  return { samples, seconds: 0.1, methods: ['duel'], verdicts, certificates: { duel }, ...change };
}

/** All looks of a query that no sample loses. */
function looksOf(limits: Limits, unit: number): number[] {
  const looks: number[] = [];
  for (let samples = 0; samples < (limits.samples ?? 10_000); ) {
    samples = nextLook(limits, lookAt(samples, 0), unit);
    looks.push(samples);
  }
  return looks;
}

describe('looks', () => {
  test('without a radius after 16, then 16 more or an eighth, in whole units, the last at the end', () => {
    const looks = looksOf({ samples: 1000 }, 1);
    expect(looks.slice(0, 4)).toEqual([16, 32, 48, 64]);
    expect(looks.at(-1)).toBe(1000);
    expect(looks.slice(0, -1).every((samples) => samples % 16 === 0)).toBe(true);
    expect(looks.length).toBeLessThan(30);
    expect(looksOf({ samples: 10 }, 1)).toEqual([10]);
    expect(looksOf({ samples: 100 }, 32)).toEqual([32, 64, 96, 100]);
  });

  test('with one at the least number of samples that can reach it', () => {
    const radius = 0.5 * bound.sigma;
    const first = nextLook({ radius }, lookAt(0, 0), 1);
    expect(lookAt(first, 0).verdicts.duel.reached(radius)).toBe(true);
    expect(lookAt(first - 1, 0).verdicts.duel.reached(radius)).toBe(false);
    const second = nextLook({ radius }, lookAt(first, 1), 1);
    expect(lookAt(second, 1).verdicts.duel.reached(radius)).toBe(true);
    expect(lookAt(second - 1, 1).verdicts.duel.reached(radius)).toBe(false);
    // where that is far off, it may have to be given up before
    expect(nextLook({ radius: 2 * bound.sigma }, lookAt(0, 0), 1)).toBe(32);
    expect(nextLook({ radius: 2 * bound.sigma }, lookAt(32, 4), 1)).toBe(64);
  });

  test('go on, and then end, for a radius that no number of samples reaches', () => {
    const radius = 40 * bound.sigma;
    expect(nextLook({ radius }, lookAt(0, 0), 1)).toBe(32);
    expect(nextLook({ radius, futility: false }, lookAt(64, 0), 1)).toBe(128);
    expect(stopsBy({ radius }, lookAt(32, 0))).toBe('futility');
  });

  test('no further than the time allows for', () => {
    const late = lookAt(1000, 0, { seconds: 0.99 });
    expect(nextLook({ seconds: 1 }, late, 1)).toBe(1016);
    expect(nextLook({ seconds: 0.5 }, late, 1)).toBe(1016);
    expect(nextLook({ seconds: 10 }, late, 1)).toBe(1128);
  });
});

describe('a query stops', () => {
  const limits = { radius: 0.25, samples: 1000 };

  test('when the radius is reached, or out of reach, or the samples are at an end', () => {
    expect(stopsBy(limits, lookAt(16, 0))).toBe(null);
    expect(stopsBy(limits, lookAt(60, 0))).toBe('radius');
    expect(stopsBy(limits, lookAt(30, 3))).toBe(null);
    expect(stopsBy(limits, lookAt(100, 60))).toBe('futility');
    expect(stopsBy({ ...limits, futility: false }, lookAt(100, 60))).toBe(null);
    expect(stopsBy(limits, lookAt(1000, 400))).toBe('samples');
    expect(stopsBy(limits, lookAt(1000, 0))).toBe('radius');
  });

  test('not for a radius that is out of reach of one method only', () => {
    const look = lookAt(100, 60);
    const certificates = { ...look.certificates, cdf: look.certificates.duel };
    expect(stopsBy(limits, { ...look, certificates, methods: ['cdf', 'duel'] })).toBe(null);
  });

  test('without a radius for futility where it is asked to, when nothing is in reach', () => {
    expect(stopsBy({ futility: true }, lookAt(200, 160))).toBe('futility');
    expect(stopsBy({ futility: true }, lookAt(200, 20))).toBe(null);
    expect(stopsBy({}, lookAt(200, 160))).toBe(null);
  });

  test('at a time', () => {
    expect(stopsBy({ seconds: 1 }, lookAt(16, 0, { seconds: 0.5 }))).toBe(null);
    expect(stopsBy({ seconds: 1 }, lookAt(16, 0, { seconds: 1.5 }))).toBe('time');
    expect(stopsBy({ seconds: 1, radius: 0.25 }, lookAt(60, 0, { seconds: 1.5 }))).toBe('radius');
  });
});

test('few selection samples do where a label is all that is chosen', () => {
  expect(defaultSelection({ radius: 0.5 }, ['duel', 'vote'], 1)).toBe(16);
  expect(defaultSelection({ radius: 0.4 }, ['duel', 'vote'], 1)).toBe(32);
  expect(defaultSelection({ seconds: 1 }, ['duel'], 1)).toBe(32);
  expect(defaultSelection({ radius: 1 }, ['duel', 'cdf'], 1)).toBe(512);
  expect(defaultSelection({ exactly: 100 }, ['duel'], 1)).toBe(512);
});

test.each([
  [{ radius: 0 }, /radius > 0/],
  [{ radius: Number.NaN }, /radius > 0/],
  [{ seconds: -1 }, /seconds > 0/],
  [{ seconds: Infinity }, /seconds > 0/],
  [{ samples: 0 }, /samples/],
  [{ samples: 1.5 }, /samples/],
  [{ exactly: 2e9 }, /samples/],
  [{ exactly: 100, radius: 0.1 }, /no limit beside an exact number/],
])('%j is refused', (stopping, what) => {
  expect(() => requireStopping(stopping)).toThrow(what);
  expect(() => requireStopping(stopping)).toThrow(/OPTION_INVALID/);
});
