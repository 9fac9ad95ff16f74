/** Reading the folder of an attack run, finished or not. Never calls a model, never writes. */
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import * as z from 'zod';
import type { AttackRow } from '../evaluate/attack-types.ts';
import type { LoadedAttack } from './attack-types.ts';
import { check, parseLines, read, readIfAny, readJson } from './files.ts';
import { count } from '../words.ts';

const bit = z.union([z.literal(0), z.literal(1)]);
const attack = z.enum(['pgd', 'cw', 'search']);
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
const row = z.object({
  query: z.string(),
  label: z.string(),
  predicted: z.string(),
  score: bit,
  holds: z.array(bit),
  successes: z.partialRecord(attack, z.array(bit)),
  smallest: smallest.nullable(),
  seconds: z.number(),
});
const manifest = z.object({
  format: z.literal('retrievalguard-attack'),
  version: z.literal(1),
  options: z.looseObject({
    data: z.string(),
    system: z.enum(['base', 'mean', 'vote']),
    sigma: z.number().nullable(),
    attacks: z.array(attack),
    radii: z.array(z.number().positive()),
    steps: z.number(),
    restarts: z.number(),
    clip: z.boolean(),
  }),
  environment: z.record(z.string(), z.unknown()),
});

/**
 * Reads and validates run.json and rows.jsonl of an attack run, and its pictures; those that are missing are left out.
 * @throws RUN_INVALID when a file is missing or wrong, naming the file, the line and the field
 */
export async function loadAttack(folder: string): Promise<LoadedAttack> {
  const notes: string[] = [];
  const file = join(folder, 'run.json');
  const found = check(manifest, await readJson(folder, 'run.json'), file) as LoadedAttack['manifest'];
  const lines = join(folder, 'rows.jsonl');
  const rows: AttackRow[] = parseLines(row, await read(folder, 'rows.jsonl'), lines, notes);
  if ((await readIfAny(folder, 'summary.json')).length === 0)
    notes.push(
      `The attack has not ended: what follows counts what is finished so far: ${count(rows.length, 'query')}.`,
    );
  const pictures = new Map<string, string>();
  for (const { smallest: one } of rows) {
    for (const name of one?.pictures
      ? [one.pictures.original, one.pictures.perturbation, one.pictures.perturbed]
      : []) {
      const bytes = await readFile(join(folder, name)).catch(() => null);
      if (bytes) pictures.set(name, `data:image/png;base64,${bytes.toString('base64')}`);
    }
  }
  return { name: basename(resolve(folder)), folder, manifest: found, rows, pictures, notes };
}
