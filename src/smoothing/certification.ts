/**
 * The certification of queries, look by look: samples are counted and certified until a limit is reached. A caller goes through the states of one
 * query ({@link Certification}); the queries of a data set are run to their ends ({@link Looks}).
 *
 * A look reads a complete prefix of the samples: all of those up to it are counted, in whatever order they came, and none beyond it. What was
 * counted beyond the last look when a signal ends the work is dropped (certify/any-time.ts says why).
 */
import {
  type AlphaBudget,
  AnyTime,
  answerQuery,
  type CertificateMethod,
  bestOfLooks,
  certifySoFar,
  type Certificates,
  type CertifyOptions,
  type Counters,
  type GallerySetting,
  type GalleryView,
  isOfVotes,
  observeVerdicts,
  type QueryPlan,
  type Verdicts,
} from '../certify/index.ts';
import { isRetrievalGuardError, RetrievalGuardError } from '../errors.ts';
import type { PlanOptions, SelectionSamples } from '../plan/index.ts';
import type { QueryInput, QueryState, WorkControl } from './engine-types.ts';
import type { TaskQuery } from './protocol.ts';
import {
  doubledLook,
  type Limits,
  mostSamples,
  nextLook,
  requireStopping,
  type Stopping,
  type StopReason,
  stopsBy,
} from './stopping.ts';

/** A query between its plan and its certificate. */
export interface PlannedQuery {
  query: QueryInput;
  options: PlanOptions;
  plan: QueryPlan;
  selection: SelectionSamples;
  /** How far the picture was moved to be sampled, ℓ2. */
  pictureRounding: number;
  /** U of its bets, see `CertifyOptions.uniform`. */
  uniform: number;
  counters: Counters;
  task: TaskQuery;
}

/** What the engine does for a certification. */
export interface Sampling {
  /** The queries, planned by their selection samples. */
  plan: (control: WorkControl) => Promise<PlannedQuery[]>;
  /** Counts samples `from` … `to` − 1 of each query: all of them, or throws and counts none. */
  count: (queries: readonly PlannedQuery[], from: number, to: number, control: WorkControl) => Promise<void>;
  /** Samples that are encoded together. */
  unit: number;
}

/** How the counters are certified. */
export interface Certifying {
  gallery: GalleryView;
  sigma: number;
  /** Total variation between a sample's noise and the Gaussian. */
  eta: number;
  alpha: number;
  budget: AlphaBudget;
  methods: readonly CertificateMethod[];
  /** Those that may answer: votes and duels say nothing of Recall@k. */
  deciding: readonly CertificateMethod[];
  gallerySetting?: GallerySetting;
  gallerySamples?: number;
}

/** Where a query stands. */
interface Progress {
  planned: PlannedQuery;
  /** Nothing where the number of samples is fixed beforehand. */
  verdicts: Verdicts | null;
  /** The best certificates of its looks. */
  best: Certificates;
  /** Samples at its next look: its own, whichever queries it is sampled with, so that these do not change where it stops. */
  next: number;
  /** At its last look; null before the first, which all have together. */
  state: QueryState | null;
}

const isOpen = ({ state }: Progress): boolean => !state?.stopped;

/** Queries that are sampled together, from look to look. */
export class Looks {
  readonly #sampling: Sampling;
  readonly #certifying: Certifying;
  #queries: Progress[] | null = null;
  #samples = 0;
  /** Spent on states that were gone through before. */
  #secondsBefore = 0;
  #running = false;

  constructor(sampling: Sampling, certifying: Certifying) {
    this.#sampling = sampling;
    this.#certifying = certifying;
  }

  /**
   * The states of the queries, in their order, at each look until all have stopped. Gone through again, with other limits, it goes on from where
   * it stands.
   * @throws OPTION_INVALID while it is gone through already; CANCELLED when a signal comes before the first look, or before an exact number of samples
   */
  async *states(stopping: Stopping, control: WorkControl): AsyncGenerator<QueryState[], void, undefined> {
    this.#requireRest();
    this.#running = true;
    const began = performance.now();
    const seconds = (): number => this.#secondsBefore + (performance.now() - began) / 1e3;
    let signalled = false;
    try {
      const queries = (this.#queries ??= await this.#begin(stopping, control));
      // the limits may be others than before
      for (const one of queries) one.next = this.#samples;
      for (;;) {
        if (this.#samples > 0) {
          const now = seconds();
          for (const one of queries.filter(isOpen))
            if (signalled || one.next === this.#samples)
              one.state = this.#look(one, stopping, now, signalled);
          yield queries.map(({ state }) => state!);
        }
        const open = queries.filter(isOpen);
        if (open.length === 0) return;
        for (const one of open)
          if (one.next === this.#samples) one.next = this.#nextLook(one, stopping, seconds());
        const next = Math.min(...open.map((one) => one.next));
        try {
          const planned = open.map((one) => one.planned);
          await this.#sampling.count(planned, this.#samples, next, control);
          this.#samples = next;
        } catch (error) {
          const mayEnd = this.#samples > 0 && control.signal?.aborted;
          if (!mayEnd || !isRetrievalGuardError(error, 'CANCELLED')) throw error;
          signalled = true;
        }
      }
    } finally {
      this.#secondsBefore = seconds();
      this.#running = false;
    }
  }

  /** Lets queries that have stopped go on. What was found of them is not touched any more. @throws OPTION_INVALID while it is gone through */
  reopen(): void {
    this.#requireRest();
    for (const one of this.#queries ?? []) {
      if (isOpen(one)) continue;
      one.planned = { ...one.planned, counters: structuredClone(one.planned.counters) };
      one.state = null;
    }
  }

  #requireRest(): void {
    if (!this.#running) return;
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'one loop over a certification at a time',
      got: 'a second one',
    });
  }

  async #begin(stopping: Stopping, control: WorkControl): Promise<Progress[]> {
    const { sigma, eta, alpha } = this.#certifying;
    const verdicts = (): Verdicts => ({
      duel: new AnyTime({ sigma, eta, alpha }),
      vote: new AnyTime({ sigma, eta, alpha }),
    });
    const queries = await this.#sampling.plan(control);
    return queries.map((planned) => ({
      planned,
      verdicts: 'exactly' in stopping ? null : verdicts(),
      best: {},
      next: 0,
      state: null,
    }));
  }

