/** Draws, encodes and counts samples on one thread. The worker is a thin shell around it; tests use it in process. */
import { type Counters, emptyCounters } from '../certify/index.ts';
import { EncoderSession } from '../encoder/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import { Kernel } from '../kernel/index.ts';
import { affineNoise } from '../noise/index.ts';
import {
  type ScanSet,
  type Task,
  type TaskOutcome,
  type TaskQuery,
  TILE,
  type WorkerSetup,
} from './protocol.ts';
import { ScoreProduct } from './scores.ts';
import { Tally, type TallySpace } from './tally.ts';

/** One thread's encoder, kernel and memory. */
export class Sampler {
  readonly #setup: WorkerSetup;
  readonly #session: EncoderSession;
  readonly #product: ScoreProduct;
  readonly #kernel = Kernel.createSync();
  #gallery: ScanSet | null = null;
  #space: Space | null = null;

  private constructor(setup: WorkerSetup, session: EncoderSession, product: ScoreProduct) {
    this.#setup = setup;
    this.#session = session;
    this.#product = product;
  }

  static async open(setup: WorkerSetup): Promise<Sampler> {
    const { info, provider, batch, padded } = setup;
    const session = await EncoderSession.create(info, { provider, batch, padded, threads: 1 });
    return new Sampler(setup, session, await ScoreProduct.create(info.dimension));
  }

  /** Sets the gallery that tasks without a scan set of their own compare with. */
  setGallery(scan: ScanSet): void {
    this.#gallery = scan;
    this.#space = null;
  }

  /** Runs a task; `cancelled` is asked between runs of the encoder. */
  async run(task: Task, cancelled: () => boolean = () => false): Promise<TaskOutcome[]> {
    const { dimension, input, preprocessing } = this.#setup.info;
    const { channels, height, width } = input;
    const size = channels * height * width;
    const batch = Math.min(TILE, this.#setup.batch);
    const scans = task.queries.map((query) => query.scan ?? this.#gallery);
    const space = this.#ensure(task, size, batch, Math.max(1, ...scans.map((scan) => scan?.count ?? 0)));
    const kernel = this.#kernel;

    const runs = task.queries.map((query, slot) => {
      const scan = scans[slot];
      const { base, scale } = affineNoise(query.pixels, task.sigma, preprocessing);
      kernel.f32(space.base + 4 * slot * size, size).set(base);
      kernel.f32(space.scale, channels).set(scale);
      kernel.i64(space.sum + 8 * slot * dimension, dimension).fill(0n);
      const counts = task.want !== 'mean';
      if (counts && !scan) throw new Error('a counting task needs a gallery');
      return {
        query,
        base: space.base + 4 * slot * size,
        raw: space.raw + 4 * slot * TILE * dimension,
        sum: space.sum + 8 * slot * dimension,
        counters: emptyCounters(
          dimension,
          query.statistics.map((s) => s.bins),
          counts ? scan!.labelCount : 0,
        ),
        embeddings: task.want === 'embeddings' ? new Float32Array(task.count * dimension) : undefined,
        scan,
      };
    });

    for (let done = 0; done < task.count; done += TILE) {
      const rows = Math.min(TILE, task.count - done);
      for (let at = 0; at < rows; at += batch) {
        if (cancelled())
          throw new RetrievalGuardError('CANCELLED', {
            expected: 'the work to finish',
            got: 'a cancellation',
          });
        const count = Math.min(batch, rows - at);
        const source = { firstSample: task.first + done + at, count };
        const place = { channels, plane: height * width, scale: space.scale, out: space.images };
        if (task.sharedNoise)
          kernel.gaussian({ key: task.queries[0].key, ...source, dimension: size, out: space.noise });
        for (const { query, base, raw } of runs) {
          if (task.sharedNoise) kernel.combine({ ...place, base, noise: space.noise, count });
          else kernel.perturb({ key: query.key, ...source, ...place, base });
          await this.#session.run(
            kernel.f32(space.images, count * size),
            count,
            kernel.f32(raw + 4 * at * dimension, count * dimension),
          );
        }
      }
      for (const { raw, sum, counters, embeddings, query, scan } of runs) {
        this.#normalize(raw, rows, space.tile, query);
        kernel.addRowsFixedPoint(space.tile, rows, dimension, sum);
        const tile = kernel.f32(space.tile, rows * dimension);
        embeddings?.set(tile, done * dimension);
        if (task.want === 'mean' || !scan) {
          counters.samples += rows;
          continue;
        }
        const { columns, tally } = this.#prepare(space, scan, query, runs.length > 1 || done === 0);
        await this.#product.run(
          kernel.f32(space.tile, TILE * dimension),
          columns,
          scan.count,
          kernel.f32(space.scores, TILE * scan.count),
        );
        tally.count(counters, tile, dimension, space.scores, rows);
      }
    }
    return runs.map(({ counters, embeddings, sum }): TaskOutcome => {
      counters.sum.set(kernel.i64(sum, dimension));
      return { counters: counters satisfies Counters, embeddings };
    });
  }

