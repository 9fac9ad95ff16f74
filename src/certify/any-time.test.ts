import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DUEL_WORLDS, DuelRun, LOOSE, trueRadius } from '../../test/helpers/duels.ts';
import { binomialAtLeast, slowNormalCdf, slowNormalQuantile } from '../../test/helpers/numeric.ts';
import { Random } from '../../test/helpers/random.ts';
import { anyTimeUpper } from '../stats/index.ts';
import { AnyTime, type LossCounts } from './any-time.ts';
import { mostLosses } from './duel.ts';
import { type LossBound, lossRadius } from './loss-bound.ts';
import { radiusOf } from './result.ts';

const NOISE: LossBound = { sigma: 0.5, eta: 0, alpha: 0.001 };

/** A run that was looked at once. */
function after(counts: LossCounts, bound = NOISE): AnyTime {
  const run = new AnyTime(bound);
  run.observe(counts);
  return run;
}

/** For each number of samples up to `most`, the largest count of losses with which one look reaches the radius; −1 where none does. */
function criticalCounts(radius: number, bound: LossBound, most: number): Int32Array {
  const critical = new Int32Array(most + 1);
  let losses = -1;
  for (let samples = 0; samples <= most; samples++) {
    while (losses < samples && after({ samples, losses: losses + 1 }, bound).reached(radius)) losses++;
    critical[samples] = losses;
  }
  return critical;
}

