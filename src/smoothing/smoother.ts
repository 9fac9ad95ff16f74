/**
 * The two-phase Monte-Carlo engine (certificates §7): smooths any encoder, on all cores. Selection samples choose what to
 * count, fresh estimation samples are counted, the counters are certified.
 */
import {
  addCounters,
  type CertificateMethod,
  certifyQuery,
  type Counters,
  emptyCounters,
  type GallerySetting,
  type GalleryView,
  meanEmbedding,
  planQuery,
  type PlanOptions,
  type QueryPlan,
  type QueryResult,
  radiusOf,
  type SelectionSamples,
  vectorAt,
} from '../certify/index.ts';
import { type EncoderInfo, type ModelFlags, readEncoderInfo } from '../encoder/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import { type AffineNoise, noiseKey, type Phase, SHARED_QUERY } from '../noise/index.ts';
import { cutTasks } from './cut.ts';
import { planLooks, type Stopping } from './looks.ts';
import { cancellation, SamplingPool } from './pool.ts';
import { type TaskOutcome, TILE } from './protocol.ts';
import { queryImage } from './query-image.ts';
import { scannedQuery, scanSet } from './scan.ts';
import { type BatchPolicy, chooseBatch } from './tune.ts';

/** Options of {@link Smoother.open}. */
export interface SmootherOptions extends ModelFlags {
  /** ONNX Runtime execution provider; default cpu. */
  provider?: string;
  /** Sampling threads; default all cores. */
  threads?: number;
  /** Images a run of the encoder; default 'auto': the fastest. Never changes a result. */
  batch?: number | 'auto';
}

/** A query to certify. */
export interface QueryInput {
  /** Names the query's noise: the same id and seed give the same samples. */
  id: string;
  /** [channels × height × width] in [0,1], as loadImage returns it. */
  pixels: Float32Array;
  /** Gallery item to leave out (leave-one-out). */
  exclude?: number;
  /** Class to certify (index into the gallery's classes); default the predicted one. */
  label?: number;
  /** Gallery item: certify only that it does not become the nearest (exclusion). */
  rival?: number;
}

/** How to certify. */
export interface CertifySettings {
  /** Standard deviation of the noise, [0,1] pixel units, > 0. */
  sigma: number;
  /** Failure probability of each certificate; default 0.001. */
  alpha?: number;
  /** Selection samples; default 512. */
  selection?: number;
  /** Default: fixed at 10,000 samples. */
  stopping?: Stopping;
  /** Non-negative integer; default 0. */
  seed?: number;
  /** Default all four. */
  methods?: readonly CertificateMethod[];
  /** For `paper`; default 'deployed'. */
  gallerySetting?: GallerySetting;
  /** For `paper` in the 'estimated' setting: samples behind each gallery vector, 0 for clean ones. */
  gallerySamples?: number;
  /** Recall@k; default 1. */
  k?: number;
  /** Certify that the nearest item itself stays the nearest; default false: its class. */
  identity?: boolean;
  /** Negatives with a statistic of their own; default 16. */
  criticals?: number;
  /**
   * Items scanned for each estimation sample: all, up to 20,000 (default), else the 4,096 nearest, the rest bounded
   * through the distance of the K-th (certificates §4). A number sets K.
   */
  candidates?: number | 'auto';
  /** All queries of one call use the same noise (a union bound over queries allows it): faster. Default false. */
  sharedNoise?: boolean;
}

/** What {@link Smoother.certify} found for one query. */
export interface CertifiedQuery extends QueryResult {
  id: string;
  plan: QueryPlan;
  counters: Counters;
  /** Estimation samples spent. */
  samples: number;
  /** Wall-clock seconds from the first sample to the certificate. */
  seconds: number;
}

/** How to sample queries for many certificates. */
export type CountSettings = Pick<
  CertifySettings,
  'sigma' | 'selection' | 'seed' | 'candidates' | 'sharedNoise'
> & {
  /** Numbers of estimation samples at which the counters are kept: integers ≥ 1, ascending. */
  snapshots: readonly number[];
};