  /** The state of a query after the samples counted. */
  #look(one: Progress, stopping: Stopping, seconds: number, signalled: boolean): QueryState {
    const { gallery, methods, deciding, eta, budget, gallerySetting, gallerySamples } = this.#certifying;
    const { planned, verdicts } = one;
    const { query, plan, counters, pictureRounding, uniform } = planned;
    const samples = this.#samples;
    const noise = { eta, pictureRounding, uniform };
    const options: CertifyOptions = { budget, methods, gallerySetting, gallerySamples, ...noise };
    const state = { id: query.id, samples, seconds };
    if (verdicts) {
      observeVerdicts(verdicts, plan, counters);
      options.anyTime = verdicts;
    }
    const certificates = bestOfLooks(one.best, certifySoFar(gallery, plan, counters, options));
    one.best = certificates;
    let stopped: StopReason | null = 'samples';
    if (verdicts && !('exactly' in stopping)) {
      stopped = stopsBy(stopping, { samples, seconds, methods: deciding, verdicts, certificates });
      if (signalled) stopped ??= 'signal';
    }
    if (!stopped) return { ...state, certificates, stopped };
    return {
      ...state,
      plan,
      counters,
      ...answerQuery(gallery, plan, counters),
      certificates,
      ...noise,
      stopped,
    };
  }

  #nextLook({ planned, verdicts }: Progress, stopping: Stopping, seconds: number): number {
    if ('exactly' in stopping) return stopping.exactly;
    const { methods, deciding } = this.#certifying;
    const samples = this.#samples;
    // a look by the methods of the smoothed embedding costs a pass over the gallery
    if (!methods.every(isOfVotes)) return doubledLook(samples, mostSamples(stopping));
    const { unit } = this.#sampling;
    // of the radius of what is sampled so much is taken off
    const off = 2 * planned.pictureRounding;
    const limits = stopping.radius === undefined ? stopping : { ...stopping, radius: stopping.radius + off };
    return nextLook(limits, { samples, seconds, methods: deciding, verdicts: verdicts! }, unit);
  }
}

/**
 * The certification of one query while its samples come: `for await` gives its state at each look. Between two states nothing runs, and leaving the
 * loop ends the work. A loop begun again, or after {@link Certification.resume}, goes on where the last one ended.
 */
export class Certification implements AsyncIterable<QueryState> {
  readonly #looks: Looks;
  readonly #resumable: boolean;
  #stopping: Stopping;
  #control: WorkControl;

  /** Made by {@link Smoother.certify}. @internal */
  constructor(looks: Looks, stopping: Stopping, control: WorkControl) {
    this.#looks = looks;
    this.#resumable = !('exactly' in stopping);
    this.#stopping = stopping;
    this.#control = control;
  }

  /** @throws as {@link Smoother.certify} does, while it is gone through */
  async *[Symbol.asyncIterator](): AsyncGenerator<QueryState, void, undefined> {
    for await (const [state] of this.#looks.states(this.#stopping, this.#control)) yield state;
  }

  /**
   * Lets the query go on within other limits: the same samples and their successors, so that what is certified stays valid together with what was.
   * (A certification of the same query that is begun anew is another one, and what two of them say does not hold jointly.)
   * @throws OPTION_INVALID for limits that cannot be, and where the number of samples was fixed beforehand
   */
  resume(limits: Limits, control: WorkControl = {}): this {
    requireStopping(limits);
    if (!this.#resumable || 'exactly' in limits)
      throw new RetrievalGuardError('OPTION_INVALID', {
        expected: 'limits of a certification that was begun with limits',
        got: 'an exact number of samples, whose bounds hold for that number alone',
        fix: 'Begin with limits (`samples` in place of `exactly`).',
      });
    this.#looks.reopen();
    this.#stopping = limits;
    this.#control = control;
    return this;
  }
}
