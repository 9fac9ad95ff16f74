/** Draws, encodes and counts samples on one thread. The worker is a thin shell around it; tests use it in process. */
import { type Counters, emptyCounters } from '../certify/index.ts';
import { EncoderSession } from '../encoder/index.ts';
import { cancellation, RetrievalGuardError } from '../errors.ts';
import { KernelMemory } from '../kernel/index.ts';
import { cellTable, greyAffine, type GreyAffine, positionTable } from '../noise/exact/index.ts';
import { ExactNoiseKernel } from '../noise/exact/exact-noise-kernel.ts';
import { CountingKernel } from './counting-kernel.ts';
import {
  type ScanSet,
  type Task,
  type TaskOutcome,
  type TaskQuery,
  TILE,
  type WorkerSetup,
} from './protocol.ts';
import { type Outside, survey } from './outside.ts';
import { OutsideSearch, searchFloats, type SearchSpace } from './outside-search.ts';
import { writeClean } from './query-image.ts';
import { ScoreProduct } from './scores.ts';
import type { SharedGallery } from './shared-gallery.ts';
import { Tally, type TallySpace } from './tally.ts';

/** Tiles encoded before they are compared with the gallery, which so stays in the cache for more than one of them. */
const STRIP = 4;
/** Galleries of up to so many bytes have their columns fixed in a product of their own. */
const FIXED_COLUMNS = 64 * 2 ** 20;

/** One thread's encoder, kernels and memory. */
export class Sampler {
  readonly #setup: WorkerSetup;
  /** From grey levels to the encoder's input. */
  readonly #affine: GreyAffine;
  readonly #session: EncoderSession;
  readonly #product: ScoreProduct;
  readonly #memory = KernelMemory.createSync();
  readonly #noise = new ExactNoiseKernel(this.#memory);
  readonly #counting = new CountingKernel(this.#memory);
  #gallery: ScanSet | null = null;
  /** In place of it a gallery that is not compared with as a whole. */
  #shared: SharedGallery | null = null;
  /** Made when first needed. */
  #search: OutsideSearch | null = null;
  /** The product with the gallery's fixed columns, made when first needed. */
  #galleryProduct: ScoreProduct | null = null;
  #space: Space | null = null;

  private constructor(setup: WorkerSetup, session: EncoderSession, product: ScoreProduct) {
    this.#setup = setup;
    this.#affine = greyAffine(setup.info.preprocessing);
    this.#session = session;
    this.#product = product;
  }

  static async open(setup: WorkerSetup): Promise<Sampler> {
    const { info, provider, batch, padded } = setup;
    const session = await EncoderSession.create(info, { provider, batch, padded, threads: 1 });
    return new Sampler(setup, session, await ScoreProduct.create(info.dimension));
  }

  /** Sets the gallery that tasks without a scan set of their own compare with. */
  setGallery(gallery: ScanSet | SharedGallery): void {
    this.#gallery = 'head' in gallery ? null : gallery;
    this.#shared = 'head' in gallery ? gallery : null;
    void this.#galleryProduct?.release();
    void this.#search?.release();
    this.#galleryProduct = null;
    this.#search = null;
    this.#space = null;
  }