describe('radii at any time', () => {
  test('are −σΦ⁻¹(p̄ + η) of the present counts, and the largest of all looks', () => {
    const bound = { sigma: 0.25, eta: 5e-5, alpha: 0.05 };
    const run = new AnyTime(bound);
    expect([run.radius, run.bestRadius]).toEqual([0, 0]);
    let best = 0;
    for (const [samples, losses] of [
      [5, 0],
      [50, 0],
      [60, 8],
      [60, 8],
      [400, 10],
    ]) {
      run.observe({ samples, losses });
      const upper = anyTimeUpper(losses, samples, bound.alpha);
      const radius = Math.max(0, -bound.sigma * slowNormalQuantile(upper + bound.eta));
      expect(run.radius).toBeCloseTo(radius, 9);
      best = Math.max(best, radius);
      expect(run.bestRadius).toBeCloseTo(best, 9);
      expect(radiusOf(run.certificate())).toBe(run.bestRadius);
      expect(run.counts).toEqual({ samples, losses });
    }
    // after 8 losses of 60 the radius of that moment was smaller than the best
    expect(after({ samples: 60, losses: 8 }, bound).radius).toBeLessThan(
      after({ samples: 50, losses: 0 }, bound).radius,
    );
  });

  const counts = fc
    .tuple(fc.integer({ min: 1, max: 3000 }), fc.double({ min: 0, max: 0.7, noNaN: true }))
    .map(([samples, share]) => ({ samples, losses: Math.floor(share * samples) }));

  test('a target is reached just where the best radius is as large', () => {
    fc.assert(
      fc.property(
        counts,
        counts,
        fc.double({ min: 0.001, max: 1.5, noNaN: true }),
        fc.constantFrom(0, 1e-6),
        (first, more, target, eta) => {
          const run = after(first, { ...NOISE, eta });
          run.observe({ samples: first.samples + more.samples, losses: first.losses + more.losses });
          expect(run.bestRadius).toBeGreaterThanOrEqual(run.radius);
          if (Math.abs(run.bestRadius - target) > 1e-9)
            expect(run.reached(target)).toBe(run.bestRadius > target);
          const best = run.bestRadius;
          if (best > 0) {
            expect(run.reached(best * (1 - 1e-9))).toBe(true);
            expect(run.reached(best * (1 + 1e-9))).toBe(false);
          }
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  test('the noise counts against the radius', () => {
    const clean = after({ samples: 2000, losses: 3 }, { ...NOISE, alpha: 0.1 });
    const coarse = after({ samples: 2000, losses: 3 }, { ...NOISE, alpha: 0.1, eta: 1e-4 });
    const upper = anyTimeUpper(3, 2000, 0.1);
    expect(coarse.radius).toBe(lossRadius(upper, { ...NOISE, eta: 1e-4 }));
    expect(coarse.radius).toBeLessThan(clean.radius - 0.001);
    const between = (clean.radius + coarse.radius) / 2;
    expect([clean.reached(between), coarse.reached(between)]).toEqual([true, false]);
    // Φ(−r/σ) must be above 2η
    expect(coarse.reached(0.5 * 3.5)).toBe(false);
    expect(() => coarse.reached(0.5 * 3.55)).toThrow(/CERTIFICATE_INPUT/);
  });

  test('refuse counts that go back, and impossible ones', () => {
    const run = after({ samples: 10, losses: 4 });
    for (const bad of [
      { samples: 9, losses: 4 },
      { samples: 11, losses: 3 },
      { samples: 11, losses: 6 },
      { samples: 10, losses: 5 },
      { samples: 12.5, losses: 4 },
      { samples: NaN, losses: 4 },
      { samples: 12, losses: NaN },
      { samples: 1e9 + 1, losses: 4 },
    ]) {
      expect(() => run.observe(bad)).toThrow(/CERTIFICATE_INPUT/);
      expect(run.counts).toEqual({ samples: 10, losses: 4 });
    }
    run.observe({ samples: 10, losses: 4 });
    run.observe({ samples: 12, losses: 6 });
    expect(() => new AnyTime(NOISE).observe({ samples: 1, losses: 2 })).toThrow(/CERTIFICATE_INPUT/);
    for (const bad of [{ sigma: 0 }, { alpha: 0 }, { alpha: 1 }, { eta: 2e-6 }, { eta: -1 }, { eta: NaN }])
      expect(() => new AnyTime({ ...NOISE, ...bad })).toThrow(/CERTIFICATE_INPUT/);
    expect(() => new AnyTime(NOISE, { a: 0.5, b: 2 })).toThrow(/CERTIFICATE_INPUT/);
    for (const radius of [0, -1, NaN, Infinity])
      expect(() => run.reached(radius)).toThrow(/CERTIFICATE_INPUT/);
    for (const most of [11, 20.5, NaN, 2e9])
      expect(() => run.hopeless(0.1, most)).toThrow(/CERTIFICATE_INPUT/);
    expect(() => run.hopeless(0.1, 20, 0)).toThrow(/CERTIFICATE_INPUT/);
  });

  test('may bet on another mixture', () => {
    const prior = { a: 3, b: 0.25 };
    const run = new AnyTime(NOISE, prior);
    run.observe({ samples: 500, losses: 20 });
    const upper = anyTimeUpper(20, 500, NOISE.alpha, prior);
    expect(upper).not.toBe(anyTimeUpper(20, 500, NOISE.alpha));
    expect(run.radius).toBe(lossRadius(upper, NOISE));
    const radius = run.radius;
    prior.a = 1;
    run.observe({ samples: 500, losses: 20 });
    expect(run.radius).toBe(radius);
  });

  test('a run goes on from its counts', () => {
    const run = after({ samples: 100, losses: 3 });
    const resumed = after(run.counts);
    for (const one of [run, resumed]) one.observe({ samples: 300, losses: 7 });
    expect(resumed.bestRadius).toBe(run.bestRadius);
  });

  test('abstain with a reason, and with about how many samples would do', () => {
    expect(new AnyTime(NOISE).certificate()).toMatchObject({ reason: 'too-few-samples' });
    expect(after({ samples: 1000, losses: 510 }).certificate()).toEqual({
      kind: 'abstain',
      reason: 'near-tie',
    });
    expect(after({ samples: 1000, losses: 700 }).certificate()).toEqual({
      kind: 'abstain',
      reason: 'wrong-answer',
    });
    expect(
      after({ samples: 100_000, losses: 49_999 }, { ...NOISE, alpha: 0.1, eta: 1e-4 }).certificate(),
    ).toEqual({ kind: 'abstain', reason: 'no-margin' });
    for (const losses of [0, 1, 2, 3]) {
      const found = after({ samples: 8, losses }).certificate();
      if (found.kind !== 'abstain' || found.samplesNeeded === undefined) throw new Error('expected a number');
      expect(found.reason).toBe('too-few-samples');
      const at = (times: number): number => {
        const samples = Math.ceil(times * (found.samplesNeeded ?? 0));
        return after({ samples, losses: Math.round((losses / 8) * samples) }).radius;
      };
      expect(at(1.2)).toBeGreaterThan(0);
      expect(at(0.6)).toBe(0);
    }
    // 2⁻⁵⁰ from one half: no number that can be counted
    expect(after({ samples: 2e8 + 1, losses: 1e8 }).certificate()).toEqual({
      kind: 'abstain',
      reason: 'too-few-samples',
    });
  });
});

describe('the number of samples', () => {
  // certificates §11, at p = 0.01
  test.each([
    [0.5, 24],
    [1, 50],
    [1.5, 175],
  ])('to reach %sσ is at most %s in half of the runs', (times, most) => {
    const bound = { sigma: 1, eta: 0, alpha: 0.001 };
    const critical = criticalCounts(times, bound, 1500);
    const random = new Random(3);
    const needed = Array.from({ length: 2001 }, () => {
      let losses = 0;
      for (let samples = 1; samples < critical.length; samples++) {
        if (random.uniform() < 0.01) losses++;
        if (losses <= critical[samples]) return samples;
      }
      return Infinity;
    }).sort((x, y) => x - y);
    expect(needed[1000]).toBeLessThanOrEqual(most);
    expect(needed[1000]).toBeGreaterThan(0.7 * most);
  });
});

test('no look can reach a radius before the number of samples that would do without another loss', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 400 }),
      fc.double({ min: 0, max: 0.3, noNaN: true }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (samples, share, radius) => {
        const losses = Math.floor(share * samples);
        const run = after({ samples, losses });
        const all = run.samplesTo(radius);
        if (run.reached(radius)) {
          expect(all).toBe(samples);
          return;
        }
        expect(after({ samples: all, losses }).reached(radius)).toBe(true);
        expect(after({ samples: all - 1, losses }).reached(radius)).toBe(false);
      },
    ),
    { seed: 4, numRuns: 100 },
  );
  const coarse = after({ samples: 10, losses: 0 }, { ...NOISE, alpha: 0.1, eta: 1e-4 });
  expect(coarse.samplesTo(0.5 * 3.55)).toBe(Infinity);
  expect(() => coarse.samplesTo(0)).toThrow(/CERTIFICATE_INPUT/);
});

describe('giving up', () => {
  const SIGMA = 1;
  const bound = { sigma: SIGMA, eta: 0, alpha: 0.001 };

  /** How a run that is looked at every 16 samples ends, for losses of probability p. */
  function play(
    p: number,
    target: number,
    most: number,
    random: Random,
  ): { reached: boolean; samples: number } {
    const run = new AnyTime(bound);
    let losses = 0;
    for (let samples = 1; ; samples++) {
      if (random.uniform() < p) losses++;
      if (samples % 16 !== 0 && samples !== most) continue;
      run.observe({ samples, losses });
      if (run.reached(target)) return { reached: true, samples };
      if (samples === most || run.hopeless(target, most)) return { reached: false, samples };
    }
  }

  test('costs few of the runs that would reach the target', () => {
    const random = new Random(5);
    const lost = Array.from({ length: 300 }, () => play(0.08, 1, 4000, random)).filter(
      ({ reached }) => !reached,
    ).length;
    // doubt = 0.01
    expect(binomialAtLeast(lost, 300, 0.01)).toBeGreaterThan(1e-6);
  });

  test('comes early where the target is out of reach', () => {
    const random = new Random(6);
    for (const [p, target, within] of [
      [0.5, 1, 64],
      [0.25, 1, 600],
      [0.1, 1.5, 1200],
    ]) {
      const runs = Array.from({ length: 100 }, () => play(p, target, 100_000, random));
      expect(runs.some(({ reached }) => reached)).toBe(false);
      const samples = runs.map((run) => run.samples).sort((x, y) => x - y);
      expect(samples[50]).toBeLessThanOrEqual(within);
    }
  });

  test('comes at once where no luck could reach the target with the samples left', () => {
    // σ takes 28 samples without a loss
    const run = new AnyTime(bound);
    let least = 1;
    while (!after({ samples: least, losses: 0 }, bound).reached(1)) least++;
    expect([run.hopeless(1, least - 1), run.hopeless(1, least)]).toEqual([true, false]);
  });

  test('never where the target is reached', () => {
    const run = after({ samples: 100, losses: 0 }, bound);
    expect([run.reached(1), run.hopeless(1, 100)]).toEqual([true, false]);
    run.observe({ samples: 160, losses: 60 });
    expect([run.reached(1), run.hopeless(1, 160)]).toEqual([true, false]);
  });
});

/** Whether so many failures of alpha are luck. */
const plausible = (failures: number, repetitions: number, alpha: number): boolean =>
  binomialAtLeast(failures, repetitions, alpha) > 1e-6;

describe('at any time up to 800 samples the target is reached falsely in a share of alpha at most', () => {
  const REPETITIONS = 5000;
  const MOST = 800;

  test.each([0.5, 1, 1.5])('at %sσ', (times) => {
    const target = times * LOOSE.sigma;
    const critical = criticalCounts(target, LOOSE, MOST);
    const q = slowNormalCdf(-times);
    const random = new Random(7);
    const crossings = (p: number): number => {
      let crossed = 0;
      for (let repetition = 0; repetition < REPETITIONS; repetition++) {
        let losses = 0;
        for (let samples = 1; samples <= MOST; samples++) {
          if (random.uniform() < p) losses++;
          if (losses > critical[samples]) continue;
          crossed++;
          break;
        }
      }
      return crossed;
    };
    for (const factor of [1, 1.01, 1.1, 1.3])
      expect(plausible(crossings(factor * q), REPETITIONS, LOOSE.alpha)).toBe(true);
    // what a fixed number of samples would give away at each look: the test is not empty
    expect(crossings(q)).toBeGreaterThan(0.3 * LOOSE.alpha * REPETITIONS);
    expect(crossings(0.5 * q)).toBeGreaterThan(0.9 * REPETITIONS);
  });
});

describe('the radius of duels at any time', () => {
  const REPETITIONS = 2000;
  const MOST = 300;

  test.each(Object.keys(DUEL_WORLDS))(
    '%s: exceeds the truth at some time in a share of alpha at most',
    (name) => {
      const world = DUEL_WORLDS[name];
      const truth = trueRadius(world, LOOSE.sigma);
      // the largest count whose radius exceeds the truth; without an answer, any radius does
      const wrongAt = Array.from({ length: MOST + 1 }, () => -1);
      for (let samples = 1, losses = -1; samples <= MOST; samples++) {
        while (losses < samples && after({ samples, losses: losses + 1 }, LOOSE).radius > truth) losses++;
        wrongAt[samples] = losses;
      }
      const random = new Random(9);
      let wrong = 0;
      for (let repetition = 0; repetition < REPETITIONS; repetition++) {
        const run = new DuelRun(world, random);
        for (let samples = 1; samples <= MOST; samples++) {
          run.sample();
          if (run.losses > wrongAt[samples]) continue;
          wrong++;
          break;
        }
      }
      expect(plausible(wrong, REPETITIONS, LOOSE.alpha)).toBe(true);
    },
  );

  test('stays below the truth of an encoder that is known in closed form, and comes near it', () => {
    // h(x) is the position along a line in tenths, and no number from 20 on; y at 0. A tie with an item lies in the middle: at 3, −4, 15
    const items = [6, -8, 30];
    const borders = [0.25, -0.35];
    const bound = { sigma: 0.25, eta: 0, alpha: 1e-5 };
    const random = new Random(13);
    for (let repetition = 0; repetition < 20; repetition++) {
      const start = -0.15 + 0.02 * repetition;
      const truth = Math.min(...borders.map((border) => Math.abs(border - start)));
      const run = new AnyTime(bound);
      const lostTo = [0, 0, 0];
      for (let samples = 1; samples <= 20_000; samples++) {
        const position = Math.round(10 * (start + bound.sigma * random.normal()));
        const embedding = position < 20 ? position : Number.NaN;
        for (const [label, item] of items.entries())
          if (!(Math.abs(embedding) < Math.abs(embedding - item))) lostTo[label]++;
        if (samples % 50 !== 0 && samples > 100) continue;
        run.observe({ samples, losses: mostLosses({ lostTo, lostToAll: 0, samples, labels: 3 }) });
        expect(run.bestRadius).toBeLessThan(truth);
      }
      expect(run.bestRadius).toBeGreaterThan(truth - 0.03);
    }
  });
});
