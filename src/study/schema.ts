/** The study file: what is compared with what. One schema for YAML and JSON; every error names the key. */
import { parse as parseYaml } from 'yaml';
import * as z from 'zod';
import { CERTIFICATE_METHODS } from '../certify/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import { LIMITS, type Range } from '../limits.ts';
import {
  BACKBONES,
  LOSSES,
  type LossName,
  MINERS,
  type MinerName,
  OPTIMIZERS,
  type OptimizerName,
} from '../training/index.ts';

/** What a study can show; all of it is computed from the same runs. */
export const EXPERIMENTS = [
  /** The Lipschitz bound of the smoothed embedding against its linear relaxation: a formula, no samples. */
  'lipschitz',
  /** Certified Recall@1 against the radius, for each σ, model and method. */
  'radius',
  /** Rejection ratio and certified Recall@1 against the number of samples. */
  'samples',
  /** Certified Recall@1 against alpha. */
  'alpha',
  /** Against the size of the embedding. */
  'dimension',
  /** All methods side by side, with the paper's at n → ∞. */
  'methods',
  /** Samples that each method needs for a given certified Recall@1. */
  'needed',
  /** Cost against the radius asked for, with early stopping. */
  'cost',
  /** Recall@k and certified Recall@k. */
  'recall',
] as const;
/** One of {@link EXPERIMENTS}. */
export type Experiment = (typeof EXPERIMENTS)[number];

const names = <T extends string>(table: object): [T, ...T[]] => Object.keys(table) as [T, ...T[]];
const NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;

const positive = z.number().positive();
const whole = ({ least, most }: Range) => z.int().min(least).max(most);
const failure = z.number().gt(0).lt(1);
const ascending = <T extends z.ZodType<number>>(value: T) =>
  z
    .array(value)
    .min(1)
    .refine(
      (list) => list.every((v, i) => i === 0 || v > list[i - 1]),
      'expected ascending numbers, none twice',
    );
const options = z.record(z.string(), z.number()).default({});

const MODEL = z
  .strictObject({
    noise: z.union([z.number().nonnegative(), z.literal('match')]).optional(),
    folder: z.string().min(1).optional(),
  })
  .refine(
    (model) => (model.noise === undefined) !== (model.folder === undefined),
    "expected either 'noise' (train a model) or 'folder' (use one that exists)",
  );

const TRAINING = z.strictObject({
  backbone: z.string().min(1).default('conv4'),
  height: whole(LIMITS.side).optional(),
  width: whole(LIMITS.side).optional(),
  channels: whole(LIMITS.channels).optional(),
  epochs: whole(LIMITS.epochs).default(100),
  batch: whole(LIMITS.trainingBatch).default(112),
  imagesPerClass: whole(LIMITS.imagesPerClass).default(4),
  augment: z.enum(['none', 'photo', 'characters']).default('none'),
  loss: z.enum(names<LossName>(LOSSES)).default('margin'),
  lossOptions: options,
  miner: z.enum(names<MinerName>(MINERS)).default('distance-weighted'),
  minerOptions: options,
  optimizer: z.enum(names<OptimizerName>(OPTIMIZERS)).default('adam'),
  learningRate: positive.optional(),
  weightDecay: z.number().nonnegative().default(4e-4),
  clipNorm: positive.optional(),
  schedule: z.enum(['multi-step', 'constant', 'cosine', 'one-cycle']).default('multi-step'),
  milestones: z.array(whole(LIMITS.epochs)).default([30, 55, 75]),
  decayFactor: positive.default(0.3),
  warmup: whole(LIMITS.warmup).default(0),
  patience: whole(LIMITS.epochs).optional(),
});

