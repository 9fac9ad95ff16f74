/**
 * The two-phase Monte-Carlo engine (certificates §1): smooths any encoder, on all cores. Selection samples choose what to
 * count, fresh estimation samples are counted, the counters are certified.
 */
import {
  addCount,
  addCounters,
  AlphaBudget,
  AnyTime,
  CERTIFICATE_METHODS,
  type CertificateMethod,
  certifyQuery,
  type Counters,
  emptyCounters,
  type GalleryView,
  isOfVotes,
  meanEmbedding,
  MOST_NORM,
  observeVerdicts,
  type QueryPlan,
  type QueryResult,
  nearestOf,
  squaredNorms,
  type Verdicts,
} from '../certify/index.ts';
import { type EncoderInfo, readEncoderInfo } from '../encoder/index.ts';
import { RetrievalGuardError, throwIfCancelled } from '../errors.ts';
import { LIMITS, requireInRange, selectionLimit } from '../limits.ts';
import { noiseKey, type Phase, SHARED_QUERY } from '../noise/index.ts';
import { meanOf, planQuery, type PlanOptions, type SelectionSamples } from '../plan/index.ts';
import { usableThreads } from '../threads.ts';
import { cutTasks } from './cut.ts';
import { SamplingPool } from './sampling-pool.ts';
import { type Task, type TaskOutcome, type TaskQuery, TILE } from './protocol.ts';
import { queryImage } from './query-image.ts';
import { emptySurvey, outsideOf, type Survey } from './outside.ts';
import { countVotes, scannedQuery, scanSet } from './scan.ts';
import { type SharedGallery, shareGallery } from './shared-gallery.ts';
import type {
  CertifiedQuery,
  CertifySettings,
  CountedQuery,
  CountSettings,
  QueryInput,
  SmootherOptions,
  WorkControl,
} from './engine-types.ts';
import { budgetOf, looksOf, mayStop } from './stopping.ts';
import { type BatchPolicy, chooseBatch } from './tune.ts';
import { count } from '../words.ts';

/**
 * Items that every sample of a query is compared with: the whole gallery, or those nearest to the query's mean, beside which others are looked for. Measured:
 * with fewer, more of the others have to be looked at.
 */
const SCANNED = 16_384;
/** Of those, the nearest ones among which selection samples vote in a gallery that is not compared with as a whole. */
const VOTING = 1024;
/** Samples of each query that are cut into tasks at once: any number of samples takes the memory of so many. A multiple of {@link TILE}. */
const STRETCH = 2 ** 17;

/** How samples are drawn. */
type SamplingSettings = Pick<CertifySettings, 'sigma' | 'selection' | 'seed' | 'sharedNoise'>;

/** A query between its plan and its certificate. */
interface PlannedQuery {
  query: QueryInput;
  options: PlanOptions;
  plan: QueryPlan;
  selection: SelectionSamples;
  counters: Counters;
  task: TaskQuery;
}

