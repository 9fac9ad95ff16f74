/** The files of an attack run (run.json, rows.jsonl, summary.json, pictures/), and which rows can belong to one. */
import * as z from 'zod';
import type { Dataset } from '../datasets/index.ts';
import { ATTACK, ATTACKS, identityShape, type SYSTEMS } from '../settings/index.ts';
import type { JournalRules } from '../runs/index.ts';
import { dataSchema, scoreSchema as bit } from './schema.ts';

export { ATTACKS } from '../settings/index.ts';
/** One of {@link ATTACKS}. */
export type AttackName = (typeof ATTACKS)[number];

/** Which system is attacked: the undefended one, or a smoothed one. */
export type AttackedSystem = (typeof SYSTEMS)[number];

const attack = z.enum(ATTACKS);
/** A file of the run's own, whatever folder it was received in. */
const picture = z.string().regex(/^pictures\/[\w.-]+\.png$/, 'expected a picture below pictures/');

const smallestSchema = z.object({
  /** ‖perturbation‖₂, [0,1] pixel units. */
  norm: z.number().nonnegative(),
  attack,
  /** The answer to the perturbed image. */
  predicted: z.string(),
  /** Below the run folder: PNG files of the image, of the perturbation times `factor` around grey, and of the perturbed image. */
  pictures: z
    .object({
      original: picture,
      perturbation: picture,
      perturbed: picture,
      factor: z.number().positive(),
    })
    .optional(),
});

/** The smallest perturbation found that changes a right answer. */
export interface Smallest extends z.infer<typeof smallestSchema> {}

const attackRowSchema = z.object({
  query: z.string(),
  label: z.string(),
  /** The answer to the image as it is, of the system under attack. */
  predicted: z.string(),
  /** 1 when it is right. Only then is the query attacked. */
  score: bit,
  /** [radii of the run] 1 while no attack of at most that norm changed the answer; 0 too where it was wrong from the start. */
  holds: z.array(bit),
  /** [radii] by attack: whether it succeeded; only for those run. */
  successes: z.partialRecord(attack, z.array(bit)),
  smallest: smallestSchema.nullable(),
  seconds: z.number(),
  /** What went wrong with this query alone: it then counts as answered wrongly. */
  error: z.string().optional(),
});

/** One line of an attack run's rows.jsonl. */
export interface AttackRow extends z.infer<typeof attackRowSchema> {}

/** summary.json of an attack run. */
export interface AttackSummary {
  queries: number;
  skipped: number;
  /** Queries at which something went wrong (`error` of their rows). */
  failed: number;
  system: AttackedSystem;
  /** What was changed, and whose norms these are: the model's input, or the pixels of the files. */
  pixels: 'input' | 'file';
  /** Share of the queries answered rightly without attack. */
  recallAt1: number;
  radii: number[];
  /** At each radius: share of all queries whose answer is right and no attack changed. */
  empiricalRecallAt1: number[];
  /** By attack, at each radius: share of the queries answered rightly that it broke. */
  successRates: Partial<Record<AttackName, number[]>>;
  /** Of the smallest perturbation, over the queries where one was found; null where there is none. */
  medianSmallestNorm: number | null;
  seconds: number;
}

/** run.json of an attack, as its readers need it. */
export const attackManifestSchema = z.object({
  format: z.literal('retrievalguard-attack'),
  version: z.literal(1),
  options: z.looseObject({ data: z.string(), ...identityShape(ATTACK) }),
  environment: z.record(z.string(), z.unknown()),
});

/** run.json of an attack run. */
export interface AttackManifest extends z.infer<typeof attackManifestSchema> {
  options: z.infer<typeof attackManifestSchema>['options'] & z.infer<typeof dataSchema>;
}

/** The rules of an attack's rows.jsonl; the dataset is checked where it is at hand. */
export function attackRules(
  { radii, attacks }: Pick<AttackManifest['options'], 'radii' | 'attacks'>,
  dataset?: Dataset,
): JournalRules<AttackRow> {
  const labels = dataset && new Map(dataset.items.map(({ id, label }) => [id, label]));
  return {
    schema: attackRowSchema,
    key: ({ query }) => query,
    problem: ({ query, label, score, predicted, holds, successes, smallest, error }) => {
      if (labels && labels.get(query) !== label) return `the label '${label}' for '${query}'`;
      if (score !== (predicted === label ? 1 : 0)) return `a score of ${score} that its answer contradicts`;
      if (error !== undefined && (score === 1 || smallest !== null))
        return 'a right answer of a query that failed';
      const lists = [holds, ...Object.values(successes)];
      if (lists.some((list) => list.length !== radii.length))
        return `${lists.map(({ length }) => length).join(', ')} values for ${radii.length} radii`;
      const foreign = Object.keys(successes).find((name) => !attacks.includes(name as AttackName));
      if (foreign) return `the attack ${foreign}, which was not asked for`;
      if (smallest && (score === 0 || smallest.predicted === label))
        return 'a change of an answer that it does not change';
      for (const [i, radius] of radii.entries()) {
        const broken = smallest !== null && smallest.norm <= radius;
        if (holds[i] !== (score === 1 && !broken ? 1 : 0))
          return `an answer that ${holds[i] === 1 ? 'holds' : 'does not hold'} within ${radius}, which its smallest change contradicts`;
        if (!broken && Object.values(successes).some((list) => list[i] === 1))
          return `a success within ${radius} without a change of that norm`;
      }
      return null;
    },
  };
}
