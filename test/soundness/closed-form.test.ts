/** The whole engine on encoders whose smoothed answers are known: radii against the truth, counters against each other. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  RadiusBet,
  binOf,
  CERTIFICATE_METHODS,
  FIXED_POINT,
  normalCdf,
  normalQuantile,
  radiusOf,
} from '../../src/certify/index.ts';
import { exactNoiseKey, exactReal, fixedPointPicture, positionTable } from '../../src/noise/exact/index.ts';
import { identities } from '../../src/gallery/index.ts';
import { selectionLimit } from '../../src/limits.ts';
import { type CertifiedQuery, type QueryInput, Smoother } from '../../src/smoothing/index.ts';
import { rootOf, slowLowerBound, slowUpperBound } from '../helpers/numeric.ts';
import { linearForm, linearMap, type Shape, writeEncoder } from '../helpers/encoders.ts';
import { Random } from '../helpers/random.ts';
import { galleryOf, type LineProblem, LineTruth } from '../helpers/simulate.ts';

let folder: string;
const opened: Smoother[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundness-'));
});
afterAll(async () => {
  await Promise.all(opened.map((smoother) => smoother.close()));
  await rm(folder, { recursive: true });
});

async function open(path: string, options: { threads: number; batch?: number | 'auto' }): Promise<Smoother> {
  const smoother = await Smoother.open(path, options);
  opened.push(smoother);
  return smoother;
}

const ray = (angle: number): number[] => [Math.cos(angle), Math.sin(angle)];
const random = new Random(2026);
const SMALL: Shape = [1, 4, 4];
const COLOUR: Shape = [3, 8, 8];
const SIZES = { small: 16, colour: 192 };
const directions = { small: random.direction(SIZES.small), colour: random.direction(SIZES.colour) };

/** An image with ⟨w, image⟩ = t, of pixels well inside [0,1]. */
function imageAt(w: readonly number[], t: number): Float32Array {
  const base = w.map(() => 0.5);
  const now = w.reduce((sum, x) => sum + 0.5 * x, 0);
  return Float32Array.from(base, (x, i) => x + (t - now) * w[i]);
}

const dot = (w: readonly number[], x: Float32Array | Int16Array): number =>
  w.reduce((sum, v, i) => sum + v * x[i], 0);