/** What every plan of a counted query has to keep: hand it on to replanQuery with samples, alpha and k. */
export type CountOptions = Pick<PlanOptions, 'sigma' | 'exclude' | 'label' | 'rival' | 'candidates'>;

/** What {@link Smoother.countGroup} counted of one query. */
export interface CountedQuery {
  id: string;
  /** A plan that counts what was counted. */
  plan: QueryPlan;
  options: CountOptions;
  selection: SelectionSamples;
  /** In the order of the snapshots asked for. */
  snapshots: Counters[];
}

/** Observes and stops long work. */
export interface WorkControl {
  signal?: AbortSignal;
  /** Called as samples are finished, with their number since the last call. */
  onSamples?: (count: number) => void;
}

const SCAN_LIMIT = 20_000;
const NEAR_CANDIDATES = 4_096;

/** A smoothed encoder on all cores. Open it once, set a gallery, certify many queries, close it. */
export class Smoother {
  readonly info: EncoderInfo;
  readonly policy: BatchPolicy;
  readonly #pool: SamplingPool;
  #gallery: GalleryView | null = null;
  #classes = 0;

  private constructor(info: EncoderInfo, policy: BatchPolicy, pool: SamplingPool) {
    this.info = info;
    this.policy = policy;
    this.#pool = pool;
  }

  /**
   * Opens the encoder at `path` (a model folder or an .onnx file) on every thread.
   * @throws MODEL_NOT_FOUND, MODEL_UNSUPPORTED, PROVIDER_UNAVAILABLE, …
   */
  static async open(path: string, options: SmootherOptions = {}): Promise<Smoother> {
    const { provider = 'cpu', threads, batch = 'auto' } = options;
    if (batch !== 'auto') requireInteger('batch', batch, 1);
    if (threads !== undefined) requireInteger('threads', threads, 1);
    const { input, output, pooling, height, width, channels, mean, std } = options;
    const flags = { input, output, pooling, height, width, channels, mean, std };
    const info = await readEncoderInfo(path, { ...flags, provider });
    const policy = await chooseBatch(info, provider, batch);
    const pool = await SamplingPool.open(
      { info, provider, batch: policy.batch, padded: policy.padded },
      threads,
    );
    return new Smoother(info, policy, pool);
  }

  /** Sampling threads. */
  get threads(): number {
    return this.#pool.threads;
  }

  /** Estimated samples per second of all threads, from the measured speed of one. */
  get samplesPerSecond(): number {
    return this.#pool.threads / this.policy.secondsPerImage;
  }

  /** Sets the gallery that later queries are certified against. */
  setGallery(gallery: GalleryView): void {
    if (gallery.dimension !== this.info.dimension) {
      throw new RetrievalGuardError('GALLERY_MISMATCH', {
        expected: `a gallery of ${this.info.dimension}-dimensional vectors, as the model makes them`,
        got: `${gallery.dimension} dimensions`,
        fix: 'Build the gallery with this model.',
      });
    }
    requireUnitBall(gallery);
    this.#gallery = gallery;
    this.#classes = gallery.labelIndex.reduce((most, label) => Math.max(most, label + 1), 0);
    this.#pool.setGallery(scanSet(gallery, null, this.#classes));
  }

