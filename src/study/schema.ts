/** The study file: what is compared with what. One schema for YAML and JSON; every error names the key. */
import { parse as parseYaml } from 'yaml';
import * as z from 'zod';
import { RetrievalGuardError } from '../errors.ts';
import {
  CERTIFY,
  SELECTION,
  DIMENSION,
  fileShape,
  INDEX,
  INPUT,
  RADIUS,
  RECIPE,
  TRAIN,
  withDefault,
} from '../settings/index.ts';
import { BACKBONES } from '../training/index.ts';

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

const NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;

const { schema: sigma } = CERTIFY.sigma.kind;
const { schema: failure } = CERTIFY.alpha.kind;
const { schema: dimension } = DIMENSION.kind;
const { schema: items } = CERTIFY.limit.kind;
const ascending = <T extends z.ZodType<number>>(value: T) =>
  z
    .array(value)
    .min(1)
    .refine(
      (list) => list.every((v, i) => i === 0 || v > list[i - 1]),
      'expected ascending numbers, none twice',
    );
const MODEL = z
  .strictObject({
    noise: z.union([TRAIN.sigma.kind.schema, z.literal('match')]).optional(),
    folder: z.string().min(1).optional(),
  })
  .refine(
    (model) => (model.noise === undefined) !== (model.folder === undefined),
    "expected either 'noise' (train a model) or 'folder' (use one that exists)",
  );

const { height, width, channels } = INPUT;
const TRAINING = z.strictObject(
  fileShape({
    ...RECIPE,
    augment: withDefault(RECIPE.augment, 'none'),
    lossOptions: withDefault(RECIPE.lossOptions, {}),
    minerOptions: withDefault(RECIPE.minerOptions, {}),
    height,
    width,
    channels,
  }),
);

const SCHEMA = z
  .strictObject({
    title: z.string().min(1).default('Certified image retrieval: a study'),
    ...fileShape({ seed: CERTIFY.seed }),
    experiments: z
      .array(z.enum(EXPERIMENTS))
      .min(1)
      .default([...EXPERIMENTS]),
    data: z
      .strictObject({
        test: z.string().min(1).optional(),
        train: z.string().min(1).optional(),
        validation: z.string().min(1).optional(),
        galleryPerClass: items.optional(),
        galleryLimit: items.optional(),
        queries: items.optional(),
      })
      .prefault({}),
    models: z
      .record(z.string().regex(NAME, "a name of letters, digits and '.', '_', '+', '-'"), MODEL)
      .refine((models) => Object.keys(models).length > 0, 'expected at least one model'),
    training: TRAINING.prefault({}),
    sigmas: ascending(sigma),
    ...fileShape({ dimension: DIMENSION }),
    reference: z
      .strictObject({ sigma: sigma.optional(), models: z.array(z.string()).min(1).optional() })
      .prefault({}),
    dimensions: z
      .strictObject({
        values: ascending(dimension).optional(),
        models: z.array(z.string()).min(1).optional(),
      })
      .prefault({}),
    ...fileShape({ methods: CERTIFY.methods }),
    gallery: z
      .strictObject(fileShape({ samples: INDEX.samples, setting: CERTIFY.gallerySetting }))
      .prefault({}),
    sampling: z
      .strictObject({
        ...fileShape({ selection: SELECTION, alpha: CERTIFY.alpha }),
        counts: ascending(CERTIFY.samples.kind.schema).default([1_000, 10_000]),
        alphas: ascending(failure).default([1e-4, 0.001, 0.01, 0.1]),
        sharedNoise: CERTIFY.sharedNoise.kind.schema.default(false),
      })
      .prefault({}),
    ks: ascending(CERTIFY.k.kind.schema).default([1, 2, 4, 8]),
    radii: ascending(RADIUS.schema).default([0, 0.5, 1, 2]),
    targets: ascending(CERTIFY.targetRadius.kind.schema).default([0.25, 0.5, 1, 1.5, 2]),
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
