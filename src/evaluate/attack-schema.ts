/** Schemas of an attack run's files, and which rows can belong to one. */
import * as z from 'zod';
import type { Dataset } from '../datasets/index.ts';
import { ATTACK, ATTACKS, identityShape } from '../settings/index.ts';
import type { JournalRules } from '../runs/index.ts';
import type { AttackManifest, AttackRow } from './attack-types.ts';

const bit = z.union([z.literal(0), z.literal(1)]);
const attack = z.enum(ATTACKS);
const smallest = z.object({
  norm: z.number().nonnegative(),
  attack,
  predicted: z.string(),
  pictures: z
    .object({
      original: z.string(),
      perturbation: z.string(),
      perturbed: z.string(),
      factor: z.number().positive(),
    })
    .optional(),
});
const row: z.ZodType<AttackRow> = z.object({
  query: z.string(),
  label: z.string(),
  predicted: z.string(),
  score: bit,
  holds: z.array(bit),
  successes: z.partialRecord(attack, z.array(bit)),
  smallest: smallest.nullable(),
  seconds: z.number(),
  error: z.string().optional(),
});
/** run.json of an attack. */
export const attackManifestSchema = z.object({
  format: z.literal('retrievalguard-attack'),
  version: z.literal(1),
  options: z.looseObject({
    data: z.string(),
    ...identityShape(ATTACK),
  }),
  environment: z.record(z.string(), z.unknown()),
});

/** The rules of an attack's rows.jsonl; the dataset is checked where it is at hand. */
export function attackRules(
  { radii }: Pick<AttackManifest['options'], 'radii'>,
  dataset?: Dataset,
): JournalRules<AttackRow> {
  const labels = dataset && new Map(dataset.items.map(({ id, label }) => [id, label]));
  return {
    schema: row,
    key: ({ query }) => query,
    problem: ({ query, label, score, predicted, holds, successes, smallest, error }) => {
      if (labels && labels.get(query) !== label) return `the label '${label}' for '${query}'`;
      if (score !== (predicted === label ? 1 : 0)) return `a score of ${score} that its answer contradicts`;
      if (error !== undefined && (score === 1 || smallest !== null))
        return 'a right answer of a query that failed';
      if (holds.some((held, i) => held === 1 && (score === 0 || holds[i - 1] === 0)))
        return 'an answer that holds at a radius, although it was wrong or changed within a smaller one';
      const lists = [holds, ...Object.values(successes)];
      return lists.some((list) => list.length !== radii.length)
        ? `${lists.map(({ length }) => length).join(', ')} values for ${radii.length} radii`
        : null;
    },
  };
}
