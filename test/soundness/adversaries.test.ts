/**
 * Encoders built to read the generator (test/helpers/adversaries.ts) get no certificate beyond the truth. That the comparison can tell is
 * shown by generators with such habits, which it catches.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  AlphaBudget,
  CERTIFICATE_METHODS,
  certifyQuery,
  normalQuantile,
  radiusOf,
} from '../../src/certify/index.ts';
import { cellTable, exactNoise, exactNoiseKey } from '../../src/noise/exact/index.ts';
import type { GraphBuilder, Value } from '../../src/onnx/index.ts';
import { planQuery } from '../../src/plan/index.ts';
import { Smoother } from '../../src/smoothing/index.ts';
import { adversariesOf, type Adversary } from '../helpers/adversaries.ts';
import { linearForm, writeEncoder } from '../helpers/encoders.ts';
import { binomialAtLeast } from '../helpers/numeric.ts';
import { countSamples, galleryOf, type LineProblem, selectionOf } from '../helpers/simulate.ts';

const DIMENSION = 96;
const SELECTION = 32;
const SAMPLES = 200;
const ALPHA = 0.05;
const KEYS = 80;

const YES = [1, 0];
const NO = [-1, 0];
/** The gallery of an encoder that says yes or no; the line is not used. */
const answers = (sigma: number): LineProblem => ({
  items: [
    { vector: YES, label: 0 },
    { vector: NO, label: 1 },
  ],
  embed: () => YES,
  breaks: [],
  start: 0,
  sigma,
});

/** More failures than a rate of alpha gives once in 10^6 times. */
const tooMany = (failures: number): boolean => binomialAtLeast(failures, KEYS, ALPHA) < 1e-6;

type Draw = (key: number, sample: number) => Int16Array;

/** The noise of a key's samples, of which the first are the selection. */
const honest =
  (sigma: number): Draw =>
  (number, sample) => {
    const phase = sample < SELECTION ? 'selection' : 'estimation';
    const key = exactNoiseKey({ seed: number, query: 'q', phase });
    return exactNoise(key, sample, DIMENSION, cellTable(sigma));
  };

/** What an adversary may know: noise of other seeds, queries, phases and numbers than those of the samples. */
const foreignNoise = (sigma: number): Int16Array[] =>
  (
    [
      [{ seed: KEYS, query: 'q', phase: 'estimation' }, SELECTION],
      [{ seed: 0, query: 'p', phase: 'estimation' }, SELECTION],
      [{ seed: 0, query: 'q', phase: 'gallery' }, SELECTION],
      [{ seed: 0, query: 'q', phase: 'estimation' }, SELECTION + SAMPLES],
    ] as const
  ).map(([key, sample]) => exactNoise(exactNoiseKey(key), sample, DIMENSION, cellTable(sigma)));

/** For each adversary and method, the keys with a certified radius beyond σΦ⁻¹(p). */
function falseCertificates(sigma: number, adversaries: Adversary[], draw: Draw): Map<string, number> {
  const problem = answers(sigma);
  const gallery = galleryOf(problem);
  const budget = AlphaBudget.fixed(SAMPLES, ALPHA);
  const failures = new Map<string, number>();
  for (let key = 0; key < KEYS; key++) {
    const noise = Array.from({ length: SELECTION + SAMPLES }, (_, sample) => draw(key, sample));
    for (const { name, says, probability } of adversaries) {
      const said = noise.map((k) => (says(k) ? YES : NO));
      const selection = selectionOf(problem, said.slice(0, SELECTION));
      const plan = planQuery(gallery, selection, { budget, sigma });
      const counters = countSamples(problem, plan, said.slice(SELECTION));
      const { certificates } = certifyQuery(gallery, plan, counters, { budget });
      for (const method of CERTIFICATE_METHODS) {
        const certificate = certificates[method]!;
        const p = certificate.label === 0 ? probability : 1 - probability;
        const truth = p > 0.5 ? sigma * normalQuantile(p) : 0;
        const isFalse = radiusOf(certificate) > truth * (1 + 1e-9);
        const place = `${name}, ${method}`;
        failures.set(place, (failures.get(place) ?? 0) + (isFalse ? 1 : 0));
      }
    }
  }
  return failures;
}

describe.each([0.004, 0.25])('sigma = %s', (sigma) => {
  const adversaries = adversariesOf(cellTable(sigma), DIMENSION, foreignNoise(sigma));

  test('no encoder is certified beyond what it can be', () => {
    const found = falseCertificates(sigma, adversaries, honest(sigma));
    for (const [place, failures] of found) expect(tooMany(failures), `${place}: ${failures}`).toBe(false);
  });
});

