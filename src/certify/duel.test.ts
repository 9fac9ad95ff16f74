import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DUEL_WORLDS, DuelRun, LOOSE, trueRadius } from '../../test/helpers/duels.ts';
import { binomialAtLeast, slowNormalQuantile, slowUpperBound } from '../../test/helpers/numeric.ts';
import { Random } from '../../test/helpers/random.ts';
import { type DuelCounts, duelCertificate, mostLosses } from './duel.ts';
import { lossRadius } from './loss-bound.ts';
import { radiusOf } from './result.ts';
import { voteCertificate } from './vote.ts';

const noise = { sigma: 0.5, eta: 0, alpha: 0.01 };

/** Counts of samples with a few labels, some lost to all. */
const duelCounts = fc
  .record({
    won: fc.integer({ min: 0, max: 300 }),
    lostToAll: fc.integer({ min: 0, max: 20 }),
    lostTo: fc.array(fc.integer({ min: 0, max: 80 }), { maxLength: 5 }),
    silent: fc.integer({ min: 1, max: 1000 }),
  })
  .map(({ won, lostToAll, lostTo, silent }) => ({
    lostTo,
    lostToAll,
    samples: 1 + won + lostToAll + Math.max(0, ...lostTo),
    labels: lostTo.length + silent,
  }));

