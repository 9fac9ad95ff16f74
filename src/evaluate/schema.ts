/** Schemas of a run folder's files; typed so that they cannot drift from types.ts. */
import { z } from 'zod';
import { CERTIFY, identityShape } from '../settings/index.ts';
import { SWEEP, SWEPT } from './sweep.ts';
import { METHODS, type MethodRow, type Row, type RunManifest, type Summary } from './types.ts';

const score = z.union([z.literal(0), z.literal(1)]);
const count = z.int().nonnegative();
const share = z.number().min(0).max(1);
const answer = z.object({ predicted: z.string(), score });

const methodRow: z.ZodType<MethodRow> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('certified'), radius: z.number().nonnegative(), label: z.string() }),
  z.object({
    kind: z.literal('abstain'),
    radius: z.literal(0),
    reason: z.string(),
    label: z.string().optional(),
    samplesNeeded: z.number().nonnegative().optional(),
  }),
]);

/** A line of rows.jsonl. */
export const rowSchema: z.ZodType<Row> = z.object({
  query: z.string(),
  label: z.string(),
  predicted: z.string(),
  score,
  base: answer,
  vote: answer.optional(),
  methods: z.partialRecord(z.enum(METHODS), methodRow),
  hasPositive: z.boolean(),
  nearest: z.array(z.object({ id: z.string(), label: z.string(), distance: z.number() })),
  margin: z.number().optional(),
  samples: z.number().nonnegative(),
  seconds: z.number().nonnegative(),
  error: z.string().optional(),
  sweep: SWEPT.optional(),
});

/** summary.json */
export const summarySchema: z.ZodType<Summary> = z.object({
  queries: count,
  skipped: count,
  failed: count.default(0),
  withoutPositive: count,
  k: z.int().positive(),
  radii: z.array(z.number().nonnegative()),
  recallAt1: z.object({ base: share, smoothed: share, vote: share.optional() }),
  methods: z.partialRecord(
    z.enum(METHODS),
    z.object({
      certifiedRecallAt1: z.array(share),
      meanRadius: z.number().nonnegative().nullable(),
      medianRadius: z.number().nonnegative().nullable(),
      rejectionRatio: share.nullable(),
      counts: z.object({ score1: count, certified: count, abstained: z.record(z.string(), count) }),
    }),
  ),
  samples: z.object({ total: z.number(), perQueryMean: z.number() }),
  seconds: z.number(),
});

/** run.json */
export const manifestSchema = z.object({
  format: z.literal('retrievalguard-run'),
  version: z.literal(1),
  options: z.looseObject({
    data: z.string(),
    dataFingerprint: z.string(),
    gallery: z.string(),
    galleryHash: z.string(),
    modelHash: z.string(),
    preprocessingHash: z.string(),
    ...identityShape(CERTIFY),
    sweep: SWEEP.optional(),
  }),
  environment: z.object({
    retrievalguard: z.string(),
    node: z.string(),
    onnxruntime: z.string(),
    provider: z.string(),
    cpu: z.string(),
    cores: z.number(),
    model: z.string(),
    gallery: z.string(),
    galleryData: z.string(),
    input: z.object({ channels: z.int(), height: z.int(), width: z.int() }).optional(),
    started: z.string(),
    command: z.array(z.string()),
  }),
  radii: z.array(z.number().nonnegative()),
}) as unknown as z.ZodType<RunManifest>;
