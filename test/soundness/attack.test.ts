/**
 * Attacks on certified queries: no perturbation within the radius may change the answer. The answer under attack is a mean
 * over fresh noise; a change counts as a violation only when it is significant at 5 standard errors (a false alarm of
 * 3e-7 for one look), so a violation found is a bug. The same search with a longer perturbation must succeed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CERTIFICATE_METHODS, type CertificateMethod, radiusOf } from '../../src/certify/index.ts';
import { type CertifiedQuery, Smoother } from '../../src/smoothing/index.ts';
import { linearMap, type Shape, writeEncoder } from '../helpers/encoders.ts';
import { Random } from '../helpers/random.ts';

const SHAPE: Shape = [1, 4, 4];
const PIXELS = 16;
const HIDDEN = 20;
const DIMENSION = 4;
const SIGMA = 0.3;
const random = new Random(77);
const inner = Array.from({ length: PIXELS * HIDDEN }, () => 0.9 * random.normal());
const outer = Array.from({ length: HIDDEN * DIMENSION }, () => random.normal());

/** The encoder of the model file, in float64. */
function embed(pixels: ArrayLike<number>): number[] {
  const raw = Array.from({ length: DIMENSION }, () => 0);
  for (let j = 0; j < HIDDEN; j++) {
    let sum = 0;
    for (let i = 0; i < PIXELS; i++) sum += pixels[i] * inner[i * HIDDEN + j];
    const hidden = Math.tanh(sum);
    for (let k = 0; k < DIMENSION; k++) raw[k] += hidden * outer[j * DIMENSION + k];
  }
  const norm = Math.hypot(...raw);
  return raw.map((x) => x / norm);
}

const image = (): Float32Array => Float32Array.from({ length: PIXELS }, () => random.uniform());
const images = Array.from({ length: 9 }, image);
const labels = images.map((_, i) => i % 4);
const squared = (x: readonly number[], y: readonly number[]): number =>
  x.reduce((sum, value, i) => sum + (value - y[i]) * (value - y[i]), 0);

let folder: string;
let smoother: Smoother;
let items: number[][];
let certified: CertifiedQuery[];
const queries = images.slice(0, 4).map((pixels, i) => ({
  id: `attacked ${i}`,
  pixels: pixels.map((x) => x + 0.05 * random.normal()),
}));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attack-'));
  const path = await writeEncoder(folder, SHAPE, DIMENSION, (g, pixels) =>
    linearMap(g, g.op('Tanh', [linearMap(g, pixels, inner, HIDDEN)]), outer, DIMENSION),
  );
  smoother = await Smoother.open(path, { threads: 2 });
  const smoothed: Float64Array[] = [];
  for (const [i, pixels] of images.entries())
    smoothed.push(await smoother.embed({ id: `item ${i}`, pixels }, { sigma: SIGMA, samples: 2000 }));
  const vectors = Float32Array.from(smoothed.flatMap((g) => [...g]));
  items = images.map((_, i) => [...vectors.subarray(i * DIMENSION, (i + 1) * DIMENSION)]);
  await smoother.setGallery({
    vectors,
    dimension: DIMENSION,
    count: items.length,
    labelIndex: Int32Array.from(labels),
  });
  certified = await smoother.certifyGroup(queries, {
    sigma: SIGMA,
    alpha: 0.001,
    stopping: { exactly: 20_000 },
  });
});
afterAll(async () => {
  await smoother.close();
  await rm(folder, { recursive: true });
});

type Noise = number[][];
const draw = (count: number, source: Random): Noise =>
  Array.from({ length: count }, () => Array.from({ length: PIXELS }, () => SIGMA * source.normal()));

/** Noisy embeddings of an attacked image. */
const embedAll = (pixels: Float32Array, delta: readonly number[], noise: Noise): number[][] =>
  noise.map((z) => embed(z.map((x, i) => x + pixels[i] + delta[i])));