const SCHEMA = z
  .strictObject({
    title: z.string().min(1).default('Certified image retrieval: a study'),
    seed: whole(LIMITS.seed).default(0),
    experiments: z
      .array(z.enum(EXPERIMENTS))
      .min(1)
      .default([...EXPERIMENTS]),
    data: z
      .strictObject({
        test: z.string().min(1).optional(),
        train: z.string().min(1).optional(),
        validation: z.string().min(1).optional(),
        galleryPerClass: whole(LIMITS.items).optional(),
        galleryLimit: whole(LIMITS.items).optional(),
        queries: whole(LIMITS.items).optional(),
      })
      .prefault({}),
    models: z
      .record(z.string().regex(NAME, "a name of letters, digits and '.', '_', '+', '-'"), MODEL)
      .refine((models) => Object.keys(models).length > 0, 'expected at least one model'),
    training: TRAINING.prefault({}),
    sigmas: ascending(positive),
    dimension: whole(LIMITS.dimension).default(128),
    reference: z
      .strictObject({ sigma: positive.optional(), models: z.array(z.string()).min(1).optional() })
      .prefault({}),
    dimensions: z
      .strictObject({
        values: ascending(whole(LIMITS.dimension)).optional(),
        models: z.array(z.string()).min(1).optional(),
      })
      .prefault({}),
    methods: z
      .array(z.enum(CERTIFICATE_METHODS))
      .min(1)
      .default([...CERTIFICATE_METHODS]),
    gallery: z
      .strictObject({
        samples: whole(LIMITS.gallerySamples).default(256),
        setting: z.enum(['deployed', 'estimated']).default('deployed'),
      })
      .prefault({}),
    sampling: z
      .strictObject({
        selection: whole(LIMITS.selection).default(512),
        counts: ascending(whole(LIMITS.samples)).default([1_000, 10_000]),
        alpha: failure.default(0.001),
        alphas: ascending(failure).default([1e-4, 0.001, 0.01, 0.1]),
        sharedNoise: z.boolean().default(false),
      })
      .prefault({}),
    ks: ascending(whole(LIMITS.k)).default([1, 2, 4, 8]),
    radii: ascending(z.number().nonnegative()).default([0, 0.5, 1, 2]),
    targets: ascending(positive).default([0.25, 0.5, 1, 1.5, 2]),
  })
  .superRefine((study, context) => {
    const known = Object.keys(study.models);
    const issue = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message });
    for (const part of ['reference', 'dimensions'] as const) {
      for (const [i, name] of (study[part].models ?? []).entries()) {
        if (!known.includes(name))
          issue([part, 'models', i], `expected one of the models ${known.join(', ')}; got '${name}'`);
      }
    }
    const { sigma } = study.reference;
    if (sigma !== undefined && !study.sigmas.includes(sigma))
      issue(['reference', 'sigma'], `expected one of sigmas (${study.sigmas.join(', ')}); got ${sigma}`);
    const { batch, imagesPerClass } = study.training;
    if (batch % imagesPerClass !== 0)
      issue(['training', 'batch'], `expected a multiple of imagesPerClass (${imagesPerClass}); got ${batch}`);
    if (
      study.training.backbone &&
      !/[./\\]/.test(study.training.backbone) &&
      !Object.hasOwn(BACKBONES, study.training.backbone)
    )
      issue(
        ['training', 'backbone'],
        `expected ${Object.keys(BACKBONES).join(', ')}, or a path; got '${study.training.backbone}'`,
      );
  });

/** A study, checked, with every default filled in. See docs/study.md for the meaning of each key. */
export type Study = z.infer<typeof SCHEMA>;
/** A study as it is written: defaults may be left out. */
export type StudyInput = z.input<typeof SCHEMA>;

/**
 * Checks a study and fills in the defaults.
 * @param where names its source in errors
 * @throws OPTION_INVALID, naming each wrong key
 */
export function checkStudy(value: unknown, where = 'the study'): Study {
  const parsed = SCHEMA.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) =>
    path.length > 0 ? `'${path.join('.')}': ${message}` : message,
  );
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: `${where} to follow the schema of studies`,
    got: problems.join('; '),
    fix: 'docs/study.md lists the keys; `retrievalguard study --print small` shows a whole file.',
  });
}

/**
 * Reads a study from YAML, of which JSON is a part.
 * @throws OPTION_INVALID, naming the line of a mistake of syntax or each wrong key
 */
export function parseStudy(text: string, where = 'the study'): Study {
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (cause) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: `${where} to be YAML or JSON`,
      got: cause instanceof Error ? cause.message.split('\n')[0] : String(cause),
      fix: 'Correct the line.',
      cause,
    });
  }
  return checkStudy(value, where);
}
