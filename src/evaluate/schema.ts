/**
 * The files of a run folder: run.json, rows.jsonl, summary.json. The expensive run writes them; everything else reads them. Each is a schema,
 * which its readers check, and the type that follows from it.
 */
import * as z from 'zod';
import { CERTIFICATE_METHODS as METHODS } from '../certify/index.ts';
import { CERTIFY, identityShape } from '../settings/index.ts';
import { STOP_REASONS } from '../smoothing/stopping.ts';
import { SWEEP, SWEPT } from './sweep.ts';

/** The certificates of docs/certificates. */
export { CERTIFICATE_METHODS as METHODS, type CertificateMethod as Method } from '../certify/index.ts';
export type { SkippedRow } from '../runs/index.ts';
export { MOST_RADIUS } from './most-radius.ts';

/** 1 for a right answer. */
export const scoreSchema = z.union([z.literal(0), z.literal(1)]);
const count = z.int().nonnegative();
const share = z.number().min(0).max(1);
const radius = z.number().nonnegative();
const answer = z.object({ predicted: z.string(), score: scoreSchema });

/** What one method says of one query, as rows.jsonl stores it. */
export type MethodRow =
  | { kind: 'certified'; radius: number; label: string }
  | { kind: 'abstain'; radius: 0; reason: string; label?: string; samplesNeeded?: number };

const methodRow: z.ZodType<MethodRow> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('certified'), radius, label: z.string() }),
  z.object({
    kind: z.literal('abstain'),
    radius: z.literal(0),
    reason: z.string(),
    label: z.string().optional(),
    samplesNeeded: z.number().nonnegative().optional(),
  }),
]);

const nearestRow = z.object({
  /** The item's id in the gallery's dataset (its path relative to the dataset's root). */
  id: z.string(),
  label: z.string(),
  /** ℓ2 distance between the query's smoothed embedding and the stored vector. */
  distance: z.number(),
});

/** One of the items nearest to a query's smoothed embedding. */
export interface NearestRow extends z.infer<typeof nearestRow> {}

const fileRow = z.object({
  /** Size of the file in pixels, and its channels: 1 for a grey file. */
  width: z.int().positive(),
  height: z.int().positive(),
  channels: z.union([z.literal(1), z.literal(3)]),
  /** An upper bound of ‖A‖₂ and e of certificates §14: a radius R is max(0, R − 2e)/‖A‖₂ in the file's pixels. */
  norm: z.number().positive(),
  error: z.number().nonnegative(),
  /** ‖f − mean(f)‖₂ of the file, and the same of the model's input: [0,1] pixel units. */
  contrast: z.number().nonnegative(),
  inputContrast: z.number().nonnegative(),
});

/** What is known of a query's file, where radii hold in its pixels too. */
export interface FileRow extends z.infer<typeof fileRow> {}

/** A line of rows.jsonl. */
export const rowSchema = z.object({
  /** The query's id: its path relative to the dataset's root. */
  query: z.string(),
  label: z.string(),
  /** Label of the item nearest to the smoothed embedding (estimate from the estimation samples). */
  predicted: z.string(),
  /** 1 when one of the k nearest items has the query's label (k of the run, default 1), else 0. */
  score: scoreSchema,
  /** The same for the clean embedding of the unperturbed query. */
  base: answer,
  /** The vote system's answer (another smoothed retrieval model): its label and score. */
  vote: answer.optional(),
  /** The duel system's answer, as far as the samples tell, '' where no label is seen to win all its duels, and its score. */
  duel: answer.optional(),
  methods: z.partialRecord(z.enum(METHODS), methodRow),
  /** False when no gallery item (other than the query itself) has the query's label. */
  hasPositive: z.boolean(),
  nearest: z.array(nearestRow),
  /** Of runs with `pixels: file`. The radii of `methods` are those in the model's input. */
  file: fileRow.optional(),
  /**
   * Minimum margin of the smoothed embedding (certificates §3): half of how much further the nearest item of another label than the
   * certified one is than the nearest item of that label. Absent where one of them does not exist.
   */
  margin: z.number().optional(),
  /** Estimation samples spent. */
  samples: z.number().nonnegative(),
  /** Why there were no more: the target radius is certified or out of reach (futility), the time is over, or the samples are. Absent where the query failed. */
  stopped: z.enum(STOP_REASONS).optional(),
  /** Wall-clock seconds from the query's first sample to its certificate. */
  seconds: z.number().nonnegative(),
  /** What went wrong with this query alone: it then scores 0, and every method abstains with the reason 'failed'. */
  error: z.string().optional(),
  /** Certificates at other n, alpha and k, where the run sweeps over them. */
  sweep: SWEPT.optional(),
});

