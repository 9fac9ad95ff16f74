/** Reading the training inside a model folder, finished or not. Never calls a model, never writes. */
import { basename, dirname, join, resolve } from 'node:path';
import { RetrievalGuardError } from '../errors.ts';
import { epochSchema, keptBelowUntrained } from '../training/run/metrics-row.ts';
import { TRAINING_FILES } from '../training/run/files.ts';
import { check, parseLines, readIfAny, readJson } from '../runs/index.ts';
import { trainingManifestSchema } from '../training/run/configuration.ts';
import { keptEpoch, lastEpoch } from './trainings.ts';
import type { LoadedTraining } from './types.ts';
import { count, verb } from '../words.ts';

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
  const manifestFile = join(place, TRAINING_FILES.manifest);
  const manifest = check(
    trainingManifestSchema,
    await readJson(place, TRAINING_FILES.manifest),
    manifestFile,
  );
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
  const unfinished = unfinishedNote(training);
  if (unfinished) notes.push(unfinished);
  const worse = keptBelowUntrained(history, manifest.configuration.sigma);
  if (worse)
    notes.push(`The model that is kept, of epoch ${worse.kept.epoch}, is worse than before training.`);
  return training;
}

function unfinishedNote(training: LoadedTraining): string | null {
  const { epochs, patience, validation } = training.manifest.configuration;
  const done = lastEpoch(training);
  if (done >= epochs) return null;
  const kept = keptEpoch(training);
  if (patience !== null && validation !== null && kept && done - kept.epoch >= patience) return null;
  if (done === 0) return 'No epoch of the training is finished yet.';
  return `The training has not ended: ${done} of ${count(epochs, 'epoch')} ${verb(done, 'is', 'are')} finished.`;
}
