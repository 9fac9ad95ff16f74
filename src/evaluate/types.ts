/** The files of a run folder: run.json, rows.jsonl, summary.json. The expensive run writes them; everything else reads them. */

/** The certificates of docs/certificates. */
export { CERTIFICATE_METHODS as METHODS, type CertificateMethod as Method } from '../certify/index.ts';
import type { CertificateMethod as Method } from '../certify/index.ts';
import type { CERTIFY, IdentityOf } from '../settings/index.ts';
import type { Sweep, Swept } from './sweep.ts';
export type { SkippedRow } from '../runs/index.ts';

/** What stands for a radius without limit, where no item could take the answer's place: JSON has no infinity. */
export const MOST_RADIUS = 1e6;

/** What one method says of one query, as rows.jsonl stores it. */
export type MethodRow =
  | { kind: 'certified'; radius: number; label: string }
  | { kind: 'abstain'; radius: 0; reason: string; label?: string; samplesNeeded?: number };

/** One of the items nearest to a query's smoothed embedding. */
export interface NearestRow {
  /** The item's id in the gallery's dataset (its path relative to the dataset's root). */
  id: string;
  label: string;
  /** ℓ2 distance between the query's smoothed embedding and the stored vector. */
  distance: number;
}

/** One line of rows.jsonl: a query and all that was found for it. */
export interface Row {
  /** The query's id: its path relative to the dataset's root. */
  query: string;
  label: string;
  /** Label of the item nearest to the smoothed embedding (estimate from the estimation samples). */
  predicted: string;
  /** 1 when one of the k nearest items has the query's label (k of the run, default 1), else 0. */
  score: 0 | 1;
  /** The same for the clean embedding of the unperturbed query. */
  base: { predicted: string; score: 0 | 1 };
  /** The vote system's answer (another smoothed retrieval model): its label and score. */
  vote?: { predicted: string; score: 0 | 1 };
  methods: Partial<Record<Method, MethodRow>>;
  /** False when no gallery item (other than the query itself) has the query's label. */
  hasPositive: boolean;
  nearest: NearestRow[];
  /**
   * Minimum margin of the smoothed embedding (certificates §2): half of how much further the nearest item of another label than the
   * certified one is than the nearest item of that label. Absent where one of them does not exist.
   */
  margin?: number;
  /** Estimation samples spent. */
  samples: number;
  /** Wall-clock seconds from the query's first sample to its certificate. */
  seconds: number;
  /** What went wrong with this query alone: it then scores 0, and every method abstains with the reason 'failed'. */
  error?: string;
  /** Certificates at other n, alpha and k, where the run sweeps over them. */
  sweep?: Swept;
}

/** Per method, over all queries of the run. */
export interface MethodSummary {
  /** Share of all queries with score 1 and certified radius > r, for each r of `radii`. */
  certifiedRecallAt1: number[];
  /** Mean certified radius over the queries with score 1 (an abstention counts 0); null without such a query. */
  meanRadius: number | null;
  medianRadius: number | null;
  /** Share of the queries with score 1 that get no positive radius; null without such a query. */
  rejectionRatio: number | null;
  /** Queries with score 1, with a positive radius, and abstentions by reason. */
  counts: { score1: number; certified: number; abstained: Record<string, number> };
}

/** summary.json */
export interface Summary {
  queries: number;
  skipped: number;
  /** Queries at which something went wrong (`error` of their rows); they score 0. */
  failed: number;
  /** Queries whose label no gallery item has: they can only score 0. */
  withoutPositive: number;
  k: number;
  radii: number[];
  recallAt1: { base: number; smoothed: number; vote?: number };
  methods: Partial<Record<Method, MethodSummary>>;
  samples: { total: number; perQueryMean: number };
  seconds: number;
}

/** run.json: what was asked and with what. `options` decides whether a run may be resumed. */
export interface RunManifest {
  format: 'retrievalguard-run';
  version: 1;
  /** Everything that changes a number in a row; a resume with other values is refused. */
  options: IdentityOf<typeof CERTIFY> & {
    data: string;
    dataFingerprint: string;
    gallery: string;
    galleryHash: string;
    modelHash: string;
    preprocessingHash: string;
    /** Certificates at other n, alpha and k of the same samples; a query's own label is certified then. */
    sweep?: Sweep;
    [other: string]: unknown;
  };
  /** What does not change the numbers: paths as given, versions, machine, when. */
  environment: {
    retrievalguard: string;
    node: string;
    onnxruntime: string;
    provider: string;
    cpu: string;
    cores: number;
    model: string;
    gallery: string;
    /** The --data notation of the gallery's own dataset, to find its pictures again. */
    galleryData: string;
    /** Size of the model's input, for pictures of what it sees; absent in runs of older versions. */
    input?: { channels: number; height: number; width: number };
    started: string;
    command: string[];
  };
  /** Radii at which the summary evaluates certified Recall@1. */
  radii: number[];
}
