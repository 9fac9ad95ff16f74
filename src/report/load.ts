/** Reading the folders that a report is made of, of finished and unfinished work. Never calls a model, never writes. */
import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type * as z from 'zod';
import { RetrievalGuardError } from '../errors.ts';
import { attackManifestSchema, attackRules } from '../evaluate/attack-schema.ts';
import { type Beside, rowRules } from '../evaluate/row-rules.ts';
import { manifestSchema, summarySchema } from '../evaluate/schema.ts';
import {
  check,
  checkedLines,
  holderOf,
  type JournalRules,
  parseJson,
  parseLines,
  read,
  readIfAny,
  readJson,
  SKIPPED_RULES,
} from '../runs/index.ts';
import { trainingManifestSchema } from '../training/run/configuration.ts';
import { TRAINING_FILES } from '../training/run/files.ts';
import { epochSchema, keptBelowUntrained } from '../training/run/metrics-row.ts';
import { count, verb } from '../words.ts';
import {
  keptEpoch,
  lastEpoch,
  type Loaded,
  type LoadedAttack,
  type LoadedFolder,
  type LoadedRun,
  type LoadedTraining,
} from './types.ts';

/**
 * Reads a run folder as {@link loadRun} or {@link loadAttack} does, or the training in a model folder as {@link loadTraining} does.
 * @throws RUN_INVALID for a folder that is none of them, and as those do
 */
export async function loadFolder(folder: string): Promise<Loaded> {
  const trained = await readIfAny(join(folder, TRAINING_FILES.folder), TRAINING_FILES.manifest);
  if (trained.length > 0) return loadTraining(folder);
  const run = await readIfAny(folder, 'run.json');
  if (run.length === 0) {
    throw new RetrievalGuardError('RUN_INVALID', {
      expected: `${folder} to be a run folder or a model folder with its training`,
      got: `no run.json and no ${TRAINING_FILES.folder}/${TRAINING_FILES.manifest} in it`,
      fix: 'Name a folder that `certify`, `attack` or `train` made.',
    });
  }
  const manifest = parseJson(run.toString('utf8'), join(folder, 'run.json'));
  const format =
    typeof manifest === 'object' && manifest !== null && 'format' in manifest ? manifest.format : null;
  if (format === 'retrievalguard-training') return loadTraining(folder);
  return format === 'retrievalguard-attack' ? loadAttack(folder) : loadRun(folder);
}

/** Manifest and rows, as every run has them; a last line that was cut off (the run was killed while it wrote) is left out and told in `notes`. */
async function loadRows<Manifest, Row>(
  folder: string,
  schema: z.ZodType<Manifest>,
  rulesOf: (manifest: Manifest) => JournalRules<Row>,
): Promise<LoadedFolder<Manifest> & { rows: Row[] }> {
  const notes: string[] = [];
  const manifest = check(schema, await readJson(folder, 'run.json'), join(folder, 'run.json'));
  const file = join(folder, 'rows.jsonl');
  const rows = checkedLines(await read(folder, 'rows.jsonl'), file, rulesOf(manifest), notes);
  return { name: basename(resolve(folder)), folder, manifest, rows, notes };
}

/** What a reader of unfinished work should know; null for finished work. */
async function unfinished(
  what: string,
  { folder, rows }: { folder: string; rows: readonly unknown[] },
  ended: boolean,
): Promise<string | null> {
  const holder = await holderOf(folder);
  if (!holder && ended) return null;
  const state = holder ? `is in progress (process ${holder.pid} on ${holder.host})` : 'has not ended';
  return `The ${what} ${state}: what follows counts what is finished so far: ${count(rows.length, 'query')}.`;
}

/**
 * Reads and validates run.json, rows.jsonl, and where they exist skipped.jsonl and summary.json. A last line that was cut off (the
 * run was killed while it wrote) is left out and told in `notes`, as is a run that has not ended.
 * @param beside - what there is to check the rows with
 * @throws RUN_INVALID when a file is missing or wrong, naming the file, the line and the field.
 */
