/**
 * The two-phase Monte-Carlo engine (certificates §1): smooths any encoder, on all cores. Selection samples choose what to
 * count, fresh estimation samples are counted, the counters are certified.
 */
import {
  addCount,
  addCounters,
  AlphaBudget,
  CERTIFICATE_METHODS,
  type Counters,
  emptyCounters,
  type GalleryView,
  isOfVotes,
  meanEmbedding,
  MOST_NORM,
  nearestOf,
  squaredNorms,
} from '../certify/index.ts';
import { type EncoderInfo, readEncoderInfo } from '../encoder/index.ts';
import { cancellation, RetrievalGuardError, throwIfCancelled } from '../errors.ts';
import { LIMITS, requireInRange, selectionLimit } from '../limits.ts';
import { affordableEta, exactNoiseKey, uniformOf } from '../noise/exact/index.ts';
import { type Phase, SHARED_QUERY } from '../noise/index.ts';
import { meanOf, planQuery, type PlanOptions, type SelectionSamples } from '../plan/index.ts';
import { usableThreads } from '../threads.ts';
import { Certification, Looks, type PlannedQuery } from './certification.ts';
import { cutTasks } from './cut.ts';
import { SamplingPool } from './sampling-pool.ts';
import { type Task, type TaskOutcome, type TaskQuery, TILE } from './protocol.ts';
import { noiseLaw, type NoiseSeed, valuesOf } from './noise.ts';
import { emptySurvey, outsideOf, type Survey } from './outside.ts';
import { queryImage, roundingOf } from './query-image.ts';
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
import { budgetOf, defaultSelection, MOST_BY_DEFAULT, requireStopping, SELECTION } from './stopping.ts';
import { type BatchPolicy, chooseBatch } from './tune.ts';
import { count } from '../words.ts';

/**
 * Items that every sample of a query is compared with: the whole gallery, or those nearest to the query's mean, beside which others are looked for. Measured:
 * with fewer, more of the others have to be looked at.
 */
const SCANNED = 4096;
/** Of those, the nearest ones among which selection samples vote in a gallery that is not compared with as a whole. */
const VOTING = 1024;
/** Samples of each query that are cut into tasks at once: any number of samples takes the memory of so many. A multiple of {@link TILE}. */
const STRETCH = 2 ** 17;

/** How samples are drawn. */
type SamplingSettings = Pick<CertifySettings, 'sigma' | 'selection' | 'seed' | 'sharedNoise'>;