describe('an encoder that is the sign of a linear form', () => {
  const THRESHOLD = 0.2;
  const SIGMA = 0.25;
  const w = directions.small;
  const image = imageAt(w, 0.45);
  const problem: LineProblem = {
    items: [
      { vector: [1, 0], label: 0 },
      { vector: [-1, 0], label: 1 },
      { vector: [-0.3, 0.4], label: 1 },
    ],
    embed: (t) => [t < THRESHOLD ? -1 : 1, 0],
    breaks: [THRESHOLD],
    start: dot(w, image),
    sigma: SIGMA,
  };
  const alpha = 0.001;
  let smoother: Smoother;
  let result: CertifiedQuery;
  const samples = 100_000;

  beforeAll(async () => {
    const path = await writeEncoder(join(folder, 'sign'), SMALL, 2, (g, pixels) => {
      const beyond = g.op('GreaterOrEqual', [linearForm(g, pixels, w), g.float32(THRESHOLD)]);
      const sign = g.op('Where', [beyond, g.float32(1), g.float32(-1)]);
      return g.op('Mul', [sign, g.constant(Float32Array.of(1, 0), [1, 2])]);
    });
    smoother = await open(path, { threads: 2 });
  });

  test('no radius exceeds the truth', async () => {
    await smoother.setGallery(galleryOf({ ...problem, items: problem.items.slice(0, 2) }));
    const query = { id: 'q', pixels: image };
    result = await smoother.certifyOnce(query, { sigma: SIGMA, alpha, stopping: { exactly: samples } });
    const truth = problem.start - THRESHOLD; // the mean is 0, and the votes even, where t is at the threshold
    const line = new LineTruth({ ...problem, items: problem.items.slice(0, 2) });
    expect(line.voteRadius(0)).toBeCloseTo(truth, 6);
    expect(line.embeddingRadius((item) => item === 0)).toBeCloseTo(truth, 6);
    const radius = (method: (typeof CERTIFICATE_METHODS)[number]): number => {
      expect(result.certificates[method]!.label).toBe(0);
      return radiusOf(result.certificates[method]!);
    };
    for (const method of CERTIFICATE_METHODS) expect(radius(method)).toBeLessThanOrEqual(truth);
    // vote, bisector and cdf are exact here, up to the confidence bound of one share
    const limit = SIGMA * normalQuantile(slowLowerBound(result.counters.votes.get(0)!, samples, alpha));
    for (const method of ['bisector', 'cdf', 'vote'] as const) {
      expect(radius(method)).toBeGreaterThan(0.9998 * limit);
      expect(radius(method)).toBeLessThanOrEqual(limit * (1 + 1e-9));
      expect(radius(method)).toBeGreaterThan(0.97 * truth); // the bound alone takes 1.5%, give or take 0.5% by luck
    }
    // paper's own ceiling: 2σΦ⁻¹(½ + d/4) with the margin d = g, and the Bernstein ball of n = 1e5
    const share = result.counters.votes.get(0)! / samples;
    const ceiling = 2 * SIGMA * normalQuantile(0.5 + (2 * share - 1) / 4);
    expect(radius('paper')).toBeGreaterThan(0.97 * ceiling);
    expect(radius('paper')).toBeLessThan(ceiling);
  });

  test('samples are cut into tasks stretch by stretch, and all of them counted', async () => {
    const many = 2 ** 17 + 100;
    let told = 0;
    const mean = await smoother.embed(
      { id: 'many', pixels: image },
      { sigma: SIGMA, samples: many },
      { onSamples: (count) => (told += count) },
    );
    expect(told).toBe(many);
    // the first coordinate is +1 or −1: an integer number of each
    const above = ((mean[0] + 1) / 2) * many;
    expect(above).toBeCloseTo(Math.round(above), 3);
    const expected = normalCdf((problem.start - THRESHOLD) / SIGMA);
    expect(Math.abs(above / many - expected)).toBeLessThan(5 * Math.sqrt((expected * (1 - expected)) / many));
  });

  test('what cannot be is refused before anything is drawn', async () => {
    const query = { id: 'q', pixels: image, rival: 1 };
    await expect(smoother.certifyOnce(query, { sigma: SIGMA, k: 2 })).rejects.toThrow(
      /OPTION_INVALID.*rival/,
    );
    const selection = 16_385;
    await expect(smoother.certifyOnce(query, { sigma: SIGMA, selection })).rejects.toThrow(
      /OPTION_INVALID.*selection/,
    );
    expect(selectionLimit(8192).most).toBe(8192); // 256 MiB
  });

  test('a run that may stop early reaches 96% of the truth', async () => {
    const truth = problem.start - THRESHOLD;
    const stopping = { radius: 0.96 * truth, samples };
    const found = await smoother.certifyOnce(
      { id: 'q', pixels: image },
      { sigma: SIGMA, alpha, stopping, methods: ['cdf'] },
    );
    expect(radiusOf(found.certificates.cdf!)).toBeGreaterThanOrEqual(0.96 * truth);
    expect(radiusOf(found.certificates.cdf!)).toBeLessThanOrEqual(truth);
  });

  test('the counters are those of the noise as it is defined', async () => {
    const key = exactNoiseKey({ seed: 0, query: 'q', phase: 'estimation' });
    const picture = fixedPointPicture(image);
    const table = positionTable(SIGMA);
    const few = 20_000;
    let ahead = 0;
    let unsure = 0;
    for (let i = 0; i < few; i++) {
      const t = dot(w, exactReal(key, i, picture, table)) / 255;
      if (t >= THRESHOLD) ahead++;
      if (Math.abs(t - THRESHOLD) < 1e-5) unsure++;
    }
    const { counters } = await smoother.certifyOnce(
      { id: 'q', pixels: image },
      { sigma: SIGMA, stopping: { exactly: few } },
    );
    expect(unsure).toBeLessThan(10);
    const right = counters.votes.get(0)!;
    expect(Math.abs(right - ahead)).toBeLessThanOrEqual(unsure);
    expect(right + counters.votes.get(1)!).toBe(few);
    expect(counters.untold).toBe(0);
    expect(Number(counters.sum[0])).toBe((2 * right - few) * FIXED_POINT);
    expect(counters.sum[1]).toBe(0n);
    expect(counters.histograms[0].reduce((sum, x) => sum + x, 0)).toBe(few);
  });

  test('a shorter negative off the axis: still below the truth', async () => {
    await smoother.setGallery(galleryOf(problem));
    const { certificates } = await smoother.certifyOnce(
      { id: 'three', pixels: image },
      { sigma: SIGMA, alpha, stopping: { exactly: 20_000 } },
    );
    const truth = new LineTruth(problem).embeddingRadius((item) => item === 0);
    expect(truth).toBeLessThan(problem.start - THRESHOLD - 0.02);
    for (const method of ['paper', 'bisector', 'cdf'] as const)
      expect(radiusOf(certificates[method]!)).toBeLessThanOrEqual(truth);
    expect(radiusOf(certificates.bisector!)).toBeGreaterThan(0.88 * truth);
    expect(radiusOf(certificates.cdf!)).toBeGreaterThan(0.93 * truth);
  });
});