export async function loadRun(folder: string, beside: Beside = {}): Promise<LoadedRun> {
  const run = await loadRows(folder, manifestSchema, (manifest) => rowRules(manifest, beside));
  const { rows, notes } = run;
  const done = new Set(rows.map(({ query }) => query));
  const lines = await readIfAny(folder, 'skipped.jsonl');
  const listed = checkedLines(lines, join(folder, 'skipped.jsonl'), SKIPPED_RULES, notes);
  const skipped = listed.filter(({ query }) => !done.has(query));
  const file = join(folder, 'summary.json');
  const text = await readIfAny(folder, 'summary.json');
  const summary = text.length > 0 ? check(summarySchema, parseJson(text.toString('utf8'), file), file) : null;
  const note = await unfinished('run', run, summary !== null);
  if (note) notes.push(note);
  else if (summary && summary.queries !== rows.length) {
    const missing = summary.queries > rows.length ? '; run it again to have those that are missing' : '';
    notes.push(
      `summary.json speaks of ${count(summary.queries, 'query')} and rows.jsonl of ${rows.length}: the rows are used${missing}.`,
    );
  }
  return { ...run, skipped, summary };
}

/**
 * Reads and validates run.json and rows.jsonl of an attack run, and its pictures; those that are missing are left out.
 * @throws RUN_INVALID when a file is missing or wrong, naming the file, the line and the field
 */
export async function loadAttack(folder: string): Promise<LoadedAttack> {
  const run = await loadRows(
    folder,
    attackManifestSchema as unknown as z.ZodType<LoadedAttack['manifest']>,
    ({ options }) => attackRules(options),
  );
  const note = await unfinished('attack', run, (await readIfAny(folder, 'summary.json')).length > 0);
  if (note) run.notes.push(note);
  const own = join(await realpath(folder), 'pictures');
  const pictures = new Map<string, string>();
  for (const { smallest: one } of run.rows) {
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
  return { ...run, pictures };
}

/**
 * Reads and validates run.json and metrics.jsonl of a training. A training that has not ended, or whose first epoch is not
 * finished, is told in `notes`.
 *
 * @param folder - the model folder that `train` wrote, or the folder `training` inside it
 * @throws RUN_INVALID when a file is missing or wrong, naming the file, the line and the field
 */
export async function loadTraining(folder: string): Promise<LoadedTraining> {
  const inside = join(folder, TRAINING_FILES.folder);
  const hasInside = (await readIfAny(inside, TRAINING_FILES.manifest)).length > 0;
  const place = hasInside ? inside : folder;
  const found = await readJson(place, TRAINING_FILES.manifest);
  const manifest = check(trainingManifestSchema, found, join(place, TRAINING_FILES.manifest));
  const notes: string[] = [];
  const metricsFile = join(place, TRAINING_FILES.metrics);
  const history = parseLines(epochSchema, await readIfAny(place, TRAINING_FILES.metrics), metricsFile, notes);
  for (const [line, { epoch }] of history.entries()) {
    if (epoch === line) continue;
    throw new RetrievalGuardError('RUN_INVALID', {
      expected: `epoch ${line} in line ${line + 1} of ${metricsFile}`,
      got: `epoch ${epoch}`,
      fix: 'Restore the file, or run the same `train` command again: it writes the file anew from the checkpoint.',
    });
  }
  const path = resolve(folder);
  const name = basename(basename(path) === TRAINING_FILES.folder ? dirname(path) : path);
  const training = { name, folder, manifest, history, notes };
  const note = unfinishedTraining(training);
  if (note) notes.push(note);
  const worse = keptBelowUntrained(history, manifest.configuration.sigma);
  if (worse)
    notes.push(`The model that is kept, of epoch ${worse.kept.epoch}, is worse than before training.`);
  return training;
}

function unfinishedTraining(training: LoadedTraining): string | null {
  const { epochs, patience, validation } = training.manifest.configuration;
  const done = lastEpoch(training);
  if (done >= epochs) return null;
  const kept = keptEpoch(training);
  if (patience !== null && validation !== null && kept && done - kept.epoch >= patience) return null;
  if (done === 0) return 'No epoch of the training is finished yet.';
  return `The training has not ended: ${done} of ${count(epochs, 'epoch')} ${verb(done, 'is', 'are')} finished.`;
}
