/** Is the noise normal and independent? Fixed seeds: a failure is a change of the noise, not bad luck. */
import { beforeAll, describe, expect, test } from 'vitest';
import { KernelMemory } from '../kernel/index.ts';
import { LARGEST_DEVIATE, noiseKey, type Phase } from './index.ts';
import { NoiseKernel } from './noise-kernel.ts';

const DIMENSION = 3 * 64 * 64;
let kernel: NoiseKernel;
let out: number;
beforeAll(() => {
  kernel = new NoiseKernel(KernelMemory.createSync());
  out = kernel.memory.allocate(1 << 24);
});

/** `count` samples of DIMENSION values; a view that the next call overwrites. */
function draw(query: string, phase: Phase, firstSample: number, count: number): Float32Array {
  const key = noiseKey({ seed: 20, query, phase });
  kernel.gaussian({ key, firstSample, count, dimension: DIMENSION, out });
  return kernel.memory.f32(out, count * DIMENSION);
}

/** P(|Z| > x) = erfc(x/√2): the series below 3, the continued fraction above. */
function twoSidedTail(x: number): number {
  const t = x / Math.SQRT2;
  if (x < 3) {
    let term = t;
    let sum = t;
    for (let k = 1; k < 200; k++) {
      term *= (-t * t) / k;
      sum += term / (2 * k + 1);
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = t;
  for (let k = 60; k >= 1; k--) fraction = t + k / 2 / fraction;
  return Math.exp(-t * t) / (fraction * Math.sqrt(Math.PI));
}
const normalCdf = (x: number): number => (x < 0 ? twoSidedTail(-x) / 2 : 1 - twoSidedTail(x) / 2);

/** The smaller of P(N ≤ count) and P(N ≥ count) for a Poisson N. */
function poissonTail(count: number, mean: number): number {
  const weight = (k: number): number => {
    let logFactorial = 0;
    for (let i = 2; i <= k; i++) logFactorial += Math.log(i);
    return Math.exp(k * Math.log(mean) - mean - logFactorial);
  };
  let below = 0;
  for (let k = 0; k <= count; k++) below += weight(k);
  return Math.min(below, 1 - below + weight(count));
}

test("the tests' own normal law", () => {
  expect(twoSidedTail(1)).toBeCloseTo(0.31731050786291415, 14);
  // the two formulas meet at 3
  expect(twoSidedTail(3 - 1e-9) / twoSidedTail(3)).toBeCloseTo(1, 7);
  expect(twoSidedTail(3) / 0.0026997960632601866).toBeCloseTo(1, 11);
  expect(twoSidedTail(5) / 5.733031437583878e-7).toBeCloseTo(1, 11);
});

describe('the law of one value', () => {
  test('moments and tails of 24 million values', () => {
    const sums = new Float64Array(9);
    const thresholds = [2, 3, 4, 5];
    const beyond = new Float64Array(8);
    let largest = 0;
    let n = 0;
    for (let i = 0; i < 2000; i += 250) {
      const z = draw('moments', 'estimation', i, 250);
      n += z.length;
      for (const x of z) {
        const y = x * x;
        sums[1] += x;
        sums[2] += y;
        sums[3] += y * x;
        sums[4] += y * y;
        if (y > 4) {
          const size = Math.abs(x);
          if (size > largest) largest = size;
          const side = x > 0 ? 4 : 0;
          for (let t = 0; t < 4; t++) if (size > thresholds[t]) beyond[side + t]++;
        }
      }
    }
    // E Z^k and the standard errors of their estimates
    const moments = [0, 1, 0, 3];
    const variances = [1, 2, 15, 96];
    const scores = moments.map((m, k) => (sums[k + 1] / n - m) / Math.sqrt(variances[k] / n));
    for (const score of scores) expect(Math.abs(score)).toBeLessThan(5);
    for (let side = 0; side < 2; side++) {
      for (let t = 0; t < 4; t++) {
        const p = twoSidedTail(thresholds[t]) / 2;
        const count = beyond[4 * side + t];
        if (n * p > 500) expect(Math.abs(count - n * p) / Math.sqrt(n * p)).toBeLessThan(4.9);
        else expect(poissonTail(count, n * p)).toBeGreaterThan(5e-7);
      }
    }
    expect(largest).toBeLessThan(LARGEST_DEVIATE);
    expect(largest).toBeGreaterThan(5);
    if (process.env.NOISE_FIGURES) console.log({ n, scores, beyond: Array.from(beyond), largest });
  });

  test('Kolmogorov-Smirnov at a million values, of z and of lanes apart', () => {
    const z = draw('ks', 'selection', 0, 82).slice();
    const statistic = (values: Float32Array): number => {
      values.sort();
      const n = values.length;
      let d = 0;
      values.forEach((x, i) => {
        const p = normalCdf(x);
        d = Math.max(d, p - i / n, (i + 1) / n - p);
      });
      return Math.sqrt(n) * d;
    };
    const lanes = [0, 1, 2, 3, 4, 5, 6, 7].map((lane) => statistic(z.filter((_, i) => i % 8 === lane)));
    const all = statistic(z);
    for (const d of [all, ...lanes]) expect(d).toBeLessThan(1.95);
    if (process.env.NOISE_FIGURES) console.log({ n: z.length, all, lanes });
  });

  test('the squared length of a sample follows its chi-squared law', () => {
    const count = 300;
    const z = draw('length', 'gallery', 0, count);
    let sum = 0;
    let squares = 0;
    for (let row = 0; row < count; row++) {
      let length = 0;
      for (let i = 0; i < DIMENSION; i++) length += z[row * DIMENSION + i] ** 2;
      const score = (length - DIMENSION) / Math.sqrt(2 * DIMENSION);
      sum += score;
      squares += score * score;
    }
    expect(Math.abs(sum / Math.sqrt(count))).toBeLessThan(5);
    expect(Math.abs((squares - count) / Math.sqrt(2 * count))).toBeLessThan(5);
  });
});

describe('independence', () => {
  /** √n × correlation of f(x) and f(y): standard normal for independent ones. */
  function score(x: Float32Array, y: Float32Array, f: (v: number) => number): number {
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += f(x[i]) * f(y[i]);
    return sum / Math.sqrt(x.length);
  }
  const value = (v: number): number => v;
  const energy = (v: number): number => (v * v - 1) / 2 ** 0.5;
  /** The larger score, of values and of energies. */
  function dependence(x: Float32Array, y: Float32Array): number {
    return Math.max(Math.abs(score(x, y, value)), Math.abs(score(x, y, energy)));
  }

  test('neighbours within a sample at every lag up to two blocks, and far ones', () => {
    const z = draw('lags', 'estimation', 0, 64).slice();
    for (const lag of [...Array.from({ length: 64 }, (_, i) => i + 1), 784, 1024, 4096])
      expect(dependence(z.subarray(0, z.length - lag), z.subarray(lag))).toBeLessThan(5);
  });

  test('the four values that share an angle word, of any pair of lanes', () => {
    const z = draw('pairs', 'estimation', 0, 64).slice();
    const parts = Array.from({ length: 16 }, (_, i) => z.filter((_value, at) => at % 16 === i));
    for (let i = 0; i < 16; i++)
      for (let j = 0; j < i; j++) expect(dependence(parts[i], parts[j])).toBeLessThan(5);
  });

  test('the angles of two pairs that share a word', () => {
    const z = draw('angles', 'estimation', 0, 64).slice();
    // the first pair of lane 0 at 0 and 4, the second at 8 and 12 of every 16 values
    const angle = (from: number): Float64Array =>
      Float64Array.from({ length: z.length / 16 }, (_, i) =>
        Math.atan2(z[16 * i + from + 4], z[16 * i + from]),
      );
    const [first, second] = [angle(0), angle(8)];
    const n = first.length;
    for (const k of [1, 2, 4, 16, 256, 1024]) {
      for (const m of [1, 2, 4, 16, 256, 1024]) {
        for (const sign of [1, -1]) {
          let cosine = 0;
          let sine = 0;
          for (let i = 0; i < n; i++) {
            const phase = k * first[i] + sign * m * second[i];
            cosine += Math.cos(phase);
            sine += Math.sin(phase);
          }
          // each sum has variance n/2
          expect(Math.max(Math.abs(cosine), Math.abs(sine)) / Math.sqrt(n / 2)).toBeLessThan(5);
        }
      }
    }
  });

  test('consecutive samples, and samples 2^32 apart', () => {
    const z = draw('q', 'estimation', 0, 65).slice();
    expect(dependence(z.subarray(0, 64 * DIMENSION), z.subarray(DIMENSION))).toBeLessThan(5);
    expect(dependence(z, draw('q', 'estimation', 2 ** 32, 65))).toBeLessThan(5);
  });

  test('phases and queries', () => {
    const z = draw('q1', 'estimation', 0, 64).slice();
    for (const phase of ['selection', 'gallery', 'evaluation'] as const)
      expect(dependence(z, draw('q1', phase, 0, 64))).toBeLessThan(5);
    for (const query of ['q2', 'q1 ', ''])
      expect(dependence(z, draw(query, 'estimation', 0, 64))).toBeLessThan(5);
  });

  test('a phase, query or sample does not repeat another shifted by a few words', () => {
    const z = draw('q1', 'estimation', 0, 2).slice();
    const seen = new Set<number>(z.subarray(0, DIMENSION));
    let repeats = 0;
    for (const x of z.subarray(DIMENSION)) if (seen.has(x)) repeats++;
    // f32 values coincide now and then: about n²·Σp² ≈ 12288²·4e-8
    expect(repeats).toBeLessThan(60);
  });
});
