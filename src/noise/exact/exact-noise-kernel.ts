/** The noise of exact-noise.ts, exact-real.ts and grey-input.ts in WebAssembly (assembly/): the same bits, fast. */
import { RetrievalGuardError } from '../../errors.ts';
import type { KernelMemory, Pointer } from '../../kernel/index.ts';
import { checkSamples } from '../stream.ts';
import { type CellTable, REST_BITS, UNDECIDED } from './cell-table.ts';
import { requireDimension } from './eta.ts';
import { levelOfOpenPrefix } from './exact-real.ts';
import { drawsOf, type ExactNoiseKey } from './key.ts';
import { LOWER_PREFIXES, type PositionTable } from './position-table.ts';

/** Which samples to draw, and from which law. */
export interface ExactSampleRange {
  key: ExactNoiseKey;
  /** Index of the first sample, 0 to 2^48 − 1. */
  firstSample: number;
  /** Rows, ≥ 0. */
  count: number;
  /** A table of cellTable. */
  table: CellTable;
}

/** A picture and its way to the encoder, see GreyAffine: base is channels × plane bytes, scale and offset are channels f32. */
export interface GreyPointers {
  base: Pointer;
  scale: Pointer;
  offset: Pointer;
  channels: number;
  plane: number;
}

/** A real picture and its way to the encoder, see GreyAffine: picture is channels × plane i32 as fixedPointPicture gives them. */
export interface RealPointers extends Omit<GreyPointers, 'base'> {
  picture: Pointer;
}

/** An {@link ExactSampleRange} as the module takes it, less key and borders. */
type RangeWords = [firstLow: number, firstHigh: number, count: number, reach: number];

/** {@link GreyPointers} as the module takes them. */
type Grey = [channels: number, plane: number, base: Pointer, scale: Pointer, offset: Pointer];

/** What assembly/exact.ts exports. */
interface ExactNoiseExports {
  exactTable(): Pointer;
  exactBorders(): Pointer;
  exactKey(...words: ExactNoiseKey['words']): void;
  exactNoise(...args: [...RangeWords, dimension: number, out: Pointer]): void;
  exactPerturb(...args: [...RangeWords, ...Grey, out: Pointer]): void;
  exactPositions(): Pointer;
  exactCdf(): Pointer;
  exactOpen(): Pointer;
  exactPerturbReal(
    ...args: [
      sampleLow: number,
      sampleHigh: number,
      first: number,
      reach: number,
      slope: number,
      margin: number,
      ...Grey,
      out: Pointer,
    ]
  ): number;
  exactCombine(...args: [...Grey, noise: Pointer, count: number, out: Pointer]): void;
}

/** The largest K of a table: ⌈2346 LARGEST_SIGMA⌉. The module has room for so many borders. */
const LARGEST_REACH = 32375;
/** Values that exactPerturbReal draws at a time. */
const CHUNK = 4096;
/** Length of a PositionTable's cdf: the module has room for it. */
const CDF_LENGTH = 1544;
/** A border above every draw of the lower half. */
const NO_BORDER = 2n ** 64n - 1n;

/** The tables that are in a memory: whichever kernel works there last wrote them. */
const tables = new WeakMap<KernelMemory, CellTable>();
const positionTables = new WeakMap<KernelMemory, PositionTable>();

/**
 * Draws exact noise into a memory. The module keeps one table (64 KiB and 8K bytes, outside what the memory allocates), and takes another
 * in when it is asked for: some 0.2 ms at σ = 0.25, 2 ms at 13.8.
 */
export class ExactNoiseKernel {
  readonly memory: KernelMemory;
  readonly #exports: ExactNoiseExports;

  constructor(memory: KernelMemory) {
    this.memory = memory;
    this.#exports = memory.exports as ExactNoiseExports;
  }

  /**
   * Whole grey levels: `count` rows of `dimension` i16 to `out`, the bits of exactNoise. Nothing is written outside the rows.
   *
   * @throws RetrievalGuardError OPTION_INVALID for bad samples, dimension or table, or regions outside the memory
   */
  noise(options: ExactSampleRange & { dimension: number; out: Pointer }): void {
    const { firstSample, count, dimension, out } = options;
    checkSamples(firstSample, count);
    requireDimension(dimension);
    this.memory.checkRegion(out, 2, count, dimension);
    this.#exports.exactNoise(...this.#begin(options), dimension, out);
  }

  /**
   * Noisy copies of a picture: `count` rows of scale[c]·(base + k) + offset[c] in f32 to `out`, the bits of exactPerturbReference. Nothing
   * is written outside the rows.
   *
   * @throws RetrievalGuardError OPTION_INVALID for bad samples or table, or regions outside the memory
   */
  perturb(options: ExactSampleRange & GreyPointers & { out: Pointer }): void {
    const { firstSample, count, channels, plane, base, scale, offset, out } = options;
    checkSamples(firstSample, count);
    this.#checkGrey(options);
    this.memory.checkRegion(out, 4, count, channels, plane);
    this.#exports.exactPerturb(...this.#begin(options), channels, plane, base, scale, offset, out);
  }

  /**
   * The same from `count` rows of k at `noise`, drawn before by {@link ExactNoiseKernel.noise}: the same bits. `out` and `noise` are apart.
   *
   * @throws RetrievalGuardError OPTION_INVALID for regions outside the memory
   */
  combine(options: GreyPointers & { noise: Pointer; count: number; out: Pointer }): void {
    const { base, scale, offset, channels, plane, noise, count, out } = options;
    this.#checkGrey(options);
    this.memory.checkRegion(noise, 2, count, channels, plane);
    this.memory.checkRegion(out, 4, count, channels, plane);
    this.#exports.exactCombine(channels, plane, base, scale, offset, noise, count, out);
  }

