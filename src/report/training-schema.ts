/** Schemas of a training's files; typed so that they cannot drift from src/training/run. */
import { z } from 'zod';
import type {
  Chosen,
  EpochRow,
  LossName,
  MinerName,
  OptimizerName,
  RetrievalMetrics,
  TrainingConfiguration,
  TrainingManifest,
} from '../training/index.ts';

const count = z.int().nonnegative();
const share = z.number().min(0).max(1);

/** A part of the configuration that a report only shows. */
const shown = <T extends object>(): z.ZodType<T> =>
  z.custom<T>((value) => typeof value === 'object' && value !== null, 'expected an object');

/** A part chosen by name; names of later versions are shown as they are. */
const chosen = <Name extends string>(): z.ZodType<Chosen<Name>> =>
  z.object({
    name: z.custom<Name>((value) => typeof value === 'string', 'expected a string'),
    options: z.record(z.string(), z.number()),
  });

/** training/run.json */
export const trainingManifestSchema: z.ZodType<TrainingManifest> = z.object({
  format: z.literal('retrievalguard-training'),
  version: z.literal(1),
  configuration: z.looseObject({
    data: z.string(),
    dataFingerprint: z.string(),
    validation: z.string().nullable(),
    validationFingerprint: z.string().nullable(),
    backbone: z.string(),
    preprocessing: shown<TrainingConfiguration['preprocessing']>(),
    dimension: z.int().positive(),
    freeze: z.string().nullable(),
    sigma: z.number().nonnegative(),
    validationSigma: z.number().nonnegative(),
    augment: shown<TrainingConfiguration['augment']>(),
    batch: z.object({ classes: z.int().positive(), perClass: z.int().positive() }),
    loss: chosen<LossName>(),
    miner: chosen<MinerName>().nullable(),
    optimizer: chosen<OptimizerName>(),
    learningRate: z.number().positive(),
    weightDecay: z.number().nonnegative(),
    clipNorm: z.number().positive().nullable(),
    schedule: shown<TrainingConfiguration['schedule']>(),
    epochs: z.int().positive(),
    patience: z.int().positive().nullable(),
    seed: z.number(),
  }),
  environment: z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())])),
});

const metrics: z.ZodType<RetrievalMetrics> = z.object({
  recallAt1: share,
  recallAt2: share,
  recallAt4: share,
  recallAt8: share,
  mapAtR: share,
  meanCosine: z.number(),
});

/** A statistic of a loss; one that was not a number is null in JSON. */
const statistic = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);

/** A line of training/metrics.jsonl. */
export const epochSchema: z.ZodType<EpochRow> = z.object({
  epoch: count,
  steps: count,
  training: z.object({ loss: z.number(), gradientNorm: z.number() }).catchall(statistic).nullable(),
  learningRate: z.number().nonnegative(),
  clean: metrics.nullable(),
  noisy: metrics.nullable(),
  best: z.boolean(),
  seconds: z.number().nonnegative(),
  imagesPerSecond: z.number().nonnegative(),
});
