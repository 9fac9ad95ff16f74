/** Schemas of an attack run's files, and which rows can belong to one. */
import * as z from 'zod';
import type { Dataset } from '../datasets/index.ts';
import { ATTACK, ATTACKS, identityShape } from '../settings/index.ts';
import type { JournalRules } from '../runs/index.ts';
import type { AttackManifest, AttackName, AttackRow } from './attack-types.ts';

const bit = z.union([z.literal(0), z.literal(1)]);
const attack = z.enum(ATTACKS);
/** A file of the run's own, whatever folder it was received in. */
const picture = z.string().regex(/^pictures\/[\w.-]+\.png$/, 'expected a picture below pictures/');
const smallest = z.object({
  norm: z.number().nonnegative(),
  attack,
  predicted: z.string(),
  pictures: z
    .object({
      original: picture,
      perturbation: picture,
      perturbed: picture,
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
  { radii, attacks }: Pick<AttackManifest['options'], 'radii' | 'attacks'>,
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