describe('duel certificate', () => {
  test('is the least −σΦ⁻¹(p̄ + η) over labels, each at the whole alpha, samples lost to all in every count', () => {
    fc.assert(
      fc.property(
        duelCounts,
        fc.constantFrom(0.1, 0.01, 0.001),
        fc.constantFrom(0, 0.5, 1),
        (counts, alpha, part) => {
          const eta = (part * alpha) / 1000;
          const { lostTo, lostToAll, samples } = counts;
          // the labels without a counter have one in common: what was lost to all
          const radii = [...lostTo, 0].map(
            (lost) =>
              -0.5 * slowNormalQuantile(Math.min(1, slowUpperBound(lost + lostToAll, samples, alpha) + eta)),
          );
          const least = Math.min(...radii);
          fc.pre(Math.abs(least) > 1e-8);
          const found = duelCertificate({ ...counts, sigma: 0.5, eta, alpha });
          expect(found.kind).toBe(least > 0 ? 'certified' : 'abstain');
          // eta moves the radius by 1e-6 at least
          expect(radiusOf(found)).toBeCloseTo(Math.max(0, least), 8);
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });

  test('eta is added to the bound', () => {
    const counts: DuelCounts = { lostTo: [3], lostToAll: 1, samples: 100, labels: 2 };
    const radius = (eta: number): number =>
      radiusOf(duelCertificate({ ...counts, ...noise, alpha: 0.1, eta }));
    const slope = (radius(0) - radius(1e-4)) / 1e-4;
    const density = Math.exp(-((radius(0) / 0.5) ** 2) / 2) / Math.sqrt(2 * Math.PI);
    expect(slope).toBeCloseTo(0.5 / density, 2);
    expect(lossRadius(1, { ...noise, eta: 1e-4 })).toBe(0);
    expect(lossRadius(1 - 1e-5, { ...noise, eta: 1e-4 })).toBe(0);
  });

  test('is never below the vote of the same samples, ties with another label being misses', () => {
    const distances = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.array(distances, { minLength: 1, maxLength: 60 }),
        fc.double({ min: 0, max: 1 }),
        (all, ease) => {
          // y is the first; a part of the samples is made easy
          const samples = all.map(([own, ...others], i) => [i < ease * all.length ? -1 : own, ...others]);
          let hits = 0;
          const lostTo = [0, 0, 0];
          const votes = [0, 0, 0];
          for (const [own, ...others] of samples) {
            const nearest = Math.min(...others);
            if (own < nearest) hits++;
            for (const [label, other] of others.entries()) {
              if (!(own < other)) lostTo[label]++;
              if (own >= nearest && other === nearest) votes[label]++;
            }
          }
          const shared = { samples: samples.length, alpha: 0.1, sigma: 1, eta: 1e-5 };
          const vote = voteCertificate({ ...shared, hits, runnerUp: Math.max(...votes) });
          const duel = duelCertificate({ ...shared, lostTo, lostToAll: 0, labels: 3 });
          expect(radiusOf(duel)).toBeGreaterThanOrEqual(radiusOf(vote));
        },
      ),
      { seed: 2, numRuns: 500 },
    );
  });

  test('is the majority vote where all losses are to one label', () => {
    for (const lost of [0, 1, 17, 200, 400]) {
      const shared = { samples: 1000, alpha: 0.001, sigma: 0.25, eta: 1e-9 };
      const vote = voteCertificate({ ...shared, hits: 1000 - lost, runnerUp: lost });
      expect(duelCertificate({ ...shared, lostTo: [lost], lostToAll: 0, labels: 1 })).toEqual(vote);
      expect(duelCertificate({ ...shared, lostTo: [], lostToAll: lost, labels: 9 })).toEqual(vote);
    }
  });

  test('gains on the vote where several labels share the losses', () => {
    const shared = { samples: 1000, alpha: 0.001, sigma: 1, eta: 0 };
    const duel = duelCertificate({ ...shared, lostTo: [90, 100, 110], lostToAll: 0, labels: 40 });
    const vote = voteCertificate({ ...shared, hits: 700, runnerUp: 110 });
    expect(radiusOf(duel)).toBeGreaterThan(2 * radiusOf(vote));
  });

  test('abstains with a reason', () => {
    const at = (losses: number, samples: number, eta = 0): unknown =>
      duelCertificate({ lostTo: [losses], lostToAll: 0, samples, labels: 2, sigma: 1, alpha: 0.1, eta });
    expect(at(50, 100)).toEqual({ kind: 'abstain', reason: 'near-tie' });
    expect(at(55, 100)).toEqual({ kind: 'abstain', reason: 'near-tie' });
    expect(at(80, 100)).toEqual({ kind: 'abstain', reason: 'wrong-answer' });
    expect(at(100, 100)).toEqual({ kind: 'abstain', reason: 'wrong-answer' });
    expect(at(49_999, 100_000, 1e-4)).toEqual({ kind: 'abstain', reason: 'no-margin' });
    expect(at(49_999, 100_000)).toMatchObject({ reason: 'too-few-samples' });
    expect(at(0, 1)).toMatchObject({ reason: 'too-few-samples', samplesNeeded: 4 });
    expect(at(0, 4)).toMatchObject({ kind: 'certified' });
  });

  test('says about how many samples would do', () => {
    const found = duelCertificate({ lostTo: [45], lostToAll: 0, samples: 100, labels: 1, ...noise });
    if (found.kind !== 'abstain' || found.samplesNeeded === undefined) throw new Error('expected a number');
    const radius = (samples: number): number =>
      radiusOf(
        duelCertificate({
          lostTo: [Math.round(0.45 * samples)],
          lostToAll: 0,
          samples: Math.round(samples),
          labels: 1,
          ...noise,
        }),
      );
    expect(radius(1.5 * found.samplesNeeded)).toBeGreaterThan(0);
    expect(radius(0.2 * found.samplesNeeded)).toBe(0);
  });

  test('refuses impossible counts, noise and galleries', () => {
    const good = { lostTo: [3, 0], lostToAll: 1, samples: 10, labels: 2, ...noise };
    expect(mostLosses(good)).toBe(4);
    expect(() => mostLosses({ ...good, samples: 3 })).toThrow(/no more losses than samples/);
    expect(() => duelCertificate({ ...good, labels: 0, lostTo: [] })).toThrow(/at least 2 labels/);
    for (const bad of [
      { labels: 1 },
      { labels: -1 },
      { labels: 1.5 },
      { samples: 0 },
      { samples: 3 },
      { samples: NaN },
      { lostToAll: -1 },
      { lostToAll: 8 },
      { lostTo: [3, -1] },
      { lostTo: [0.5] },
      { lostTo: [NaN] },
      { sigma: 0 },
      { sigma: Infinity },
      { alpha: 0 },
      { alpha: 1 },
      { eta: -1e-9 },
      { eta: 1.1e-5 },
      { eta: NaN },
    ])
      expect(() => duelCertificate({ ...good, ...bad })).toThrow(/CERTIFICATE_INPUT/);
  });
});

describe('the radius exceeds the truth in a share of alpha at most', () => {
  const REPETITIONS = 4000;

  test.each(Object.keys(DUEL_WORLDS))('%s', (name) => {
    const world = DUEL_WORLDS[name];
    const truth = trueRadius(world, LOOSE.sigma);
    const random = new Random(11);
    for (const samples of [40, 200]) {
      let wrong = 0;
      for (let repetition = 0; repetition < REPETITIONS; repetition++) {
        const run = new DuelRun(world, random);
        for (let i = 0; i < samples; i++) run.sample();
        if (radiusOf(duelCertificate({ ...run.counts, ...LOOSE })) > truth) wrong++;
      }
      expect(binomialAtLeast(wrong, REPETITIONS, LOOSE.alpha)).toBeGreaterThan(1e-6);
    }
  });
});