type Drawing = SamplingSettings & { selection: number };

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
    const { input, output, pooling, height, width, channels, mean, std, inputRange, pixels } = options;
    const flags = { input, output, pooling, height, width, channels, mean, std, inputRange, pixels };
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
   * @param scanned default 4,096
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
    settings: { sigma: number; samples: number; seed?: NoiseSeed; phase?: Phase },
    control: WorkControl = {},
  ): Promise<Float64Array> {
    noiseLaw(this.info, settings.sigma); // refuses a sigma that has none
    requireInRange('samples', settings.samples, LIMITS.samples);
    return this.#mean(image, settings, control);
  }

  /** The embedding of the unperturbed image: the undefended encoder. [dimension], unit norm. */
  embedClean(image: { id: string; pixels: Float32Array }, control: WorkControl = {}): Promise<Float64Array> {
    return this.#mean(image, { sigma: 0, samples: 1 }, control);
  }

  /**
   * Certifies one query against the gallery, as its samples come: `for await` gives its state at each look, the last with all that was found. With
   * probability at least 1 − alpha for each method (not jointly), no perturbation of ℓ2 norm below a certified radius changes the answer certified, at
   * all looks together. A signal ends the work with the state reached; leaving the loop ends it too.
   *
   * @throws OPTION_INVALID at once; from the loop CANCELLED (a signal before the first look, or before an exact number of samples), EMBEDDING_INVALID,
   * WORKER_FAILED
   */
  certify(query: QueryInput, settings: CertifySettings, control: WorkControl = {}): Certification {
    const { looks, stopping } = this.#looks([query], settings);
    return new Certification(looks, stopping, control);
  }

  /** The last state of {@link Smoother.certify}. */
  async certifyOnce(
    query: QueryInput,
    settings: CertifySettings,
    control: WorkControl = {},
  ): Promise<CertifiedQuery> {
    for await (const state of this.certify(query, settings, control)) if (state.stopped) return state;
    throw cancellation();
  }

  /**
   * Certifies queries that are sampled together, each to its end; see {@link Smoother.certify}. Their statements hold each for itself.
   * @throws OPTION_INVALID, CANCELLED, EMBEDDING_INVALID, WORKER_FAILED
   */
  async certifyGroup(
    queries: readonly QueryInput[],
    settings: CertifySettings,
    control: WorkControl = {},
  ): Promise<CertifiedQuery[]> {
    const { looks, stopping } = this.#looks(queries, settings);
    let found: CertifiedQuery[] = [];
    for await (const states of looks.states(stopping, control))
      found = states.filter((state) => state.stopped !== null);
    if (found.some(({ stopped }) => stopped === 'signal')) throw cancellation();
    return found;
  }

  /** How samples are drawn. @throws OPTION_INVALID */
  #drawing(settings: SamplingSettings, selection: number): Drawing {
    noiseLaw(this.info, settings.sigma); // refuses a sigma that has none
    requireInRange('selection', selection, selectionLimit(this.info.dimension));
    return { ...settings, selection };
  }

  /** Queries to certify, of which nothing is sampled yet. */
  #looks(queries: readonly QueryInput[], settings: CertifySettings) {
    const gallery = this.#requireGallery();
    const { sigma, alpha = 0.001, k = 1, criticals, gallerySetting, gallerySamples } = settings;
    const stopping = settings.stopping ?? { exactly: MOST_BY_DEFAULT };
    const methods = settings.methods ?? CERTIFICATE_METHODS;
    requireInRange('k', k, LIMITS.k);
    if (k > 1 && queries.some(({ rival }) => typeof rival === 'number'))
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: 'k = 1 for a query with a rival: that one item is not to become the nearest',
        got: `k = ${k}`,
      });
    requireStopping(stopping);
    if (!(alpha > 0 && alpha < 1))
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: 'alpha, a failure probability in (0, 1)',
        got: String(alpha),
      });
    const eta = affordableEta(valuesOf(this.info.input), sigma, alpha);
    const budget = budgetOf(stopping, alpha);
    const drawing = this.#drawing(settings, settings.selection ?? defaultSelection(stopping, methods, sigma));
    const planning = {
      budget,
      sigma,
      k,
      criticals,
      targetRadii: 'radius' in stopping && stopping.radius !== undefined ? [stopping.radius] : [],
      votesOnly: methods.every(isOfVotes),
    };
    // votes and duels say nothing of Recall@k
    const ofRecall = k > 1 ? methods.filter((method) => !isOfVotes(method)) : methods;
    const requireSame = (): void => {
      if (this.#gallery === gallery) return;
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: 'the gallery that the certification was begun with',
        got: 'another one',
        fix: 'Set a gallery before its queries, and another one after them.',
      });
    };
    const looks = new Looks(
      {
        plan: (control) => {
          requireSame();
          return this.#plan(queries, drawing, planning, control);
        },
        count: (planned, from, to, control) => {
          requireSame();
          return this.#count(planned, from, to, drawing, control);
        },
        unit: this.#unit,
      },
      {
        gallery,
        sigma,
        eta,
        alpha,
        budget,
        methods,
        deciding: ofRecall.length > 0 ? ofRecall : methods,
        gallerySetting,
        gallerySamples,
      },
    );
    return { looks, stopping, methods };
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
    const drawing = this.#drawing(settings, settings.selection ?? SELECTION);
    // the budget changes nothing of what is counted
    const budget = AlphaBudget.fixed(snapshots[0], 0.001);
    const states = await this.#plan(queries, drawing, { budget, sigma }, control);
    const kept = states.map((): Counters[] => []);
    let before = 0;
    for (const stop of snapshotStretches(snapshots)) {
      await this.#count(states, before, stop, drawing, control);
      before = stop;
      if (!snapshots.includes(stop)) continue;
      for (const [slot, { counters }] of states.entries()) kept[slot].push(structuredClone(counters));
    }
    const { eta } = noiseLaw(this.info, sigma);
    return states.map(({ query: { id }, plan, options, selection, pictureRounding, uniform }, slot) => {
      const { budget: _, ...counted } = options;
      return { id, plan, options: counted, selection, snapshots: kept[slot], eta, pictureRounding, uniform };
    });
  }

  /** Samples that are encoded together: one, but a whole batch where the encoder's output depends on it. */
  get #unit(): number {
    const { batch, padded } = this.policy;
    if (!padded) return 1;
    return TILE % batch === 0 ? batch : TILE;
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
    const image = queryImage(pixels, valuesOf(this.info.input), sigma);
    const key = exactNoiseKey({ seed, query: id, phase });
    const total = emptyCounters(this.info.dimension, []);
    await this.#sample(
      { first: 0, count: samples, want: 'mean', sharedNoise: false },
      [{ image, sigma, key, exclude: null, statistics: [] }],
      control,
      ([outcome]) => addCounters(total, outcome.counters),
    );
    return meanEmbedding(total);
  }

  /** The selection phase: embeddings and votes of n₀ samples of each query, and the plan made of them. */
  async #plan(
    queries: readonly QueryInput[],
    { sigma, selection, seed = 0, sharedNoise = false }: Drawing,
    shared: PlanOptions,
    control: WorkControl,
  ): Promise<PlannedQuery[]> {
    const gallery = this.#requireGallery();
    const { dimension } = gallery;
    const keyOf = (id: string, phase: Phase) =>
      exactNoiseKey({ seed, query: sharedNoise ? SHARED_QUERY : id, phase });
    const images = queries.map(({ pixels }) => queryImage(pixels, valuesOf(this.info.input), sigma));
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
        sigma,
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
      const pictureRounding = roundingOf(images[slot]);
      const targetRadii = shared.targetRadii?.map((radius) => radius + 2 * pictureRounding);
      const options = {
        ...shared,
        targetRadii,
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
        pictureRounding,
        uniform: uniformOf(exactNoiseKey({ seed, query: query.id, phase: 'evidence' })),
        counters: emptyCounters(dimension, bins),
        task: {
          image: images[slot],
          sigma,
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

  /** The estimation phase: counts samples `from` … `to` − 1 of each query, or none of them. */
  async #count(
    states: readonly PlannedQuery[],
    from: number,
    to: number,
    { sharedNoise = false }: Drawing,
    control: WorkControl,
  ): Promise<void> {
    const counted = states.map(({ counters: { sum, histograms } }) =>
      emptyCounters(
        sum.length,
        histograms.map((bins) => bins.length),
      ),
    );
    await this.#sample(
      { first: from, count: to - from, want: 'counters', sharedNoise },
      states.map(({ task }) => task),
      control,
      (outcomes) => {
        for (const [slot, { counters }] of outcomes.entries()) addCounters(counted[slot], counters);
      },
    );
    for (const [slot, { counters }] of states.entries()) addCounters(counters, counted[slot]);
  }

  /** Cuts samples first … first + count − 1 into tasks and hands each outcome to `take`. */
  async #sample(
    work: Omit<Task, 'id' | 'queries'>,
    queries: TaskQuery[],
    { signal, onSamples }: WorkControl,
    take: (outcomes: TaskOutcome[], offset: number) => void,
  ): Promise<void> {
    throwIfCancelled(signal);
    const stop = (): void => this.#pool.cancel(queries);
    signal?.addEventListener('abort', stop, { once: true });
    let failure: unknown = null;
    try {
      const { threads } = this.#pool;
      const { secondsPerImage } = this.policy;
      const cut = { queries: queries.length, secondsPerImage, threads, unit: this.#unit };
      for (let stretch = 0; stretch < work.count; stretch += STRETCH) {
        const left = Math.min(STRETCH, work.count - stretch);
        const pieces = cutTasks(left, cut);
        requireWhole(pieces, left);
        let first = stretch;
        const tasks = pieces.map(async (count): Promise<void> => {
          const at = first;
          first += count;
          try {
            take(await this.#pool.run({ ...work, first: work.first + at, count, queries }), at);
            onSamples?.(count * queries.length);
          } catch (error) {
            failure ??= error;
            stop();
          }
        });
        // to the end of each: nothing runs on when the work has failed or was cancelled
        await Promise.all(tasks);
        if (failure !== null) throw failure;
        throwIfCancelled(signal);
      }
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }
}

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