/** How much the right answer leads: what an attacker lowers. */
function lead(method: CertificateMethod, label: number, embeddings: readonly number[][]): number {
  if (method === 'vote') {
    const shares = voteShares(embeddings);
    return shares[label] - Math.max(...shares.filter((_, other) => other !== label));
  }
  if (method === 'duel')
    return 0.5 - Math.max(...lossesTo(label, embeddings).map((lost) => meanOf(lost.map((x) => [x]))[0]));
  const g = meanOf(embeddings);
  const nearest = (right: boolean): number =>
    Math.min(...items.filter((_, i) => (labels[i] === label) === right).map((item) => squared(g, item)));
  return nearest(false) - nearest(true);
}

const meanOf = (rows: readonly number[][]): number[] =>
  rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0) / rows.length);

/** For each other label, 1 for each embedding to which it is at least as near as the label. */
function lossesTo(label: number, embeddings: readonly number[][]): number[][] {
  const nearest = (h: readonly number[], one: number): number =>
    Math.min(...items.filter((_, i) => labels[i] === one).map((item) => squared(h, item)));
  return [0, 1, 2, 3]
    .filter((other) => other !== label)
    .map((other) => embeddings.map((h) => (nearest(h, other) <= nearest(h, label) ? 1 : 0)));
}

function voteShares(embeddings: readonly number[][]): number[] {
  const shares = [0, 0, 0, 0];
  for (const h of embeddings) {
    const far = items.map((item) => squared(h, item));
    shares[labels[far.indexOf(Math.min(...far))]] += 1 / embeddings.length;
  }
  return shares;
}

/** By how many standard errors the answer is wrong; negative where it is right. */
function wrongness(method: CertificateMethod, label: number, embeddings: readonly number[][]): number {
  const significance = (values: readonly number[]): number => {
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const square = values.reduce((sum, x) => sum + (x - mean) * (x - mean), 0) / (values.length - 1);
    return mean / Math.sqrt(Math.max(square, 1e-12) / values.length);
  };
  if (method === 'duel')
    return Math.max(
      ...lossesTo(label, embeddings).map((lost) => significance(lost.map((value) => value - 0.5))),
    );
  if (method === 'vote') {
    const near = embeddings.map((h) => {
      const far = items.map((item) => squared(h, item));
      return labels[far.indexOf(Math.min(...far))];
    });
    const others = [0, 1, 2, 3].filter((other) => other !== label);
    return Math.max(
      ...others.map((other) =>
        significance(near.map((vote) => (vote === other ? 1 : 0) - (vote === label ? 1 : 0))),
      ),
    );
  }
  // the nearest negative has to beat every positive, each by a linear statistic of h
  const g = meanOf(embeddings);
  const positives = items.filter((_, i) => labels[i] === label);
  const negatives = items.filter((_, i) => labels[i] !== label);
  const nearest = negatives.reduce((best, item) => (squared(g, item) < squared(g, best) ? item : best));
  return Math.min(
    ...positives.map((item) => significance(embeddings.map((h) => squared(h, item) - squared(h, nearest)))),
  );
}

const scaled = (delta: readonly number[], radius: number): number[] => {
  const norm = Math.hypot(...delta);
  return delta.map((x) => (x * radius) / norm);
};

/** The worst perturbation of the given norm that random directions, then steps along pixels and random ones, find. */
function search(
  method: CertificateMethod,
  label: number,
  pixels: Float32Array,
  radius: number,
  seed: number,
): number[] {
  const source = new Random(seed);
  const noise = draw(100, source);
  const evaluate = (delta: readonly number[]): number => lead(method, label, embedAll(pixels, delta, noise));
  let best = scaled(source.direction(PIXELS), radius);
  let least = evaluate(best);
  const consider = (delta: number[]): void => {
    const value = evaluate(delta);
    if (value < least) [best, least] = [delta, value];
  };
  for (let i = 0; i < 25; i++) consider(scaled(source.direction(PIXELS), radius));
  for (const step of [0.6, 0.3, 0.15]) {
    for (let i = 0; i < PIXELS; i++)
      for (const side of [-1, 1])
        consider(
          scaled(
            best.map((x, j) => x + (i === j ? side * step * radius : 0)),
            radius,
          ),
        );
    for (let i = 0; i < 15; i++) {
      const turn = source.direction(PIXELS, step * radius);
      consider(
        scaled(
          best.map((x, j) => x + turn[j]),
          radius,
        ),
      );
    }
  }
  return best;
}

