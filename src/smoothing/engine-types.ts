/** What the engine is told, and what it finds. */
import type {
  CertificateMethod,
  Counters,
  GallerySetting,
  QueryPlan,
  QueryResult,
} from '../certify/index.ts';
import type { ModelFlags } from '../encoder/index.ts';
import type { PlanOptions, SelectionSamples } from '../plan/index.ts';
import type { Stopping } from './stopping.ts';

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
  /** [channels × height × width] in [0,1], as loadImage returns it. */
  pixels: Float32Array;
  /** Gallery item to leave out (leave-one-out). */
  exclude?: number | null;
  /** Class to certify (index into the gallery's classes), null for one that no item has; default the predicted one. */
  label?: number | null;
  /** Gallery item: certify only that it does not become the nearest (exclusion). */
  rival?: number | null;
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
  /** Default all five. */
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
}

/** Observes and stops long work. */
export interface WorkControl {
  signal?: AbortSignal;
  /** Called as samples are finished, with their number since the last call. */
  onSamples?: (count: number) => void;
}
