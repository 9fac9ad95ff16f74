/** The loop over a certification's states: limits, signals, breaks, resumption, and what it certifies at a moment that is chosen for it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linearForm, writeEncoder } from '../../test/helpers/encoders.ts';
import { binomialAtLeast, slowNormalQuantile } from '../../test/helpers/numeric.ts';
import { Random } from '../../test/helpers/random.ts';
import {
  addCount,
  AlphaBudget,
  clopperPearsonUpper,
  emptyCounters,
  fixPlan,
  type GalleryView,
  radiusOf,
} from '../certify/index.ts';
import { Looks, type PlannedQuery } from './certification.ts';
import type { CertifiedQuery, CertifySettings, QueryState } from './engine-types.ts';
import { Smoother } from './smoother.ts';

const SIGMA = 0.25;
/** One item each of two labels, on the two sides of a threshold. */
const GALLERY: GalleryView = {
  vectors: Float32Array.of(1, 0, -1, 0),
  dimension: 2,
  count: 2,
  labelIndex: Int32Array.of(0, 1),
};

let folder: string;
let smoother: Smoother;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'certification-'));
  // the sign of the mean pixel less one half
  await writeEncoder(folder, [1, 2, 2], 2, (g, pixels) => {
    const beyond = g.op('GreaterOrEqual', [linearForm(g, pixels, [0.25, 0.25, 0.25, 0.25]), g.float32(0.5)]);
    const sign = g.op('Where', [beyond, g.float32(1), g.float32(-1)]);
    return g.op('Mul', [sign, g.constant(Float32Array.of(1, 0), [1, 2])]);
  });
  smoother = await Smoother.open(folder, { threads: 2, batch: 4 });
  await smoother.setGallery(GALLERY);
});
afterAll(async () => {
  await smoother.close();
  await rm(folder, { recursive: true, force: true });
});

/** A picture whose noisy copies are lost with probability Φ(−distance/σ). */
const pictureAt = (distance: number) => ({
  id: `at ${distance}`,
  pixels: new Float32Array(4).fill(0.5 + distance / 2), // the form of weights ¼ has norm ½
});
const settings = (change: Partial<CertifySettings> = {}): CertifySettings => ({
  sigma: SIGMA,
  methods: ['duel', 'vote'],
  ...change,
});

async function statesOf(states: AsyncIterable<QueryState>): Promise<QueryState[]> {
  const seen: QueryState[] = [];
  for await (const state of states) seen.push(state);
  return seen;
}

const countersAt = async (query: ReturnType<typeof pictureAt>, samples: number) =>
  (await smoother.certifyOnce(query, settings({ selection: 32, stopping: { exactly: samples } }))).counters;

describe('the states of a query', () => {
  test('grow to the radius asked for; the last has all that was found, of the counters of a fixed run', async () => {
    const query = pictureAt(0.6);
    const radius = 1.2 * SIGMA;
    const states = await statesOf(smoother.certify(query, settings({ stopping: { radius } })));
    expect(states.length).toBeGreaterThan(1);
    for (const [i, state] of states.entries()) {
      const { samples, seconds, certificates, stopped } = state;
      expect(Object.keys(certificates)).toEqual(['duel', 'vote']);
      expect(certificates.duel!.label).toBe(0);
      expect(stopped).toBe(i === states.length - 1 ? 'radius' : null);
      if (i === 0) continue;
      expect(samples).toBeGreaterThan(states[i - 1].samples);
      expect(seconds).toBeGreaterThanOrEqual(states[i - 1].seconds);
      expect(radiusOf(certificates.duel!)).toBeGreaterThanOrEqual(radiusOf(states[i - 1].certificates.duel!));
    }
    const last = states.at(-1) as CertifiedQuery;
    expect(radiusOf(last.certificates.duel!)).toBeGreaterThanOrEqual(radius);
    expect(radiusOf(last.certificates.duel!)).toBeLessThan(0.6);
    expect(last).toMatchObject({ predicted: 0, votePredicted: 0, duelPredicted: 0 });
    expect(last.counters.samples).toBe(last.samples);
    expect(last.counters).toEqual(await countersAt(query, last.samples));
    const once = await smoother.certifyOnce(query, settings({ stopping: { radius } }));
    expect({ ...once, seconds: 0 }).toEqual({ ...last, seconds: 0 });
    const [inGroup] = await smoother.certifyGroup([query], settings({ stopping: { radius } }));
    expect({ ...inGroup, seconds: 0 }).toEqual({ ...last, seconds: 0 });
  });

  test('end with the samples, with the time, or where the radius is out of reach', async () => {
    const near = pictureAt(0.2);
    const far = pictureAt(0.6);
    const last = async (query: typeof near, stopping: CertifySettings['stopping']) =>
      smoother.certifyOnce(query, settings({ stopping }));
    expect(await last(far, { samples: 100 })).toMatchObject({ stopped: 'samples', samples: 100 });
    expect(await last(near, { radius: 2 * SIGMA, samples: 10_000 })).toMatchObject({ stopped: 'futility' });
    expect(await last(near, { radius: 2 * SIGMA, samples: 200, futility: false })).toMatchObject({
      stopped: 'samples',
      samples: 200,
    });
    const timed = await last(far, { seconds: 0.05, samples: 1e8 });
    expect(timed.stopped).toBe('time');
    expect(timed.seconds).toBeGreaterThanOrEqual(0.05);
    expect(radiusOf(timed.certificates.duel!)).toBeGreaterThan(0);
    expect(await last(far, { exactly: 70 })).toMatchObject({ stopped: 'samples', samples: 70 });
  });

  test('of an exact number of samples are one, with the sharper bounds of that number', async () => {
    const query = pictureAt(0.6);
    const states = await statesOf(smoother.certify(query, settings({ stopping: { exactly: 200 } })));
    expect(states).toHaveLength(1);
    const anyTime = await smoother.certifyOnce(
      query,
      settings({ selection: 512, stopping: { samples: 200 } }),
    );
    expect(radiusOf(states[0].certificates.duel!)).toBeGreaterThan(radiusOf(anyTime.certificates.duel!));
  });
});