  async release(): Promise<void> {
    await this.#session.release();
    await this.#product.release();
  }

  #normalize(raw: number, rows: number, tile: number, query: TaskQuery): void {
    const { dimension } = this.#setup.info;
    const bad = this.#kernel.normalizeRows(raw, rows, dimension, tile);
    if (bad < 0) return;
    const row = this.#kernel.f32(raw + 4 * bad * dimension, dimension);
    throw new RetrievalGuardError('EMBEDDING_INVALID', {
      expected: 'finite embeddings that are not zero',
      got: row.every(Number.isFinite)
        ? 'a zero vector for a noisy image'
        : 'NaN or infinity for a noisy image',
      fix: `Check the model and its preprocessing, or leave out the image${query.pixels.every(Number.isFinite) ? '' : ' (its pixels are not finite)'}.`,
    });
  }

  #tally: Tally | null = null;
  /** Puts a query's scan set and statistics into the kernel's memory, when they are not there already. */
  #prepare(
    space: Space,
    scan: ScanSet,
    query: TaskQuery,
    fresh: boolean,
  ): { columns: Float32Array; tally: Tally } {
    const { dimension } = this.#setup.info;
    const columns = this.#kernel.f32(space.columns, dimension * scan.count);
    if (space.loaded !== scan) {
      columns.set(scan.columns);
      space.loaded = scan;
    }
    if (fresh || !this.#tally) this.#tally = new Tally(this.#kernel, space.tallies, scan, query, dimension);
    return { columns, tally: this.#tally };
  }

  /** Memory for a task of this size; laid out anew when a larger one comes. */
  #ensure(task: Task, size: number, batch: number, items: number): Space {
    const queries = task.queries.length;
    const { dimension, input } = this.#setup.info;
    const last = this.#space;
    if (last && last.queries >= queries && last.items >= items && (last.noise > 0 || !task.sharedNoise))
      return last;
    const kernel = this.#kernel;
    kernel.reset();
    const floats = (count: number): number => kernel.allocate(4 * count);
    this.#space = {
      queries,
      items,
      base: floats(queries * size),
      scale: floats(input.channels),
      images: floats(batch * size),
      noise: task.sharedNoise ? floats(batch * size) : 0,
      raw: floats(queries * TILE * dimension),
      tile: floats(TILE * dimension),
      sum: kernel.allocate(8 * queries * dimension),
      columns: floats(dimension * items),
      scores: floats(TILE * items),
      tallies: {
        bias: floats(items),
        index: floats(items),
        anchor: floats(items),
        weight: floats(items),
        offset: floats(items),
      },
      loaded: null,
    };
    return this.#space;
  }
}

/** Pointers into the kernel's memory. */
interface Space {
  queries: number;
  items: number;
  base: number;
  scale: number;
  images: number;
  noise: number;
  raw: number;
  tile: number;
  sum: number;
  columns: number;
  scores: number;
  tallies: TallySpace;
  /** The scan set whose columns are in memory. */
  loaded: ScanSet | null;
}