  /**
   * The smoothed embedding ĝ of an image: mean of `samples` normalised noisy embeddings (not normalised again).
   * @returns [dimension] float64; of the phase 'gallery' unless told otherwise
   */
  async embed(
    image: { id: string; pixels: Float32Array },
    settings: { sigma: number; samples: number; seed?: number; phase?: Phase },
    control: WorkControl = {},
  ): Promise<Float64Array> {
    const { sigma, samples, seed = 0, phase = 'gallery' } = settings;
    requireSigma(sigma);
    requireInteger('samples', samples, 1);
    const query = {
      image: queryImage(image.pixels, sigma, this.info),
      key: noiseKey({ seed, query: image.id, phase }),
      exclude: -1,
      statistics: [],
    };
    const total = emptyCounters(this.info.dimension, [], 0);
    await this.#sample(
      { first: 0, count: samples, want: 'mean', sharedNoise: false },
      [query],
      control,
      ([outcome]) => addCounters(total, outcome.counters),
    );
    return meanEmbedding(total);
  }

  /** The embedding of the unperturbed image: the undefended encoder. [dimension], unit norm. */
  async embedClean(
    image: { id: string; pixels: Float32Array },
    control: WorkControl = {},
  ): Promise<Float64Array> {
    const query = {
      image: queryImage(image.pixels, 0, this.info), // noise of deviation 0
      key: noiseKey({ seed: 0, query: image.id, phase: 'gallery' }),
      exclude: -1,
      statistics: [],
    };
    const total = emptyCounters(this.info.dimension, [], 0);
    await this.#sample(
      { first: 0, count: 1, want: 'mean', sharedNoise: false },
      [query],
      control,
      ([outcome]) => addCounters(total, outcome.counters),
    );
    return meanEmbedding(total);
  }

  /** Certifies one query against the gallery. See {@link Smoother.certifyGroup}. */
  async certify(
    query: QueryInput,
    settings: CertifySettings,
    control: WorkControl = {},
  ): Promise<CertifiedQuery> {
    return (await this.certifyGroup([query], settings, control))[0];
  }

  /**
   * Certifies queries that are sampled together. With probability at least 1 − alpha for each query and each method (not
   * jointly), no perturbation of ℓ2 norm below the certified radius changes the answer certified.
   * @throws OPTION_INVALID, CANCELLED, EMBEDDING_INVALID, WORKER_FAILED
   */
  async certifyGroup(
    queries: readonly QueryInput[],
    settings: CertifySettings,
    control: WorkControl = {},
  ): Promise<CertifiedQuery[]> {
    const gallery = this.#requireGallery();
    const { sigma, alpha = 0.001, selection = 512, seed = 0, k = 1, sharedNoise = false } = settings;
    const stopping = settings.stopping ?? { kind: 'fixed', samples: 10_000 };
    requireSigma(sigma);
    requireInteger('selection', selection, 2);
    requireInteger('k', k, 1);
    if (!(alpha > 0 && alpha < 1))
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: 'alpha, a failure probability in (0, 1)',
        got: String(alpha),
      });
    const looks = planLooks(stopping, alpha);
    const start = performance.now();
    const key = (id: string) =>
      noiseKey({ seed, query: sharedNoise ? SHARED_QUERY : id, phase: 'estimation' });

    const images = queries.map(({ pixels }) => queryImage(pixels, sigma, this.info));

    // selection: embeddings and votes of n₀ samples of each query, and the plan made of them
    const drawn = await this.#select(queries, images, { selection, seed, sharedNoise }, control);
    const scanned = candidatesFor(gallery, settings.candidates);
    const states = queries.map((query, slot) => {
      const plan = planQuery(gallery, drawn[slot], {
        samples: stopping.samples,
        alpha,
        lastAlpha: looks[looks.length - 1].alpha,
        sigma,
        k,
        exclude: query.exclude,
        label: query.label,
        rival: query.rival,
        identity: settings.identity,
        criticals: settings.criticals,
        candidates: scanned,
        targetRadius: stopping.kind === 'target' ? stopping.radius : undefined,
      });
      return {
        query,
        image: images[slot],
        plan,
        counters: emptyCounters(
          gallery.dimension,
          plan.statistics.map((s) => s.bins),
          this.#classes,
        ),
        result: null as CertifiedQuery | null,
      };
    });

    // estimation: fresh samples, counted until the last look or the first at which the query may stop
    for (const [index, look] of looks.entries()) {
      const open = states.filter(({ result }) => result === null);
      const before = index === 0 ? 0 : looks[index - 1].samples;
      await this.#sample(
        { first: before, count: look.samples - before, want: 'counters', sharedNoise },
        open.map(({ query, image, plan }) => ({
          image,
          key: key(query.id),
          ...scannedQuery(gallery, plan, this.#classes),
        })),
        control,
        (outcomes) => {
          for (const [slot, { counters }] of outcomes.entries()) addCounters(open[slot].counters, counters);
        },
      );
      const seconds = (performance.now() - start) / 1e3;
      for (const state of open) {
        const certify = (methods: readonly CertificateMethod[] | undefined): QueryResult =>
          certifyQuery(gallery, state.plan, state.counters, {
            alpha: look.alpha,
            cdfAlpha: alpha,
            methods,
            gallerySetting: settings.gallerySetting,
            gallerySamples: settings.gallerySamples,
          });
        if (index < looks.length - 1 && !mayStop(stopping, seconds, settings.methods, certify)) continue;
        state.result = {
          id: state.query.id,
          plan: state.plan,
          counters: state.counters,
          samples: look.samples,
          seconds,
          ...certify(settings.methods),
        };
      }
      if (states.every(({ result }) => result !== null)) break;
    }
    return states.map(({ result }) => result!);
  }

  /**
   * Samples queries together without certifying anything, and keeps the counters at each of `snapshots`: one pass for certificates
   * at many numbers of samples, failure probabilities and ranks (certify/replan.ts has the argument). The counters at n are those with
   * which certifyGroup would end at n fixed samples; where the encoder's output depends on the batch, up to that dependence.
   * @throws OPTION_INVALID, CANCELLED, EMBEDDING_INVALID, WORKER_FAILED
   */
  async countGroup(
    queries: readonly QueryInput[],
    settings: CountSettings,
    control: WorkControl = {},
  ): Promise<CountedQuery[]> {
    const gallery = this.#requireGallery();
    const { sigma, snapshots, selection = 512, seed = 0, sharedNoise = false } = settings;
    requireSigma(sigma);
    requireInteger('selection', selection, 2);
    if (snapshots.length === 0) requireInteger('snapshots', 0, 1);
    for (const [i, samples] of snapshots.entries())
      requireInteger('snapshots (ascending)', samples, i === 0 ? 1 : snapshots[i - 1] + 1);
    const images = queries.map(({ pixels }) => queryImage(pixels, sigma, this.info));
    const drawn = await this.#select(queries, images, { selection, seed, sharedNoise }, control);
    const scanned = candidatesFor(gallery, settings.candidates);
    const states = queries.map(({ id, exclude, label, rival }, slot) => {
      // samples and alpha change nothing of what is counted
      const options: CountOptions = { sigma, exclude, label, rival, candidates: scanned };
      const plan = planQuery(gallery, drawn[slot], { ...options, samples: snapshots[0], alpha: 0.001 });
      const bins = plan.statistics.map((s) => s.bins);
      return {
        id,
        plan,
        options,
        total: emptyCounters(gallery.dimension, bins, this.#classes),
        kept: [] as Counters[],
        task: {
          image: images[slot],
          key: noiseKey({ seed, query: sharedNoise ? SHARED_QUERY : id, phase: 'estimation' }),
          ...scannedQuery(gallery, plan, this.#classes),
        },
      };
    });
    let before = 0;
    for (const stop of snapshotStretches(snapshots)) {
      await this.#sample(
        { first: before, count: stop - before, want: 'counters', sharedNoise },
        states.map(({ task }) => task),
        control,
        (outcomes) => {
          for (const [slot, { counters }] of outcomes.entries()) addCounters(states[slot].total, counters);
        },
      );
      before = stop;
      if (!snapshots.includes(stop)) continue;
      for (const { total, kept } of states) kept.push(structuredClone(total));
    }
    return states.map(({ id, plan, options, kept }, slot) => ({
      id,
      plan,
      options,
      selection: drawn[slot],
      snapshots: kept,
    }));
  }

  /** Ends the threads. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  #requireGallery(): GalleryView {
    if (this.#gallery) return this.#gallery;
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'a gallery before queries',
      got: 'none',
      fix: 'Call setGallery first.',
    });
  }

  /** The selection phase: embeddings and votes of n₀ samples of each query. */
  async #select(
    queries: readonly QueryInput[],
    images: readonly AffineNoise[],
    { selection, seed, sharedNoise }: { selection: number; seed: number; sharedNoise: boolean },
    control: WorkControl,
  ): Promise<SelectionSamples[]> {
    const { dimension } = this.#requireGallery();
    const drawn = queries.map(() => ({
      embeddings: new Float32Array(selection * dimension),
      votes: new Int32Array(this.#classes),
      count: selection,
    }));
    await this.#sample(
      { first: 0, count: selection, want: 'embeddings', sharedNoise },
      queries.map(({ id, exclude = -1 }, slot) => ({
        image: images[slot],
        key: noiseKey({ seed, query: sharedNoise ? SHARED_QUERY : id, phase: 'selection' }),
        exclude,
        statistics: [],
      })),
      control,
      (outcomes, first) => {
        for (const [slot, { embeddings, counters }] of outcomes.entries()) {
          drawn[slot].embeddings.set(embeddings!, first * dimension);
          for (let i = 0; i < this.#classes; i++) drawn[slot].votes[i] += counters.votes[i];
        }
      },
    );
    return drawn;
  }

  /** Cuts samples first … first + count − 1 into tasks and hands each outcome to `take`. */
  async #sample(
    work: {
      first: number;
      count: number;
      want: 'counters' | 'embeddings' | 'mean';
      sharedNoise: boolean;
    },
    queries: Parameters<SamplingPool['run']>[0]['queries'],
    { signal, onSamples }: WorkControl,
    take: (outcomes: TaskOutcome[], offset: number) => void,
  ): Promise<void> {
    if (signal?.aborted) throw cancellation();
    const abort = (): void => this.#pool.cancel();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const { threads } = this.#pool;
      const { secondsPerImage } = this.policy;
      const tasks: Promise<void>[] = [];
      let first = 0;
      for (const count of cutTasks(work.count, { queries: queries.length, secondsPerImage, threads })) {
        const at = first;
        first += count;
        const task = this.#pool.run({ ...work, first: work.first + at, count, queries });
        tasks.push(
          task.then((outcomes) => {
            take(outcomes, at);
            onSamples?.(count * queries.length);
          }),
        );
      }
      await Promise.all(tasks);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }
}