  /** Runs a task; `cancelled` is asked between runs of the encoder. */
  async run(task: Task, cancelled: () => boolean = () => false): Promise<TaskOutcome[]> {
    const { dimension, input } = this.#setup.info;
    const size = input.channels * input.height * input.width;
    const batch = Math.min(TILE, this.#setup.batch);
    if (task.want === 'survey') {
      for (const query of task.queries) survey(this.#shared!, query.survey!, task.first, task.count);
      return [];
    }
    const counts = task.want !== 'mean';
    const scans = task.queries.map((query) => {
      const scan = counts ? (query.scan ?? this.#gallery) : null;
      if (task.want === 'counters' && !scan) throw new Error('a counting task needs a gallery');
      return scan;
    });
    const largest = (sets: (ScanSet | null)[]): number =>
      Math.max(1, ...sets.map((scan) => scan?.count ?? 0));
    const items = largest(scans);
    const loose = largest(scans.filter((scan) => scan && !this.#isFixed(scan)));
    const bytes = Math.max(...task.queries.map(({ image }) => image.pixels.byteLength));
    const space = this.#ensure(task, size, batch, { items, loose, bytes });
    const drawShared = this.#drawingShared(task, size, space);

    const runs = task.queries.map((query, slot): Run => {
      const scan = scans[slot];
      const { raw, sum, tally, base } = space.slots[slot];
      const { kind, pixels } = query.image;
      if (kind === 'bytes') this.#memory.u8(base, size).set(pixels);
      else this.#memory.i32(base, size).set(pixels);
      sum.fill(0n);
      return {
        draw: this.#drawing(query, base, space, task.sharedNoise),
        raw,
        sum,
        counters: emptyCounters(
          dimension,
          query.statistics.map((s) => s.bins),
        ),
        embeddings: task.want === 'embeddings' ? new Float32Array(task.count * dimension) : undefined,
        counting: scan && {
          scan,
          tally: new Tally(this.#counting, tally, scan, query, dimension, this.#shared),
          outside: query.outside,
        },
      };
    });

    for (let strip = 0; strip < task.count; strip += STRIP * TILE) {
      const rows = Math.min(STRIP * TILE, task.count - strip);
      for (let at = 0, count = 0; at < rows; at += count) {
        if (cancelled()) throw cancellation();
        // a run does not cross from one tile into the next: what it holds does not depend on where the task begins
        count = Math.min(batch, TILE - (at % TILE), rows - at);
        const firstSample = task.first + strip + at;
        drawShared?.(firstSample, count);
        for (const { draw, raw } of runs) {
          draw(firstSample, count);
          await this.#encode(space, count, raw, at * dimension);
        }
      }
      for (let slot = 0; slot < runs.length; slot++) {
        for (let at = 0; at < rows; at += TILE)
          await this.#count(runs[slot], space, at, strip, Math.min(TILE, rows - at));
      }
    }
    return runs.map(({ counters, embeddings, sum }): TaskOutcome => {
      counters.sum.set(sum);
      return { counters: counters satisfies Counters, embeddings };
    });
  }

  /** How the images of a query are made: each the picture with the noise of a sample, in grey levels, brought to the encoder's input. */
  #drawing(
    { image, sigma, key }: TaskQuery,
    base: number,
    { images, scale, offset, noise }: Space,
    isShared: boolean,
  ): Draw {
    if (sigma === 0) return () => writeClean(image, this.#affine, images);
    const { channels, height, width } = this.#setup.info.input;
    const place = { key, scale, offset, channels, plane: height * width, out: images.byteOffset };
    if (image.kind === 'real') {
      const real = { ...place, picture: base, table: positionTable(sigma) };
      return (firstSample, count) => this.#noise.perturbReal({ ...real, firstSample, count });
    }
    const bytes = { ...place, base, table: cellTable(sigma) };
    if (isShared) return (_, count) => this.#noise.combine({ ...bytes, noise, count });
    return (firstSample, count) => this.#noise.perturb({ ...bytes, firstSample, count });
  }

  /** How the noise that the task's pictures of bytes share is drawn; null where there is none. */
  #drawingShared({ queries, sharedNoise }: Task, dimension: number, { noise }: Space): Draw | null {
    if (!sharedNoise || queries.every(({ image }) => image.kind === 'real')) return null;
    const [{ key, sigma }] = queries;
    const one = { key, table: cellTable(sigma), dimension, out: noise };
    return (firstSample, count) => this.#noise.noise({ ...one, firstSample, count });
  }

  /** Encodes `count` images into `raw`, from position `at`. */
  async #encode(
    { images, output, whole }: Space,
    count: number,
    raw: Float32Array,
    at: number,
  ): Promise<void> {
    // always to the same place, so that the session keeps its tensors
    await this.#session.run(images, count, output);
    raw.set(count === whole ? output : output.subarray(0, count * this.#setup.info.dimension), at);
  }

  /** Counts a tile: `rows` raw embeddings from row `at` of the strip, whose first sample is the task's `strip`-th. */
  async #count(run: Run, space: Space, at: number, strip: number, rows: number): Promise<void> {
    const { raw, sum, counters, embeddings, counting } = run;
    const { dimension } = this.#setup.info;
    const { tile } = space;
    this.#normalize(raw.subarray(at * dimension, (at + rows) * dimension), tile.byteOffset);
    this.#counting.addRowsFixedPoint(tile.byteOffset, rows, dimension, sum.byteOffset);
    embeddings?.set(tile.subarray(0, rows * dimension), (strip + at) * dimension);
    if (!counting) {
      counters.samples += rows;
      return;
    }
    const { scan, tally, outside } = counting;
    const scores = await this.#score(space, scan);
    const found = outside && (await this.#find(space, outside, tally.levels(tile, scores, rows)));
    tally.count(counters, tile, scores, rows, found);
  }

  /** Items outside the scan that may reach the levels of a tile's rows. */
  async #find({ search, tile }: Space, outside: Outside, levels: Float64Array): Promise<number[][]> {
    const { head, dimension } = this.#shared!;
    this.#search ??= await OutsideSearch.create(this.#counting, head, dimension);
    return this.#search.find(search!, outside, tile, levels);
  }

  async release(): Promise<void> {
    await this.#session.release();
    await this.#product.release();
    await this.#galleryProduct?.release();
    await this.#search?.release();
  }

  #normalize(raw: Float32Array, tile: number): void {
    const { dimension } = this.#setup.info;
    const rows = raw.length / dimension;
    const bad = this.#counting.normalizeRows(raw.byteOffset, rows, dimension, tile);
    if (bad === undefined) return;
    const row = raw.subarray(bad * dimension, (bad + 1) * dimension);
    throw new RetrievalGuardError('EMBEDDING_INVALID', {
      expected: 'finite embeddings that are not zero',
      got: row.every(Number.isFinite)
        ? 'a zero vector for a noisy image'
        : 'NaN or infinity for a noisy image',
      fix: 'Check the model and its preprocessing, or leave out the image.',
    });
  }

  #isFixed(scan: ScanSet): boolean {
    return scan === this.#gallery && scan.columns.byteLength <= FIXED_COLUMNS;
  }

  /** Inner products of the tile with a scan set: a pointer to [TILE × items]. */
  async #score(space: Space, scan: ScanSet): Promise<number> {
    const { dimension } = this.#setup.info;
    const fixed = this.#isFixed(scan);
    if (space.loaded?.scan !== scan) {
      space.loaded = { scan, scores: this.#memory.f32(space.scores, TILE * scan.count) };
      if (!fixed) {
        space.loaded.columns = this.#memory.f32(space.columns, dimension * scan.count);
        space.loaded.columns.set(scan.columns);
      }
    }
    const { columns, scores } = space.loaded;
    if (fixed) this.#galleryProduct ??= await ScoreProduct.create(dimension, scan);
    const product = fixed ? this.#galleryProduct! : this.#product;
    await product.run(space.tile, scores, columns);
    return space.scores;
  }

  /** Memory for a task of this size; laid out anew when a larger one comes. */
  #ensure(
    task: Task,
    size: number,
    batch: number,
    { items, loose, bytes }: Pick<Space, 'items' | 'loose' | 'bytes'>,
  ): Space {
    const queries = task.queries.length;
    const { dimension, input } = this.#setup.info;
    const last = this.#space;
    const fits =
      last &&
      last.slots.length >= queries &&
      last.items >= items &&
      last.loose >= loose &&
      last.bytes >= bytes;
    if (fits && (last.noise > 0 || !task.sharedNoise)) return last;
    const memory = this.#memory;
    memory.reset();
    const floats = (count: number): number => memory.allocate(4 * count);
    const images = floats(batch * size);
    const output = floats(batch * dimension);
    const tile = floats(TILE * dimension);
    const noise = task.sharedNoise ? memory.allocate(2 * batch * size) : 0;
    const slots = Array.from({ length: queries }, () => ({
      base: memory.allocate(bytes),
      raw: floats(STRIP * TILE * dimension),
      sum: memory.allocate(8 * dimension),
      tally: {
        bias: floats(items),
        labels: floats(items),
        index: floats(2 * items),
        anchor: floats(2 * items),
        weight: floats(2 * items),
        offset: floats(2 * items),
        found: floats(items),
      },
    }));
    const [scale, offset] = [floats(input.channels), floats(input.channels)];
    const columns = floats(dimension * loose);
    const scores = floats(TILE * items);
    const room = this.#shared && searchFloats(OutsideSearch.widthOf(this.#shared.head));
    const search = room && {
      rows: floats(room.rows),
      columns: floats(room.columns),
      scores: floats(room.scores),
      bias: floats(room.bias),
      found: floats(room.found),
    };
    // views last: growing the memory would detach them
    memory.f32(scale, input.channels).set(this.#affine.scale);
    memory.f32(offset, input.channels).set(this.#affine.offset);
    this.#space = {
      items,
      loose,
      bytes,
      whole: batch,
      images: memory.f32(images, batch * size),
      output: memory.f32(output, batch * dimension),
      tile: memory.f32(tile, TILE * dimension),
      noise,
      scale,
      offset,
      columns,
      scores,
      slots: slots.map((slot) => ({
        ...slot,
        raw: memory.f32(slot.raw, STRIP * TILE * dimension),
        sum: memory.i64(slot.sum, dimension),
      })),
      search: search && {
        rows: memory.f32(search.rows, room.rows),
        columns: memory.f32(search.columns, room.columns),
        scores: memory.f32(search.scores, room.scores),
        bias: memory.f32(search.bias, room.bias),
        found: memory.i32(search.found, room.found),
      },
      loaded: null,
    };
    return this.#space;
  }
}

/** Writes what `count` samples need, for one run of the encoder. */
type Draw = (firstSample: number, count: number) => void;

/** A query of the task that runs. */
interface Run {
  draw: Draw;
  /** [STRIP·TILE × dimension] as the encoder gives them. */
  raw: Float32Array;
  /** [dimension] in fixed point. */
  sum: BigInt64Array;
  counters: Counters;
  embeddings?: Float32Array;
  counting: { scan: ScanSet; tally: Tally; outside?: Outside } | null;
}

/** The kernel's memory: views of what is read or written here, pointers to the rest. */
interface Space {
  /** Items that it has room for. */
  items: number;
  /** Items of a scan set without fixed columns that it has room for. */
  loose: number;
  /** Of a picture that it has room for. */
  bytes: number;
  /** Images that fill `images` and `output`. */
  whole: number;
  images: Float32Array;
  output: Float32Array;
  /** [TILE × dimension] normalised embeddings. */
  tile: Float32Array;
  /** Grey levels, i16; 0 when no task has shared noise yet. */
  noise: number;
  /** Of greyAffine. */
  scale: number;
  offset: number;
  columns: number;
  scores: number;
  /** One for each query of a task. */
  slots: {
    base: number;
    raw: Float32Array;
    sum: BigInt64Array;
    tally: TallySpace;
  }[];
  /** For a shared gallery. */
  search: SearchSpace | null;
  /** The scan set compared with last; with its columns, where they are not fixed. */
  loaded: { scan: ScanSet; scores: Float32Array; columns?: Float32Array } | null;
}
