/** What decides the weights of a training: recorded in its run.json, and compared when it is resumed. */
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { RetrievalGuardError } from '../../errors.ts';
import type { Preprocessing } from '../../image/index.ts';
import type { AugmentOptions } from '../data/index.ts';
import type { LossName } from '../losses/index.ts';
import type { MinerName } from '../miners/index.ts';
import type { OptimizerName } from '../optimizers/index.ts';
import type { ScheduleOptions } from '../schedule.ts';

/** A part that is chosen by name, with its numeric options. */
export interface Chosen<Name extends string> {
  name: Name;
  options: Readonly<Record<string, number>>;
}

/** Names of later versions are read as they are. */
const chosen = <Name extends string>(): z.ZodType<Chosen<Name>> =>
  z.object({
    name: z.custom<Name>((value) => typeof value === 'string', 'expected a string'),
    options: z.record(z.string(), z.number()),
  });

/** A part that is compared and shown as it is. */
const part = <T extends object>(): z.ZodType<T> =>
  z.custom<T>((value) => typeof value === 'object' && value !== null, 'expected an object');

const configurationSchema = z.object({
  data: z.string(),
  dataFingerprint: z.string(),
  /** Held-out pictures on which the model is judged after each epoch; null without any. */
  validation: z.string().nullable(),
  validationFingerprint: z.string().nullable(),
  /** Name of a built-in backbone, or 'sha256:…' of the .onnx file. */
  backbone: z.string(),
  preprocessing: part<Preprocessing>(),
  dimension: z.int().positive(),
  /** The node up to which the backbone is frozen; null for none. */
  freeze: z.string().nullable(),
  /** Standard deviation of the Gaussian augmentation in [0,1] pixel units; 0 for none. */
  sigma: z.number().nonnegative(),
  /** That of the judgement under noise after each epoch; 0 leaves it out. */
  validationSigma: z.number().nonnegative(),
  augment: part<AugmentOptions>(),
  batch: z.object({ classes: z.int().positive(), perClass: z.int().positive() }),
  loss: chosen<LossName>(),
  miner: chosen<MinerName>().nullable(),
  optimizer: chosen<OptimizerName>(),
  learningRate: z.number().positive(),
  weightDecay: z.number().nonnegative(),
  clipNorm: z.number().positive().nullable(),
  schedule: part<ScheduleOptions>(),
  epochs: z.int().positive(),
  /** Epochs without a better model after which the training ends; null for never. */
  patience: z.int().positive().nullable(),
  seed: z.number(),
});

/** Everything that changes a weight. Plain JSON. */
export interface TrainingConfiguration extends z.infer<typeof configurationSchema> {}

/** training/run.json, of this version or a later one, which may have more settings. */
export const trainingManifestSchema = z.object({
  format: z.literal('retrievalguard-training'),
  version: z.literal(1),
  configuration: configurationSchema.loose() as z.ZodType<TrainingConfiguration>,
  environment: z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())])),
});

/** training/run.json */
export interface TrainingManifest extends z.infer<typeof trainingManifestSchema> {}

/**
 * Reads the run.json of a training that was begun; null when there is none.
 *
 * @throws RetrievalGuardError RUN_INVALID for another file
 */
export async function readTrainingManifest(path: string): Promise<TrainingManifest | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const value = JSON.parse(text) as Partial<TrainingManifest> | null;
    if (value?.format === 'retrievalguard-training' && value.version === 1 && value.configuration)
      return value as TrainingManifest;
  } catch {
    // told below
  }
  throw new RetrievalGuardError('RUN_INVALID', {
    expected: `${path} to be the run.json of a training`,
    got: text.slice(0, 60),
    fix: 'Name another folder with --out, or remove this one.',
  });
}

/** Schedules whose early steps do not depend on how long the run is: such a training can be made longer. */
const OPEN_ENDED: ReadonlySet<string> = new Set(['constant', 'multi-step']);

/**
 * Checks that a training that was begun may go on with these options: all are the same, but for `patience`, and for more
 * epochs where the schedule does not depend on their number.
 *
 * @throws RetrievalGuardError RUN_MISMATCH, naming each difference
 */
export function requireSameConfiguration(
  begun: TrainingConfiguration,
  now: TrainingConfiguration,
  folder: string,
): void {
  const longer = now.epochs > begun.epochs && OPEN_ENDED.has(now.schedule.kind);
  const free = new Set<string>(longer ? ['patience', 'epochs'] : ['patience']);
  const text = (value: unknown): string => JSON.stringify(value) ?? 'nothing';
  const differences = Object.keys({ ...begun, ...now })
    .map((key) => key as keyof TrainingConfiguration)
    .filter((key) => !free.has(key) && text(begun[key]) !== text(now[key]))
    .map((key) => `${key}: ${text(begun[key])} there, ${text(now[key])} now`);
  if (differences.length === 0) return;
  throw new RetrievalGuardError('RUN_MISMATCH', {
    expected: `the options with which the training in ${folder} was begun`,
    got: differences.join('; '),
    fix: 'Use the same options to resume it, or another --out.',
  });
}