describe('the end of a loop', () => {
  test('that is left: nothing runs on, and a loop begun again goes on with the next samples', async () => {
    let drawn = 0;
    const query = pictureAt(0.6);
    const certification = smoother.certify(query, settings({ stopping: { samples: 120 } }), {
      onSamples: (count) => (drawn += count),
    });
    let left = 0;
    for await (const state of certification) {
      left = state.samples;
      if (state.samples >= 48) break;
    }
    expect(drawn).toBe(32 + left);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(drawn).toBe(32 + left);
    const states = await statesOf(certification);
    expect(states[0].samples).toBe(left);
    expect(drawn).toBe(32 + 120);
    expect((states.at(-1) as CertifiedQuery).counters).toEqual(await countersAt(query, 120));
  });

  test('by a signal: the state of the last look, without the samples counted since', async () => {
    const controller = new AbortController();
    const query = pictureAt(0.6);
    let drawn = 0;
    const states = await statesOf(
      smoother.certify(query, settings({ selection: 16, stopping: { samples: 1e6 } }), {
        signal: controller.signal,
        onSamples: (count) => {
          drawn += count;
          if (drawn > 2000) controller.abort();
        },
      }),
    );
    const last = states.at(-1) as CertifiedQuery;
    expect(last.stopped).toBe('signal');
    expect(last.samples).toBe(states.at(-2)!.samples);
    expect(radiusOf(last.certificates.duel!)).toBeGreaterThan(SIGMA);
    expect(last.counters).toEqual(await countersAt(query, last.samples));
  });

  test('by a signal between two looks, or beside another query', async () => {
    const controller = new AbortController();
    const other = smoother.certifyOnce(pictureAt(0.5), settings({ stopping: { exactly: 5000 } }));
    const states: QueryState[] = [];
    const loop = smoother.certify(pictureAt(0.6), settings({ stopping: { samples: 1e6 } }), controller);
    for await (const state of loop) {
      states.push(state);
      controller.abort();
    }
    expect(states.map(({ stopped }) => stopped)).toEqual([null, 'signal']);
    expect(await other).toMatchObject({ stopped: 'samples', samples: 5000 });
  });

  test('by a signal before there is a state: cancelled', async () => {
    const aborted = { signal: AbortSignal.abort() };
    for (const stopping of [{ samples: 100 }, { exactly: 100 }])
      await expect(smoother.certifyOnce(pictureAt(0.6), settings({ stopping }), aborted)).rejects.toThrow(
        /CANCELLED/,
      );
    const controller = new AbortController();
    const control = { signal: controller.signal, onSamples: () => controller.abort() };
    const group = smoother.certifyGroup([pictureAt(0.6)], settings({ stopping: { samples: 1e6 } }), control);
    await expect(group).rejects.toThrow(/CANCELLED/);
  });

  test('by a fault is that fault', async () => {
    const unnamed = { ...pictureAt(0.6), id: '\ud800' };
    const settled = smoother.certifyOnce(unnamed, settings({ stopping: { samples: 100 } }));
    await expect(settled).rejects.toThrow(/OPTION_INVALID.*well-formed/);
  });
});