  /**
   * Noisy copies of a real picture: `count` rows of scale[c]·m + offset[c] in f32 to `out`, the bits of exactPerturbRealReference. Nothing is
   * written outside the rows. Takes about twice the time of {@link ExactNoiseKernel.perturb}.
   *
   * @throws RetrievalGuardError OPTION_INVALID for bad samples or table, or regions outside the memory
   */
  perturbReal(
    options: Omit<ExactSampleRange, 'table'> & RealPointers & { table: PositionTable; out: Pointer },
  ): void {
    const { key, table, firstSample, count, channels, plane, picture, scale, offset, out } = options;
    checkSamples(firstSample, count);
    this.#checkChannels(options);
    this.memory.checkRegion(picture, 4, channels, plane);
    this.memory.checkRegion(out, 4, count, channels, plane);
    this.#exports.exactKey(...key.words);
    if (positionTables.get(this.memory) !== table) this.#writePositions(table);
    const dimension = channels * plane;
    const grey: Grey = [channels, plane, picture, scale, offset];
    const { reach, slope, margin } = table;
    for (let row = 0; row < count; row++) {
      const sample = firstSample + row;
      const to = out + 4 * row * dimension;
      const [low, high] = [sample % 2 ** 32, Math.floor(sample / 2 ** 32)];
      for (let first = 0; first < dimension; first += CHUNK) {
        const left = this.#exports.exactPerturbReal(low, high, first, reach, slope, margin, ...grey, to);
        if (left > 0) this.#decide(options, sample, first, left, to);
      }
    }
  }

  /** Writes the values of a chunk that the module left: practically never any. */
  #decide(
    options: { key: ExactNoiseKey; table: PositionTable } & RealPointers,
    sample: number,
    first: number,
    left: number,
    out: Pointer,
  ): void {
    const { key, table, channels, plane } = options;
    const { buffer } = this.memory;
    const draws = drawsOf(key, sample);
    const picture = new Int32Array(buffer, options.picture, channels * plane);
    const row = new Float32Array(buffer, out, channels * plane);
    const scale = new Float32Array(buffer, options.scale, channels);
    const offset = new Float32Array(buffer, options.offset, channels);
    for (const open of new Uint32Array(buffer, this.#exports.exactOpen(), left)) {
      const i = first + (open >>> 16);
      const level = levelOfOpenPrefix(table, picture[i], open & 0xffff, draws.rest(i));
      const channel = Math.floor(i / plane);
      row[i] = Math.fround(scale[channel] * level) + offset[channel];
    }
  }

  #checkChannels({ channels, plane, scale, offset }: Omit<GreyPointers, 'base'>): void {
    if (!(channels >= 1 && plane >= 1))
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: 'channels >= 1 and plane >= 1',
        got: `channels = ${channels}, plane = ${plane}`,
      });
    this.memory.checkRegion(scale, 4, channels);
    this.memory.checkRegion(offset, 4, channels);
  }

  #checkGrey(pointers: GreyPointers): void {
    this.#checkChannels(pointers);
    this.memory.checkRegion(pointers.base, 1, pointers.channels, pointers.plane);
  }

  /** Readies key and table; returns what else the module wants to know. */
  #begin({ key, firstSample, count, table }: ExactSampleRange): RangeWords {
    this.#exports.exactKey(...key.words);
    if (tables.get(this.memory) !== table) this.#write(table);
    return [firstSample % 2 ** 32, Math.floor(firstSample / 2 ** 32), count, table.reach];
  }

  /** Writes the lower half of a table as assembly/cells.ts wants it. */
  #write(table: CellTable): void {
    const { reach, prefixes, borders } = table;
    if (reach > LARGEST_REACH || borders.length !== 2 * reach)
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: `a table of cellTable, with cells from -K to K <= ${LARGEST_REACH}`,
        got: `reach = ${reach}, ${borders.length} borders`,
      });
    // a table half written is none
    tables.delete(this.memory);
    const { buffer } = this.memory;
    const entries = new Int16Array(buffer, this.#exports.exactTable(), LOWER_PREFIXES);
    const lower = new BigUint64Array(buffer, this.#exports.exactBorders(), reach + 1);
    lower.set(borders.subarray(0, reach));
    lower[reach] = NO_BORDER;
    for (let prefix = 0; prefix < LOWER_PREFIXES; prefix++) entries[prefix] = -prefixes[prefix];
    for (let border = reach - 1; border >= 0; border--) {
      const prefix = Number(borders[border] >> REST_BITS);
      // the lowest border of an open prefix comes last
      if (prefixes[prefix] === UNDECIDED) entries[prefix] = -1 - border;
    }
    tables.set(this.memory, table);
  }

  /** Writes positions and coefficients as assembly/real.ts wants them. */
  #writePositions(table: PositionTable): void {
    const { positions, cdf, reach } = table;
    if (reach > LARGEST_REACH || positions.length !== LOWER_PREFIXES + 1 || cdf.length !== CDF_LENGTH)
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: `a table of positionTable: K <= ${LARGEST_REACH}, ${LOWER_PREFIXES + 1} positions, ${CDF_LENGTH} coefficients`,
        got: `K = ${reach}, ${positions.length} positions, ${cdf.length} coefficients`,
      });
    positionTables.delete(this.memory);
    const { buffer } = this.memory;
    new Int32Array(buffer, this.#exports.exactPositions(), positions.length).set(positions);
    new Float64Array(buffer, this.#exports.exactCdf(), cdf.length).set(cdf);
    positionTables.set(this.memory, table);
  }
}