function candidatesFor(
  gallery: GalleryView,
  candidates: CertifySettings['candidates'] = 'auto',
): number | undefined {
  if (candidates !== 'auto') return candidates;
  return gallery.count > SCAN_LIMIT ? NEAR_CANDIDATES : undefined;
}

/** The snapshots, and after each that ends within a tile the end of that tile: later samples then lie in tiles as in a run without snapshots. */
function snapshotStretches(snapshots: readonly number[]): number[] {
  const last = snapshots[snapshots.length - 1];
  const ends = snapshots.flatMap((samples) => [samples, Math.min(last, Math.ceil(samples / TILE) * TILE)]);
  return [...new Set(ends)].sort((a, b) => a - b);
}

/** Whether a query may stop at a look: any rule is valid, since every look is (looks.ts). */
function mayStop(
  stopping: Stopping,
  seconds: number,
  methods: readonly CertificateMethod[] | undefined,
  certify: (methods: readonly CertificateMethod[]) => QueryResult,
): boolean {
  if (stopping.kind === 'time') return seconds >= stopping.seconds;
  if (stopping.kind === 'fixed') return false;
  // the method that certifies most for the smoothed embedding decides; vote only where it is all that was asked for
  const order: CertificateMethod[] = ['cdf', 'bisector', 'paper', 'vote'];
  const decisive = order.find((method) => !methods || methods.includes(method))!;
  const certificate = certify([decisive]).certificates[decisive]!;
  return radiusOf(certificate) >= stopping.radius;
}

/** Embeddings are normalised, so stored vectors (means of them) have norm ≤ 1; the rounding allowances rely on it. */
function requireUnitBall(gallery: GalleryView): void {
  for (let item = 0; item < gallery.count; item++) {
    const norm = Math.hypot(...vectorAt(gallery, item));
    if (norm <= 1.0001) continue;
    throw new RetrievalGuardError('GALLERY_INVALID', {
      expected: 'gallery vectors of norm at most 1 (means of normalised embeddings)',
      got: `norm ${norm} for item ${item}`,
      fix: 'Normalise the vectors, or build the gallery with `retrievalguard index`.',
    });
  }
}

function requireInteger(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: `${name}, an integer ≥ ${least}`,
    got: String(value),
  });
}

function requireSigma(sigma: number): void {
  if (Number.isFinite(sigma) && sigma > 0) return;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: 'sigma > 0, in [0,1] pixel units',
    got: String(sigma),
  });
}