describe('a query that has stopped', () => {
  test('goes on with its samples, and what was found before stays as it was', async () => {
    const query = pictureAt(0.6);
    const certification = smoother.certify(query, settings({ stopping: { radius: 0.5 * SIGMA } }));
    const first = (await statesOf(certification)).at(-1) as CertifiedQuery;
    const before = structuredClone(first.counters);
    const states = await statesOf(certification.resume({ radius: 1.5 * SIGMA }));
    const second = states.at(-1) as CertifiedQuery;
    expect(second.stopped).toBe('radius');
    expect(states[0].samples).toBe(first.samples);
    expect(second.samples).toBeGreaterThan(first.samples);
    expect(first.counters).toEqual(before);
    expect(first.counters).toEqual(await countersAt(query, first.samples));
    expect(second.counters).toEqual(await countersAt(query, second.samples));
    const straight = smoother.certifyOnce(query, settings({ stopping: { radius: 1.5 * SIGMA } }));
    expect(radiusOf((await straight).certificates.duel!)).toBeGreaterThanOrEqual(1.5 * SIGMA);
  });

  test('gives its last state again within the same limits', async () => {
    const certification = smoother.certify(pictureAt(0.6), settings({ stopping: { samples: 50 } }));
    const [last] = (await statesOf(certification)).slice(-1);
    expect(await statesOf(certification)).toEqual([last]);
    const [again] = await statesOf(certification.resume({ samples: 50 }));
    expect({ ...again, seconds: 0 }).toEqual({ ...last, seconds: 0 });
  });

  test('does not go on from an exact number, with impossible limits, in two loops at once, or in another gallery', async () => {
    const query = pictureAt(0.6);
    const exact = smoother.certify(query, settings({ stopping: { exactly: 50 } }));
    expect(() => exact.resume({ samples: 100 })).toThrow(/OPTION_INVALID.*begun with limits/);
    const certification = smoother.certify(query, settings({ stopping: { samples: 100 } }));
    expect(() => certification.resume({ radius: -1 })).toThrow(/OPTION_INVALID.*radius/);
    for await (const _ of certification) {
      await expect(statesOf(certification)).rejects.toThrow(/OPTION_INVALID.*one loop/);
      expect(() => certification.resume({ samples: 200 })).toThrow(/OPTION_INVALID.*one loop/);
      break;
    }
    await smoother.setGallery({ ...GALLERY });
    await expect(statesOf(certification)).rejects.toThrow(/OPTION_INVALID.*gallery/);
    await smoother.setGallery(GALLERY);
  });
});

test('a query stops where it stops alone, whichever queries it is sampled with', async () => {
  const queries = [0.6, 0.25, 0.3, 0.05].map(pictureAt);
  for (const sharedNoise of [false, true]) {
    const limits = settings({ sharedNoise, stopping: { radius: 1.1 * SIGMA, samples: 600 } });
    const together = await smoother.certifyGroup(queries, limits);
    expect(new Set(together.map(({ stopped }) => stopped)).size).toBeGreaterThan(1);
    for (const [i, query] of queries.entries()) {
      const [alone] = await smoother.certifyGroup([query], limits);
      expect({ ...together[i], seconds: 0 }).toEqual({ ...alone, seconds: 0 });
    }
  }
});

describe('at a moment that is chosen for it', () => {
  const alpha = 0.1;
  const loss = 0.2;
  const truth = -SIGMA * slowNormalQuantile(loss);
  const plan = fixPlan(
    GALLERY,
    { sigma: SIGMA, k: 1, exclude: null, rival: null },
    { label: 0, positives: Int32Array.of(0), scanned: null, statistics: [], vote: { label: 0 } },
  );

  /** The loop over a query whose samples are lost with a known probability. */
  function looks(random: Random): Looks {
    const planned = {
      query: { id: 'q' },
      plan,
      counters: emptyCounters(2, []),
    } as unknown as PlannedQuery;
    return new Looks(
      {
        plan: () => Promise.resolve([planned]),
        count: ([{ counters }], from, to) => {
          for (let sample = from; sample < to; sample++) {
            const lost = random.uniform() < loss;
            counters.samples++;
            addCount(counters.votes, lost ? 1 : 0);
            if (lost) addCount(counters.losses, 1);
          }
          return Promise.resolve();
        },
        unit: 1,
      },
      {
        gallery: GALLERY,
        sigma: SIGMA,
        eta: 0,
        alpha,
        budget: AlphaBudget.fixed(500, alpha),
        methods: ['duel', 'vote'],
        deciding: ['duel', 'vote'],
      },
    );
  }

  test('no more radii are too large than alpha allows, where a bound of one number of samples has many', async () => {
    const runs = 600;
    const random = new Random(11);
    const wrong = { duel: 0, vote: 0, naive: 0 };
    for (let run = 0; run < runs; run++) {
      // the best of all looks, of a query that is resumed again and again as long as it looks better
      const best = { duel: 0, vote: 0, naive: 0 };
      const certification = looks(random);
      for (const samples of [100, 250, 500]) {
        for await (const [state] of certification.states({ samples }, {})) {
          for (const method of ['duel', 'vote'] as const)
            best[method] = Math.max(best[method], radiusOf(state.certificates[method]!));
          if (state.stopped === null) continue;
          const { counters } = state as CertifiedQuery;
          const upper = clopperPearsonUpper(counters.losses.get(1) ?? 0, counters.samples, alpha);
          best.naive = Math.max(best.naive, -SIGMA * slowNormalQuantile(upper));
        }
        certification.reopen();
      }
      for (const method of ['duel', 'vote', 'naive'] as const) if (best[method] > truth) wrong[method]++;
    }
    for (const method of ['duel', 'vote'] as const) {
      expect(binomialAtLeast(wrong[method], runs, alpha)).toBeGreaterThan(1e-6);
      expect(wrong[method]).toBeGreaterThan(0);
    }
    // three looks only, and the bound of a fixed number of samples fails already
    expect(wrong.naive / runs).toBeGreaterThan(alpha);
  });
});