const FRESH = 4000;
const SIGNIFICANT = 5;

describe('attacks on certified queries', () => {
  /** The perturbations found within the radii. */
  const found = new Map<string, number[]>();

  test('the network of the search is that of the file', async () => {
    const { pixels } = queries[0];
    const samples = 4000;
    const engine = await smoother.embed(
      { id: 'compare', pixels },
      { sigma: SIGMA, samples, phase: 'evaluation' },
    );
    const own = embedAll(
      pixels,
      Array.from({ length: PIXELS }, () => 0),
      draw(samples, new Random(5)),
    );
    const mean = meanOf(own);
    for (let i = 0; i < DIMENSION; i++) {
      const variance = own.reduce((sum, h) => sum + (h[i] - mean[i]) ** 2, 0) / samples;
      expect(Math.abs(engine[i] - mean[i])).toBeLessThan(5 * Math.sqrt((2 * variance) / samples));
    }
  });

  test('most queries are certified by every method but paper', () => {
    for (const method of ['bisector', 'cdf', 'duel'] as const)
      expect(certified.filter((q) => radiusOf(q.certificates[method]!) > 0).length).toBeGreaterThanOrEqual(3);
  });

  test.each(CERTIFICATE_METHODS)('%s: no perturbation within the radius changes the answer', (method) => {
    for (const [i, { certificates }] of certified.entries()) {
      const certificate = certificates[method]!;
      if (certificate.kind === 'abstain') continue;
      const { label, radius } = certificate;
      const { pixels } = queries[i];
      const delta = search(method, label, pixels, 0.999 * radius, 100 + i);
      found.set(`${method} ${i}`, delta);
      expect(Math.hypot(...delta)).toBeLessThan(radius);
      const fresh = embedAll(pixels, delta, draw(FRESH, new Random(900 + i)));
      expect(wrongness(method, label, fresh), `${queries[i].id}`).toBeLessThan(SIGNIFICANT);
    }
  });

  test('the engine sees the attacked images as the search does', async () => {
    for (const [i, { certificates }] of certified.entries()) {
      const certificate = certificates.cdf!;
      if (certificate.kind === 'abstain') continue;
      const { label } = certificate;
      const { pixels } = queries[i];
      const delta = found.get(`cdf ${i}`)!;
      const attacked = pixels.map((x, j) => x + delta[j]);
      const id = `fresh ${i}`;
      const g = await smoother.embed({ id, pixels: attacked }, { sigma: SIGMA, samples: 20_000, seed: 9 });
      const nearest = items.reduce(
        (best, item, j) => (squared([...g], item) < squared([...g], items[best]) ? j : best),
        0,
      );
      // a certificate of cdf lies well within the truth: the answer is not even close
      expect(labels[nearest]).toBe(label);
    }
  });

  test('the same search breaks most answers with a longer perturbation', () => {
    let broken = 0;
    let attacked = 0;
    for (const [i, { certificates }] of certified.entries()) {
      for (const method of ['cdf', 'duel'] as const) {
        const certificate = certificates[method]!;
        if (certificate.kind === 'abstain') continue;
        const { label } = certificate;
        attacked++;
        const { pixels } = queries[i];
        const delta = search(method, label, pixels, 6 * radiusOf(certificate), 300 + i);
        const fresh = embedAll(pixels, delta, draw(1000, new Random(950 + i)));
        if (wrongness(method, label, fresh) > SIGNIFICANT) broken++;
      }
    }
    expect(broken).toBeGreaterThan(attacked / 2);
  });
});