/** One line of rows.jsonl: a query and all that was found for it. */
export interface Row extends z.infer<typeof rowSchema> {}

const methodSummary = z.object({
  /** Share of all queries with score 1 and certified radius > r, for each r of `radii`. */
  certifiedRecallAt1: z.array(share),
  /** Mean certified radius over the queries with score 1 (an abstention counts 0); null without such a query. */
  meanRadius: radius.nullable(),
  medianRadius: radius.nullable(),
  /** The same in the pixels of the files, of runs with `pixels: file`. */
  meanFileRadius: radius.nullable().optional(),
  medianFileRadius: radius.nullable().optional(),
  /** Share of the queries with score 1 that get no positive radius; null without such a query. */
  rejectionRatio: share.nullable(),
  /** Queries with score 1, with a positive radius, and abstentions by reason. */
  counts: z.object({ score1: count, certified: count, abstained: z.record(z.string(), count) }),
});

/** Per method, over all queries of the run. */
export interface MethodSummary extends z.infer<typeof methodSummary> {}

/** summary.json */
export const summarySchema = z.object({
  queries: count,
  skipped: count,
  /** Queries at which something went wrong (`error` of their rows); they score 0. */
  failed: count.default(0),
  /** Queries whose label no gallery item has: they can only score 0. */
  withoutPositive: count,
  k: z.int().positive(),
  radii: z.array(radius),
  recallAt1: z.object({ base: share, smoothed: share, vote: share.optional(), duel: share.optional() }),
  methods: z.partialRecord(z.enum(METHODS), methodSummary),
  samples: z.object({ total: z.number(), perQueryMean: z.number() }),
  /** Queries by why they ended. */
  stopped: z.partialRecord(z.enum(STOP_REASONS), count),
  seconds: z.number(),
});

/** summary.json */
export interface Summary extends z.infer<typeof summarySchema> {}

/** What the options of a run say of its data. */
export const dataSchema = z.object({
  data: z.string(),
  dataFingerprint: z.string(),
  gallery: z.string(),
  galleryHash: z.string(),
  modelHash: z.string(),
  preprocessingHash: z.string(),
});

/** run.json */
export const manifestSchema = z.object({
  format: z.literal('retrievalguard-run'),
  version: z.literal(1),
  /** Everything that changes a number in a row; a resume with other values is refused. */
  options: z.looseObject({
    ...dataSchema.shape,
    ...identityShape(CERTIFY),
    /** Law of the noise, and which bits a seed gives. */
    noise: z.string(),
    /** Total variation between a sample of the noise and the Gaussian rounded to grey levels, which the radii have paid for. */
    eta: z.number().nonnegative(),
    /** Of the secret bytes that the queries' noise is drawn from what `seedCommitment` tells; null: it is drawn from the seed. */
    secretSeed: z.string().nullable(),
    /** Certificates at other n, alpha and k of the same samples; a query's own label is certified then. */
    sweep: SWEEP.optional(),
  }),
  /** What does not change the numbers: paths as given, versions, machine, when. */
  environment: z.object({
    retrievalguard: z.string(),
    node: z.string(),
    onnxruntime: z.string(),
    provider: z.string(),
    cpu: z.string(),
    cores: z.number(),
    model: z.string(),
    gallery: z.string(),
    /** The --data notation of the gallery's own dataset, to find its pictures again. */
    galleryData: z.string(),
    /** Size of the model's input, for pictures of what it sees; absent in runs of older versions. */
    input: z.object({ channels: z.int(), height: z.int(), width: z.int() }).optional(),
    started: z.string(),
    command: z.array(z.string()),
  }),
  /** Radii at which the summary evaluates certified Recall@1. */
  radii: z.array(radius),
});

/** run.json: what was asked and with what. `options` decides whether a run may be resumed. */
export interface RunManifest extends z.infer<typeof manifestSchema> {}