describe('an encoder of three values', () => {
  const SIGMA = 0.25;
  const STEPS = [0.4, 0.65];
  const ANGLES = [0, 1, 2];
  const w = directions.small;
  const image = imageAt(w, 0.05);
  const problem: LineProblem = {
    items: [
      { vector: ray(0), label: 0 },
      { vector: ray(2), label: 1 },
    ],
    embed: (t) => ray(ANGLES[STEPS.filter((step) => t >= step).length]),
    breaks: STEPS,
    start: dot(w, image),
    sigma: SIGMA,
  };

  test('cdf is tight up to binomial bounds: its events are half-spaces of one direction', async () => {
    const path = await writeEncoder(join(folder, 'three'), SMALL, 2, (g, pixels) => {
      const form = linearForm(g, pixels, w);
      let angle = g.float32(ANGLES[0]);
      for (const [i, step] of STEPS.entries())
        angle = g.op('Where', [
          g.op('GreaterOrEqual', [form, g.float32(step)]),
          g.float32(ANGLES[i + 1]),
          angle,
        ]);
      return g.op('Concat', [g.op('Cos', [angle]), g.op('Sin', [angle])], { axis: 1 });
    });
    const smoother = await open(path, { threads: 2 });
    await smoother.setGallery(galleryOf(problem));
    const [samples, alpha] = [100_000, 0.001];
    const { certificates, counters, plan } = await smoother.certifyOnce(
      { id: 'q', pixels: image },
      { sigma: SIGMA, alpha, stopping: { exactly: samples } },
    );
    const truth = new LineTruth(problem).embeddingRadius((item) => item === 0);
    for (const method of ['paper', 'bisector', 'cdf'] as const)
      expect(radiusOf(certificates[method]!)).toBeLessThanOrEqual(truth);
    expect(radiusOf(certificates.cdf!)).toBeGreaterThan(0.965 * truth);

    // where Clopper–Pearson bounds of the two tails, half of alpha each, let the mean of ⟨h, b − a⟩ reach 0
    const [s] = plan.statistics;
    const [a, b] = problem.items.map(({ vector }) => vector);
    const values = ANGLES.map((angle) => ray(angle).reduce((sum, x, i) => sum + x * (b[i] - a[i]), 0));
    const apart = Math.hypot(b[0] - a[0], b[1] - a[1]);
    const counts = values.map((value) => counters.histograms[0][binOf(s, value / apart)]);
    expect(counts.reduce((sum, x) => sum + x, 0)).toBe(samples);
    const tails = [counts[1] + counts[2], counts[2]].map((count) =>
      slowUpperBound(count, samples, alpha / 2),
    );
    const mean = (radius: number): number => {
      const [one, two] = tails.map((p) => normalCdf(normalQuantile(p) + radius / SIGMA));
      return values[0] + (values[1] - values[0]) * one + (values[2] - values[1]) * two;
    };
    const limit = rootOf(mean, 0, 4 * SIGMA);
    expect(radiusOf(certificates.cdf!)).toBeGreaterThan(0.99 * limit);
    expect(radiusOf(certificates.cdf!)).toBeLessThanOrEqual(limit * (1 + 1e-9));
  });
});

