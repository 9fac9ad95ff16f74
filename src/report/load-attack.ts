/** Reading the folder of an attack run, finished or not. Never calls a model, never writes. */
import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { attackManifestSchema, attackRules } from '../evaluate/attack-schema.ts';
import type { LoadedAttack } from './attack-types.ts';
import { check, checkedLines, holderOf, read, readIfAny, readJson } from '../runs/index.ts';
import { unfinished } from './load.ts';

/**
 * Reads and validates run.json and rows.jsonl of an attack run, and its pictures; those that are missing are left out.
 * @throws RUN_INVALID when a file is missing or wrong, naming the file, the line and the field
 */
export async function loadAttack(folder: string): Promise<LoadedAttack> {
  const notes: string[] = [];
  const file = join(folder, 'run.json');
  const found = check(
    attackManifestSchema,
    await readJson(folder, 'run.json'),
    file,
  ) as LoadedAttack['manifest'];
  const lines = join(folder, 'rows.jsonl');
  const rows = checkedLines(await read(folder, 'rows.jsonl'), lines, attackRules(found.options), notes);
  const holder = await holderOf(folder);
  if (holder || (await readIfAny(folder, 'summary.json')).length === 0)
    notes.push(unfinished('attack', rows.length, holder));
  const own = join(await realpath(folder), 'pictures');
  const pictures = new Map<string, string>();
  for (const { smallest: one } of rows) {
    for (const name of one?.pictures
      ? [one.pictures.original, one.pictures.perturbation, one.pictures.perturbed]
      : []) {
      // a link may lead out of the folder
      const file = await realpath(join(folder, name)).catch(() => null);
      const bytes = file && dirname(file) === own ? await readFile(file).catch(() => null) : null;
      if (bytes?.subarray(1, 4).toString() === 'PNG')
        pictures.set(name, `data:image/png;base64,${bytes.toString('base64')}`);
    }
  }
  return { name: basename(resolve(folder)), folder, manifest: found, rows, pictures, notes };
}