/** A smoothed encoder on all cores. Open it once, set a gallery, certify many queries, close it. */
export class Smoother {
  readonly info: EncoderInfo;
  readonly policy: BatchPolicy;
  readonly #pool: SamplingPool;
  #gallery: GalleryView | null = null;
  #classes = 0;
  /** Of a gallery that is not compared with as a whole. */
  #shared: SharedGallery | null = null;
  #scanned = SCANNED;

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
    if (batch !== 'auto') requireInRange('batch', batch, LIMITS.batch);
    if (threads !== undefined) requireInRange('threads', threads, LIMITS.threads);
    const { input, output, pooling, height, width, channels, mean, std, inputRange } = options;
    const flags = { input, output, pooling, height, width, channels, mean, std, inputRange };
    const info = await readEncoderInfo(path, { ...flags, provider });
    const policy = await chooseBatch(info, provider, batch);
    const pool = await SamplingPool.open(
      { info, provider, batch: policy.batch, padded: policy.padded },
      usableThreads(threads),
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

  /**
   * Sets the gallery that later queries are certified against. One of more than `scanned` items is put into shared memory, unless it lies there, and
   * prepared: samples are compared with so many items, and others are looked for where they may matter. The results are the same; the cost differs.
   * @param scanned default 16,384
   * @throws GALLERY_MISMATCH, GALLERY_INVALID
   */
  async setGallery(gallery: GalleryView, scanned = SCANNED): Promise<void> {
    if (gallery.dimension !== this.info.dimension) {
      throw new RetrievalGuardError('GALLERY_MISMATCH', {
        expected: `a gallery of ${this.info.dimension}-dimensional vectors, as the model makes them`,
        got: count(gallery.dimension, 'dimension'),
        fix: 'Build the gallery with this model.',
      });
    }
    this.#scanned = scanned;
    this.#shared = gallery.count > scanned ? await shareGallery(gallery) : null;
    this.#gallery = this.#shared ? { ...gallery, vectors: this.#shared.vectors } : gallery;
    requireUnitBall(this.#gallery);
    this.#classes = gallery.labelIndex.reduce((most, label) => Math.max(most, label + 1), 0);
    this.#pool.setGallery(this.#shared ?? scanSet(gallery, null, this.#classes));
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
    requireSigma(settings.sigma);
    requireInRange('samples', settings.samples, LIMITS.samples);
    return this.#mean(image, settings, control);
  }

  /** The embedding of the unperturbed image: the undefended encoder. [dimension], unit norm. */
  embedClean(image: { id: string; pixels: Float32Array }, control: WorkControl = {}): Promise<Float64Array> {
    return this.#mean(image, { sigma: 0, samples: 1 }, control);
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
    const { sigma, alpha = 0.001, k = 1, gallerySetting, gallerySamples } = settings;
    const stopping = settings.stopping ?? { kind: 'fixed', samples: 10_000 };
    requireInRange('k', k, LIMITS.k);
    if (k > 1 && queries.some(({ rival }) => typeof rival === 'number'))
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: 'k = 1 for a query with a rival: that one item is not to become the nearest',
        got: `k = ${k}`,
      });
    requireInRange('samples', stopping.samples, LIMITS.samples);
    if (!(alpha > 0 && alpha < 1))
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: 'alpha, a failure probability in (0, 1)',
        got: String(alpha),
      });
    const budget = budgetOf(stopping, alpha);
    const methods = settings.methods ?? CERTIFICATE_METHODS;
    const start = performance.now();
    const options = {
      budget,
      sigma,
      k,
      identity: settings.identity,
      criticals: settings.criticals,
      targetRadii: stopping.kind === 'target' ? [stopping.radius] : [],
      votesOnly: methods.every(isOfVotes),
    };
    const states = await this.#plan(queries, settings, options, control);

    // fresh samples, counted until the last look or the first at which the query may stop
    const results = new Map<PlannedQuery, CertifiedQuery>();
    let before = 0;
    // at a number of samples fixed beforehand the bounds of that number are sharper
    const verdicts =
      stopping.kind === 'fixed' ? null : new Map(states.map((state) => [state, verdictsOf(sigma, alpha)]));
    // votes and duels say nothing of Recall@k
    const ofRecall = k > 1 ? methods.filter((method) => !isOfVotes(method)) : methods;
    const deciding = ofRecall.length > 0 ? ofRecall : methods;
    for (const samples of looksOf(stopping, budget, methods)) {
      const open = states.filter((state) => !results.has(state));
      await this.#count(open, before, samples, settings, control);
      before = samples;
      const seconds = (performance.now() - start) / 1e3;
      for (const state of open) {
        const { plan, counters } = state;
        const anyTime = verdicts?.get(state);
        if (anyTime) observeVerdicts(anyTime, plan, counters);
        const certify = (some: readonly CertificateMethod[]): QueryResult =>
          certifyQuery(gallery, plan, counters, {
            budget,
            methods: some,
            gallerySetting,
            gallerySamples,
            anyTime,
          });
        const mayGoOn = samples < stopping.samples && anyTime;
        if (mayGoOn && !mayStop(stopping, { seconds, methods: deciding, verdicts: anyTime, certify }))
          continue;
        const found = certify(methods);
        results.set(state, { id: state.query.id, plan, counters, samples, seconds, ...found });
      }
      if (results.size === states.length) break;
    }
    return states.map((state) => results.get(state)!);
  }

  /**
   * Samples queries together without certifying anything, and keeps the counters at each of `snapshots`: one pass for certificates
   * at many numbers of samples, failure probabilities and ranks (plan/replan.ts has the argument). The counters at n are those with
   * which certifyGroup would end at n fixed samples; where the encoder's output depends on the batch, up to that dependence.
   * @throws OPTION_INVALID, CANCELLED, EMBEDDING_INVALID, WORKER_FAILED
   */
  async countGroup(
    queries: readonly QueryInput[],
    settings: CountSettings,
    control: WorkControl = {},
  ): Promise<CountedQuery[]> {
    const { sigma, snapshots } = settings;
    if (snapshots.length === 0) requireInRange('snapshots', 0, LIMITS.samples);
    for (const [i, samples] of snapshots.entries())
      requireInRange('snapshots (ascending)', samples, {
        least: i === 0 ? 1 : snapshots[i - 1] + 1,
        most: LIMITS.samples.most,
      });
    // the budget changes nothing of what is counted
    const budget = AlphaBudget.fixed(snapshots[0], 0.001);
    const states = await this.#plan(queries, settings, { budget, sigma }, control);
    const kept = states.map((): Counters[] => []);
    let before = 0;
    for (const stop of snapshotStretches(snapshots)) {
      await this.#count(states, before, stop, settings, control);
      before = stop;
      if (!snapshots.includes(stop)) continue;
      for (const [slot, { counters }] of states.entries()) kept[slot].push(structuredClone(counters));
    }
    return states.map(({ query, plan, options, selection }, slot) => {
      const { budget: _, ...counted } = options;
      return { id: query.id, plan, options: counted, selection, snapshots: kept[slot] };
    });
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

  /** The mean of normalised embeddings; of the clean one where the noise has deviation 0. */
  async #mean(
    { id, pixels }: { id: string; pixels: Float32Array },
    { sigma, samples, seed = 0, phase = 'gallery' }: Parameters<Smoother['embed']>[1],
    control: WorkControl,
  ): Promise<Float64Array> {
    const image = queryImage(pixels, sigma, this.info);
    const key = noiseKey({ seed, query: id, phase });
    const total = emptyCounters(this.info.dimension, []);
    await this.#sample(
      { first: 0, count: samples, want: 'mean', sharedNoise: false },
      [{ image, key, exclude: null, statistics: [] }],
      control,
      ([outcome]) => addCounters(total, outcome.counters),
    );
    return meanEmbedding(total);
  }

  /** The selection phase: embeddings and votes of n₀ samples of each query, and the plan made of them. */
  async #plan(
    queries: readonly QueryInput[],
    { sigma, selection = 512, seed = 0, sharedNoise = false }: SamplingSettings,
    shared: PlanOptions,
    control: WorkControl,
  ): Promise<PlannedQuery[]> {
    const gallery = this.#requireGallery();
    const { dimension } = gallery;
    requireSigma(sigma);
    requireInRange('selection', selection, selectionLimit(dimension));
    const keyOf = (id: string, phase: Phase) =>
      noiseKey({ seed, query: sharedNoise ? SHARED_QUERY : id, phase });
    const images = queries.map(({ pixels }) => queryImage(pixels, sigma, this.info));
    const drawn = queries.map(
      (): SelectionSamples => ({
        embeddings: new Float32Array(selection * dimension),
        votes: new Map(),
        count: selection,
      }),
    );
    await this.#sample(
      { first: 0, count: selection, want: 'embeddings', sharedNoise },
      queries.map(({ id, exclude }, slot) => ({
        image: images[slot],
        key: keyOf(id, 'selection'),
        exclude: exclude ?? null,
        statistics: [],
      })),
      control,
      (outcomes, first) => {
        for (const [slot, { embeddings, counters }] of outcomes.entries()) {
          drawn[slot].embeddings.set(embeddings!, first * dimension);
          for (const [label, count] of counters.votes) addCount(drawn[slot].votes, label, count);
        }
      },
    );
    const surveys = await this.#survey(queries, drawn, control);
    return queries.map((query, slot) => {
      const { exclude, label, rival } = query;
      const survey = surveys?.[slot];
      const options = {
        ...shared,
        exclude,
        label,
        rival,
        ...(survey && { candidates: this.#scanned, squared: survey.squared }),
      };
      const plan = planQuery(gallery, drawn[slot], options);
      const bins = plan.statistics.map((statistic) => statistic.bins);
      return {
        query,
        options,
        plan,
        selection: drawn[slot],
        counters: emptyCounters(dimension, bins),
        task: {
          image: images[slot],
          key: keyOf(query.id, 'estimation'),
          ...scannedQuery(gallery, plan, this.#classes),
          ...(survey && { outside: outsideOf(this.#shared!, survey, plan) }),
        },
      };
    });
  }

  /**
   * How a gallery that is not compared with as a whole lies to the means of the selection samples, whose votes are counted among the items nearest to
   * those; null for any other.
   */
  async #survey(
    queries: readonly QueryInput[],
    drawn: readonly SelectionSamples[],
    control: WorkControl,
  ): Promise<Survey[] | null> {
    const gallery = this.#shared;
    if (!gallery) return null;
    const surveys = drawn.map((selection) => emptySurvey(gallery, meanOf(selection)));
    const tasks = surveys.map((survey) => ({ survey }) as TaskQuery);
    const share = Math.ceil(gallery.count / this.#pool.threads);
    const pieces = Array.from({ length: Math.ceil(gallery.count / share) }, (_, i) => ({
      first: i * share,
      count: Math.min(share, gallery.count - i * share),
    }));
    throwIfCancelled(control.signal);
    await Promise.all(
      pieces.map((piece) => this.#pool.run({ ...piece, want: 'survey', sharedNoise: false, queries: tasks })),
    );
    for (const [slot, { squared }] of surveys.entries()) {
      const near = nearestOf(squared, VOTING, (item) => item === queries[slot].exclude);
      countVotes(gallery, near, drawn[slot]);
    }
    return surveys;
  }

  /** The estimation phase: counts samples `from` … `to` − 1 of each query. */
  #count(
    states: readonly PlannedQuery[],
    from: number,
    to: number,
    { sharedNoise = false }: SamplingSettings,
    control: WorkControl,
  ): Promise<void> {
    return this.#sample(
      { first: from, count: to - from, want: 'counters', sharedNoise },
      states.map(({ task }) => task),
      control,
      (outcomes) => {
        for (const [slot, { counters }] of outcomes.entries()) addCounters(states[slot].counters, counters);
      },
    );
  }

  /** Cuts samples first … first + count − 1 into tasks and hands each outcome to `take`. */
  async #sample(
    work: Omit<Task, 'id' | 'queries'>,
    queries: TaskQuery[],
    { signal, onSamples }: WorkControl,
    take: (outcomes: TaskOutcome[], offset: number) => void,
  ): Promise<void> {
    throwIfCancelled(signal);
    const abort = (): void => this.#pool.cancel();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const { threads } = this.#pool;
      const { secondsPerImage } = this.policy;
      for (let stretch = 0; stretch < work.count; stretch += STRETCH) {
        const left = Math.min(STRETCH, work.count - stretch);
        const tasks: Promise<void>[] = [];
        let first = stretch;
        const pieces = cutTasks(left, { queries: queries.length, secondsPerImage, threads });
        requireWhole(pieces, left);
        for (const count of pieces) {
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
        throwIfCancelled(signal);
      }
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }
}

/** Nothing is seen yet. */
const verdictsOf = (sigma: number, alpha: number): Verdicts => ({
  duel: new AnyTime({ sigma, eta: 0, alpha }),
  vote: new AnyTime({ sigma, eta: 0, alpha }),
});

/** The snapshots, and after each that ends within a tile the end of that tile: later samples then lie in tiles as in a run without snapshots. */
function snapshotStretches(snapshots: readonly number[]): number[] {
  const last = snapshots[snapshots.length - 1];
  const ends = snapshots.flatMap((samples) => [samples, Math.min(last, Math.ceil(samples / TILE) * TILE)]);
  return [...new Set(ends)].sort((a, b) => a - b);
}

/** Embeddings are normalised, so stored vectors (means of them) have norm ≤ 1; the rounding allowances rely on it. */
function requireUnitBall(gallery: GalleryView): void {
  for (const [item, square] of squaredNorms(gallery).entries()) {
    const norm = Math.sqrt(square);
    if (norm <= MOST_NORM) continue;
    throw new RetrievalGuardError('GALLERY_INVALID', {
      expected: 'gallery vectors of norm at most 1 (means of normalised embeddings)',
      got: `norm ${norm} for item ${item}`,
      fix: 'Normalise the vectors, or build the gallery with `retrievalguard index`.',
    });
  }
}

/** However the work is cut, each sample is drawn once. */
function requireWhole(pieces: readonly number[], samples: number): void {
  const sum = pieces.reduce(
    (total, size) => (Number.isInteger(size) && size > 0 ? total + size : Number.NaN),
    0,
  );
  if (sum === samples) return;
  throw new RetrievalGuardError('CERTIFICATE_INPUT', {
    expected: `tasks of ${samples} samples in all`,
    got: pieces.join(' + '),
  });
}

function requireSigma(sigma: number): void {
  if (Number.isFinite(sigma) && sigma > 0) return;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: 'sigma > 0, in [0,1] pixel units',
    got: String(sigma),
  });
}