describe('an encoder that turns with a linear form', () => {
  const SLOPE = 2;
  const SIGMA = 0.2;
  const w = directions.colour;
  const TURN = 1.4;
  const problem: LineProblem = {
    items: [-1.2, -0.75, -0.2, 0.1, 0.6, 1, 1.3].map((angle, i) => ({
      vector: Array.from(Float32Array.from(ray(angle), (x) => x * (1 - 0.03 * i))),
      label: [2, 1, 0, 0, 1, 2, 2][i],
    })),
    embed: (t) => ray(Math.max(-TURN, Math.min(TURN, SLOPE * t))),
    breaks: [-TURN / SLOPE, TURN / SLOPE],
    start: 0,
    sigma: SIGMA,
  };
  let smoother: Smoother;

  beforeAll(async () => {
    const path = await writeEncoder(join(folder, 'angle'), COLOUR, 2, (g, pixels) => {
      const turned = g.op('Mul', [linearForm(g, pixels, w), g.float32(SLOPE)]);
      const clipped = g.op('Clip', [turned, g.float32(-TURN), g.float32(TURN)]);
      return g.op('Concat', [g.op('Cos', [clipped]), g.op('Sin', [clipped])], { axis: 1 });
    });
    smoother = await open(path, { threads: 2 });
    await smoother.setGallery(galleryOf(problem));
  });

  test.each([0.02, 0.08])('whether all of the gallery is scanned or a part, t = %f', async (t) => {
    const image = imageAt(w, t);
    const line = new LineTruth({ ...problem, start: dot(w, image) });
    const certify = () =>
      smoother.certifyOnce(
        { id: `scan ${t}`, pixels: image },
        { sigma: SIGMA, alpha: 0.001, stopping: { exactly: 5000 } },
      );
    const whole = await certify();
    await smoother.setGallery(galleryOf(problem), 4);
    const part = await certify();
    await smoother.setGallery(galleryOf(problem));
    expect(part.plan.scanned!.items).toHaveLength(4);
    for (const name of ['sum', 'votes', 'losses', 'untold', 'lostToAll'] as const)
      expect(part.counters[name]).toEqual(whole.counters[name]);
    for (const method of ['paper', 'vote', 'duel'] as const)
      expect(part.certificates[method]).toEqual(whole.certificates[method]);
    expect(part.nearest).toEqual(whole.nearest);
    const positives = new Set(part.plan.positives);
    const truth = line.embeddingRadius((item) => positives.has(item));
    const [ofPart, ofWhole] = [part, whole].map(({ certificates }) => radiusOf(certificates.cdf!));
    expect(ofPart).toBeLessThanOrEqual(truth);
    // of seven items around the query one anchor has to beat those outside on both sides
    expect(ofPart).toBeGreaterThan(0.2 * ofWhole);
    for (const method of ['cdf', 'bisector'] as const)
      expect(radiusOf(part.certificates[method]!)).toBeLessThanOrEqual(truth);
  });

  test.each([-0.05, 0.02, 0.08, 0.35])('no radius exceeds the truth, t = %f', async (t) => {
    const image = imageAt(w, t);
    const line = new LineTruth({ ...problem, start: dot(w, image) });
    const settings = { sigma: SIGMA, alpha: 0.001, stopping: { exactly: 20_000 } };
    for (const more of [{}, { k: 2 }]) {
      const { certificates, plan, votePredicted } = await smoother.certifyOnce(
        { id: `angle ${t}`, pixels: image },
        { ...settings, ...more },
      );
      const positives = new Set(plan.positives);
      const truth = line.embeddingRadius((item) => positives.has(item), plan.k);
      for (const method of ['paper', 'bisector', 'cdf'] as const)
        expect(radiusOf(certificates[method]!), `${method}`).toBeLessThanOrEqual(truth);
      const voteTruth = line.voteRadius(plan.vote.label);
      expect(radiusOf(certificates.vote!)).toBeLessThanOrEqual(voteTruth);
      expect(radiusOf(certificates.duel!)).toBeLessThanOrEqual(line.duelRadius(plan.vote.label));
      expect(radiusOf(certificates.duel!)).toBeGreaterThanOrEqual(radiusOf(certificates.vote!));
      if (voteTruth > 0.05) {
        expect(votePredicted).toBe(plan.vote.label);
        expect(radiusOf(certificates.vote!)).toBeGreaterThan(0);
      }
      if (truth > 0.1) expect(radiusOf(certificates.cdf!)).toBeGreaterThan(0.25 * truth);
    }
  });

  describe('of items as their own labels', () => {
    // the item nearest to many an image is there twice, under two classes
    const twice = { ...problem, items: [...problem.items, { ...problem.items[2], label: 1 }] };
    const gallery = galleryOf(twice);
    const labelIndex = identities(gallery);
    const instances = { ...twice, items: twice.items.map((item, i) => ({ ...item, label: labelIndex[i] })) };
    const t = -0.1;
    const image = imageAt(w, t);
    const line = new LineTruth({ ...instances, start: dot(w, image) });
    const settings = { sigma: SIGMA, alpha: 0.001, stopping: { exactly: 10_000 } };
    const ask = (more: object) => smoother.certifyOnce({ id: 'instance', pixels: image, ...more }, settings);
    beforeAll(async () => await smoother.setGallery({ ...gallery, labelIndex }));
    afterAll(async () => await smoother.setGallery(galleryOf(problem)));

    test('no radius exceeds the truth, and equal items are one', async () => {
      expect([...labelIndex]).toEqual([0, 1, 2, 3, 4, 5, 6, 2]);
      const { certificates, plan, votePredicted, duelPredicted } = await ask({});
      expect(Int32Array.from(plan.positives).sort()).toEqual(Int32Array.of(2, 7));
      expect(plan).toMatchObject({ vote: { label: 2 }, rivalLabels: 6 });
      expect([votePredicted, duelPredicted]).toEqual([2, 2]);
      const truth = line.duelRadius(2);
      expect(radiusOf(certificates.duel!)).toBeLessThanOrEqual(truth);
      expect(radiusOf(certificates.duel!)).toBeGreaterThan(0.85 * truth);
      expect(radiusOf(certificates.vote!)).toBeLessThanOrEqual(line.voteRadius(2));
      const mean = line.embeddingRadius((item) => labelIndex[item] === 2);
      for (const method of ['paper', 'bisector', 'cdf'] as const)
        expect(radiusOf(certificates[method]!), `${method}`).toBeLessThanOrEqual(mean);
    });

    test('nothing is certified of two equal items that are not merged', async () => {
      await smoother.setGallery({ ...gallery, labelIndex: labelIndex.map((_, i) => i) });
      const { certificates } = await ask({});
      await smoother.setGallery({ ...gallery, labelIndex });
      for (const method of CERTIFICATE_METHODS) expect(radiusOf(certificates[method]!), `${method}`).toBe(0);
    });

    test('an item that is left out is no label, its double is', async () => {
      const without = await ask({ exclude: 2 });
      expect(without.plan).toMatchObject({ vote: { label: 2 }, rivalLabels: 6 });
      expect([...without.plan.positives]).toEqual([7]);
      const other = await ask({ exclude: 3 });
      expect(other.plan.rivalLabels).toBe(5);
      expect(other.counters.losses.has(3) || other.counters.votes.has(3)).toBe(false);
      const truth = new LineTruth({ ...instances, start: dot(w, image) }, 3).duelRadius(2);
      expect(radiusOf(other.certificates.duel!)).toBeLessThanOrEqual(truth);
      expect(radiusOf(other.certificates.duel!)).toBeGreaterThan(0.85 * truth);
    });

    test('a named item is the one that duels, and a rival the one it duels with', async () => {
      const named = await ask({ label: 3 });
      expect(named.plan.vote.label).toBe(3);
      expect(named.certificates.duel).toMatchObject({ kind: 'abstain', label: 3 });
      const all = radiusOf((await ask({})).certificates.duel!);
      for (const rival of [1, 3]) {
        const { certificates } = await ask({ rival });
        const truth = line.duelRadius(2, rival);
        expect(radiusOf(certificates.duel!)).toBeLessThanOrEqual(truth);
        expect(radiusOf(certificates.duel!)).toBeGreaterThan(0.6 * Math.min(truth, 3 * SIGMA));
        expect(radiusOf(certificates.duel!)).toBeGreaterThanOrEqual(all);
      }
      const equal = await ask({ rival: 7 });
      expect(equal.certificates.duel).toMatchObject({ kind: 'abstain', reason: 'wrong-answer' });
    });
  });
});