describe('a generator with a habit is caught', () => {
  const sigma = 0.05;
  const table = cellTable(sigma);
  const draw = honest(sigma);
  const adversaries = adversariesOf(table, DIMENSION, foreignNoise(sigma));
  const changed =
    (change: (k: Int16Array, sample: number) => void): Draw =>
    (key, sample) => {
      const k = draw(key, sample);
      change(k, sample);
      return k;
    };
  const habits: [name: string, adversary: string, draw: Draw][] = [
    [
      'one low bit in four is stuck',
      'low bits',
      changed((k) => k.forEach((v, i) => i % 4 === 0 && (k[i] = v & ~1))),
    ],
    [
      'the sum is even',
      'parity of the sum',
      changed((k) => {
        if (k.reduce((sum, v) => sum + v, 0) % 2 !== 0) k[0]++;
      }),
    ],
    [
      'few angles',
      'sectors of pairs',
      changed((k) => {
        for (let i = 0; i < DIMENSION; i += 2) {
          const angle = (Math.round((Math.atan2(k[i + 1], k[i]) / Math.PI) * 32) / 32 + 1 / 128) * Math.PI;
          const length = Math.hypot(k[i], k[i + 1]);
          k[i] = Math.round(length * Math.cos(angle));
          k[i + 1] = Math.round(length * Math.sin(angle));
        }
      }),
    ],
    ['a block is used twice', 'the first block of bits again', changed((k) => k.copyWithin(32, 0, 8))],
    [
      'tails are cut',
      'tails',
      changed((k) => k.forEach((v, i) => Math.abs(v) > 33 && (k[i] = Math.sign(v) * 31))),
    ],
    [
      'counters collide',
      'known noise 3',
      (key, sample) => draw(sample % 2 ? 0 : key, sample % 2 ? SELECTION + SAMPLES : sample),
    ],
  ];

  test.each(habits)('%s', (_, adversary, habit) => {
    const caught = falseCertificates(
      sigma,
      adversaries.filter(({ name }) => name === adversary),
      habit,
    );
    const most = Math.max(...caught.values());
    expect(tooMany(most), `${most} of ${KEYS}`).toBe(true);
  });
});

describe('through the engine, as networks that read the picture', () => {
  const sigma = 0.25;
  const samples = 300;
  const seeds = 12;
  const grey = 128;
  const table = cellTable(sigma);
  const foreign = foreignNoise(sigma);
  const adversaries = new Map(adversariesOf(table, DIMENSION, foreign).map((one) => [one.name, one]));
  const bitsOf = (g: GraphBuilder, k: Value): Value =>
    g.op('Sub', [k, g.op('Mul', [g.float32(2), g.op('Floor', [g.op('Mul', [k, g.float32(0.5)])])])]);
  const ones = Array.from({ length: DIMENSION }, () => 1);
  const networks: [adversary: string, isYes: (g: GraphBuilder, k: Value) => Value][] = [
    [
      'low bit of one value',
      (g, k) => {
        const first = ones.map((_, i) => (i === 0 ? 1 : 0));
        return g.op('Less', [linearForm(g, bitsOf(g, k), first), g.float32(0.5)]);
      },
    ],
    [
      'parity of the sum',
      (g, k) => g.op('Less', [bitsOf(g, linearForm(g, bitsOf(g, k), ones)), g.float32(0.5)]),
    ],
    ['known noise 3', (g, k) => g.op('Greater', [linearForm(g, k, [...foreign[3]]), g.float32(0)])],
  ];

  test.each(networks)('%s', async (name, isYes) => {
    const { says, probability } = adversaries.get(name)!;
    const folder = await mkdtemp(join(tmpdir(), 'adversary-'));
    const path = await writeEncoder(folder, [1, 8, 12], 2, (g, pixels) => {
      const levels = g.op('Round', [g.op('Mul', [pixels, g.float32(255)])]);
      const k = g.op('Sub', [levels, g.float32(grey)]);
      const sign = g.op('Where', [isYes(g, k), g.float32(1), g.float32(-1)]);
      return g.op('Mul', [sign, g.constant(Float32Array.of(1, 0), [1, 2])]);
    });
    const smoother = await Smoother.open(path, { threads: 2 });
    try {
      await smoother.setGallery(galleryOf(answers(sigma)));
      const pixels = new Float32Array(DIMENSION).fill(grey / 255);
      let failures = 0;
      for (let seed = 0; seed < seeds; seed++) {
        const { counters, certificates } = await smoother.certifyOnce(
          { id: 'q', pixels },
          { sigma, alpha: ALPHA, seed, selection: 64, stopping: { exactly: samples } },
        );
        // the engine counts what the definition of the noise says
        const key = exactNoiseKey({ seed, query: 'q', phase: 'estimation' });
        let yes = 0;
        for (let i = 0; i < samples; i++) if (says(exactNoise(key, i, DIMENSION, table))) yes++;
        expect(counters.votes.get(0) ?? 0).toBe(yes);
        for (const method of CERTIFICATE_METHODS) {
          const certificate = certificates[method]!;
          const p = certificate.label === 0 ? probability : 1 - probability;
          const truth = p > 0.5 ? sigma * normalQuantile(p) : 0;
          if (radiusOf(certificate) > truth * (1 + 1e-9)) failures++;
        }
      }
      // of five methods, each with its own alpha, on the same samples
      expect(binomialAtLeast(Math.ceil(failures / CERTIFICATE_METHODS.length), seeds, ALPHA)).toBeGreaterThan(
        1e-6,
      );
    } finally {
      await smoother.close();
      await rm(folder, { recursive: true });
    }
  });
});
