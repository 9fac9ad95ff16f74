/** The noise of gaussian.ts and perturb.ts in WebAssembly (assembly/): the same bits, fast. */
import { RetrievalGuardError } from '../errors.ts';
import type { KernelMemory, Pointer } from '../kernel/index.ts';
import { checkSamples, type NoiseKey } from './stream.ts';

/** Which samples to draw. */
export interface SampleRange {
  key: NoiseKey;
  /** Index of the first sample, 0 to 2^48 − 1. */
  firstSample: number;
  /** Rows, ≥ 0. */
  count: number;
}

/** An image, see affineNoise: base is channels × plane f32, scale is channels f32. */
export interface AffinePointers {
  base: Pointer;
  scale: Pointer;
  channels: number;
  plane: number;
}

/** A {@link SampleRange} as the module takes it, in words of 32 bits. */
type RangeWords = [
  ...key: [seedLow: number, seedHigh: number, queryLow: number, queryHigh: number, phase: number],
  ...samples: [firstLow: number, firstHigh: number, count: number],
];

/** {@link AffinePointers} as the module takes them. */
type Affine = [channels: number, plane: number, base: Pointer, scale: Pointer];

/** What assembly/noise.ts exports. */
interface NoiseExports {
  gaussian(...args: [...RangeWords, dimension: number, out: Pointer]): void;
  perturb(...args: [...RangeWords, ...Affine, out: Pointer]): void;
}

/** Draws noise into a memory. */
export class NoiseKernel {
  readonly memory: KernelMemory;
  readonly #exports: NoiseExports;

  constructor(memory: KernelMemory) {
    this.memory = memory;
    this.#exports = memory.exports as NoiseExports;
  }

  /**
   * Standard normal noise: `count` rows of `dimension` f32 to `out`, the bits of gaussianSample.
   *
   * @throws RetrievalGuardError OPTION_INVALID for bad samples or regions outside the memory
   */
  gaussian(range: SampleRange & { dimension: number; out: Pointer }): void {
    const { key, firstSample, count, dimension, out } = range;
    checkSamples(firstSample, count);
    if (dimension < 1) throw invalid('dimension >= 1', `dimension = ${dimension}`);
    this.memory.checkRegion(out, 4, count, dimension);
    const { seedLow, seedHigh, queryLow, queryHigh, phase } = key;
    const [low, high] = [firstSample % 2 ** 32, Math.floor(firstSample / 2 ** 32)];
    this.#exports.gaussian(seedLow, seedHigh, queryLow, queryHigh, phase, low, high, count, dimension, out);
  }

  /**
   * Noisy copies of an image: `count` rows of base + scale[c]·z to `out`, the bits of perturbReference.
   * Nothing is written outside the rows.
   *
   * @throws RetrievalGuardError OPTION_INVALID for bad samples or regions outside the memory
   */
  perturb(options: SampleRange & AffinePointers & { out: Pointer }): void {
    const { key, firstSample, count, channels, plane, base, scale, out } = options;
    checkSamples(firstSample, count);
    this.#checkAffine(options);
    this.memory.checkRegion(out, 4, count, channels, plane);
    const { seedLow, seedHigh, queryLow, queryHigh, phase } = key;
    const [low, high] = [firstSample % 2 ** 32, Math.floor(firstSample / 2 ** 32)];
    this.#exports.perturb(
      seedLow,
      seedHigh,
      queryLow,
      queryHigh,
      phase,
      low,
      high,
      count,
      channels,
      plane,
      base,
      scale,
      out,
    );
  }

  #checkAffine({ base, scale, channels, plane }: AffinePointers): void {
    if (!(channels >= 1 && plane >= 1))
      throw invalid('channels >= 1 and plane >= 1', `channels = ${channels}, plane = ${plane}`);
    this.memory.checkRegion(base, 4, channels, plane);
    this.memory.checkRegion(scale, 4, channels);
  }
}

function invalid(expected: string, got: string): RetrievalGuardError {
  return new RetrievalGuardError('OPTION_INVALID', { expected, got });
}
