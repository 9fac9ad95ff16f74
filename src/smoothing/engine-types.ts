/** What the engine is told, and what it finds. */
import type {
  CertificateMethod,
  Certificates,
  Counters,
  GallerySetting,
  QueryPlan,
  QueryResult,
} from '../certify/index.ts';
import type { ModelFlags } from '../encoder/index.ts';
import type { PlanOptions, SelectionSamples } from '../plan/index.ts';
import type { NoiseSeed } from './noise.ts';
import type { Stopping, StopReason } from './stopping.ts';

/** Options of {@link Smoother.open}. */
export interface SmootherOptions extends ModelFlags {
  /** ONNX Runtime execution provider; default cpu. */
  provider?: string;
  /** Sampling threads; default all cores, and no more than those. */
  threads?: number;
  /** Images a run of the encoder; default 'auto': the fastest. Never changes a result. */
  batch?: number | 'auto';
}

/** A query to certify. */
export interface QueryInput {
  /** Names the query's noise: the same id and seed give the same samples. */
  id: string;
  /**
   * [channels × height × width] in [0,1], as loadImage returns it: each the quotient of a byte by 255. Others are rounded to 2^-16 of such a
   * step, which costs {@link CertifiedQuery.pictureRounding} twice of a radius, and are slower to sample.
   */
  pixels: Float32Array;
  /** Gallery item to leave out (leave-one-out). */
  exclude?: number | null;
  /** Label to certify (index into the gallery's labels), null for one that no item has; default the predicted one. */
  label?: number | null;
  /** Gallery item: certify only that it does not become the nearest (exclusion); for `duel`, that its label does not win against the answer. */
  rival?: number | null;
}

/** How to certify. */
export interface CertifySettings {
  /** Standard deviation of the noise, [0,1] pixel units, from 0.002 to 13.8. */
  sigma: number;
  /** Failure probability of each certificate; default 0.001. */
  alpha?: number;
  /** Selection samples; default 512, or 16 to 32 for duels and votes alone within {@link Limits} (defaultSelection). */
  selection?: number;
  /** Default: exactly 10,000 samples. */
  stopping?: Stopping;
  /**
   * Of the noise: a non-negative integer, with which a run can be repeated (default 0), or 32 secret random bytes, where whoever chooses
   * pictures must not know the noise (certificates §13).
   */
  seed?: NoiseSeed;
  /** Default all five. */
  methods?: readonly CertificateMethod[];
  /** For `paper`; default 'deployed'. */
  gallerySetting?: GallerySetting;
  /** For `paper` in the 'estimated' setting: samples behind each gallery vector, 0 for clean ones. */
  gallerySamples?: number;
  /** Recall@k; default 1. */
  k?: number;
  /** Negatives with a statistic of their own; default 16. */
  criticals?: number;
  /** All queries of one call use the same noise (a union bound over queries allows it): faster. Default false. */
  sharedNoise?: boolean;
}

/** A query at a look that is not the last. */
export interface OpenQuery {
  id: string;
  /** Estimation samples counted so far. */
  samples: number;
  /** Wall-clock seconds since the first sample, those of the selection included. */
  seconds: number;
  /** By method: the answer, and the best radius so far (of methods other than `duel` and `vote` that of this look); all of them, at all looks, are valid together. */
  certificates: Certificates;
  stopped: null;
}

/** What {@link Smoother.certify} found for one query: its last state. */
export interface CertifiedQuery extends QueryResult, Omit<OpenQuery, 'stopped'> {
  plan: QueryPlan;
  counters: Counters;
  /** Total variation between a sample of the noise and the Gaussian one rounded to grey levels, which the radii have paid for. */
  eta: number;
  /** How far the picture was moved to be sampled, ℓ2, which the radii have paid for; 0 for a picture of bytes. */
  pictureRounding: number;
  /** U of `CertifyOptions.uniform`, drawn for this query. */
  uniform: number;
  /** Why there are no more samples. */
  stopped: StopReason;
}

/** A query at a look; `stopped` tells the last. */
export type QueryState = OpenQuery | CertifiedQuery;

/** How to sample queries for many certificates. */
export type CountSettings = Pick<CertifySettings, 'sigma' | 'selection' | 'seed' | 'sharedNoise'> & {
  /** Numbers of estimation samples at which the counters are kept: integers ≥ 1, ascending. */
  snapshots: readonly number[];
};

/** What every plan of a counted query has to keep: hand it on to replanQuery with a budget and k. */
export type CountOptions = Pick<
  PlanOptions,
  'sigma' | 'exclude' | 'label' | 'rival' | 'candidates' | 'squared'
>;

/** What {@link Smoother.countGroup} counted of one query. */
export interface CountedQuery {
  id: string;
  /** A plan that counts what was counted. */
  plan: QueryPlan;
  options: CountOptions;
  selection: SelectionSamples;
  /** In the order of the snapshots asked for. */
  snapshots: Counters[];
  /** See {@link CertifiedQuery}: a certificate has to be asked for with both. */
  eta: number;
  pictureRounding: number;
  uniform: number;
}

/** Observes and stops long work. */
export interface WorkControl {
  signal?: AbortSignal;
  /** Called as samples are finished, with their number since the last call. */
  onSamples?: (count: number) => void;
}