describe('the same counters', () => {
  const dimension = 6;
  const gallery = (() => {
    const rows = Array.from({ length: 40 }, () => random.direction(dimension, 0.95));
    return {
      vectors: Float32Array.from(rows.flat()),
      dimension,
      count: rows.length,
      labelIndex: Int32Array.from(rows, (_, i) => i % 7),
    };
  })();
  const queries: QueryInput[] = Array.from({ length: 3 }, (_, i) => ({
    id: `query ${i}`,
    pixels: Float32Array.from({ length: SIZES.colour }, () => random.uniform()),
    exclude: i === 1 ? 3 : undefined,
  }));
  const settings = {
    sigma: 0.2,
    alpha: 0.01,
    selection: 100,
    criticals: 3,
    stopping: { exactly: 1000 },
  };
  let path: string;
  const openSmoothers = new Map<string, Smoother>();
  beforeAll(async () => {
    const inner = Array.from({ length: SIZES.colour * 20 }, () => (0.7 * random.normal()) / 4);
    const outer = Array.from({ length: 20 * dimension }, () => random.normal());
    path = await writeEncoder(join(folder, 'random'), COLOUR, dimension, (g, pixels) =>
      linearMap(g, g.op('Tanh', [linearMap(g, pixels, inner, 20)]), outer, dimension),
    );
    for (const [threads, batch] of [
      [1, 1],
      [2, 7],
      [2, 64],
    ]) {
      const smoother = await open(path, { threads, batch });
      await smoother.setGallery(gallery);
      openSmoothers.set(`${threads} threads, batch ${batch}`, smoother);
    }
  });

  /** Functions have no equals: of the bets their gaps, of a stake its kind. */
  const essence = ({ counters, plan, certificates }: CertifiedQuery) => ({
    counters,
    certificates,
    plan: {
      ...plan,
      statistics: plan.statistics.map(({ bets, meanBound, ...rest }) => ({
        ...rest,
        meanBound: meanBound.kind,
        bets: [...bets((radius, reference) => RadiusBet.at(rest.levels, reference, radius, plan.sigma))],
      })),
    },
  });

  const early = {
    methods: ['duel', 'vote'] as const,
    stopping: { radius: 0.02, samples: 1000 },
  };
  test.each([{}, { k: 2 }, early])('whatever the batch and the number of threads: %o', async (more) => {
    let first: ReturnType<typeof essence>[] | null = null;
    for (const [name, smoother] of openSmoothers) {
      const found = (await smoother.certifyGroup(queries, { ...settings, ...more })).map(essence);
      first ??= found;
      expect(found, `${name}`).toEqual(first);
    }
    if (!('stopping' in more)) expect(first![0].counters.samples).toBe(1000);
    expect(first![0].counters).not.toEqual(first![2].counters);
  });

  test('whichever queries share the noise', async () => {
    const [smoother] = openSmoothers.values();
    const [, , parallel] = openSmoothers.values();
    const shared = { ...settings, sharedNoise: true };
    const all = await smoother.certifyGroup(queries, shared);
    const pair = await parallel.certifyGroup([queries[2], queries[1]], shared);
    const alone = await smoother.certifyOnce(queries[1], shared);
    expect(essence(pair[1])).toEqual(essence(all[1]));
    expect(essence(pair[0])).toEqual(essence(all[2]));
    expect(essence(alone)).toEqual(essence(all[1]));
    const own = await smoother.certifyOnce(queries[1], settings);
    expect(own.counters).not.toEqual(alone.counters);
  });

  test('alone or in a group, but not of another seed', async () => {
    const [smoother] = openSmoothers.values();
    const group = await smoother.certifyGroup(queries, settings);
    const alone = await smoother.certifyOnce(queries[2], settings);
    expect(essence(alone)).toEqual(essence(group[2]));
    const other = await smoother.certifyOnce(queries[2], { ...settings, seed: 1 });
    expect(other.counters).not.toEqual(alone.counters);
  });
});
