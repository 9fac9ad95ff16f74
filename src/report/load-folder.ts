/** A folder of either kind that a report can be made of. */
import { join } from 'node:path';
import { RetrievalGuardError } from '../errors.ts';
import { TRAINING_FILES } from '../training/run/files.ts';
import { parseJson, readIfAny } from './files.ts';
import { loadRun } from './load.ts';
import { loadTraining } from './load-training.ts';
import type { LoadedRun, LoadedTraining } from './types.ts';

/**
 * Reads a run folder as {@link loadRun} does, or the training in a model folder as {@link loadTraining} does.
 * @throws RUN_INVALID for a folder that is neither, and as those do
 */
export async function loadFolder(folder: string): Promise<LoadedRun | LoadedTraining> {
  const trained = await readIfAny(join(folder, TRAINING_FILES.folder), TRAINING_FILES.manifest);
  if (trained.length > 0) return loadTraining(folder);
  const run = await readIfAny(folder, 'run.json');
  if (run.length === 0) {
    throw new RetrievalGuardError('RUN_INVALID', {
      expected: `${folder} to be a run folder or a model folder with its training`,
      got: `no run.json and no ${TRAINING_FILES.folder}/${TRAINING_FILES.manifest} in it`,
      fix: 'Name a folder that `certify` or `train` made.',
    });
  }
  const manifest = parseJson(run.toString('utf8'), join(folder, 'run.json'));
  const isTrainings =
    typeof manifest === 'object' &&
    manifest !== null &&
    'format' in manifest &&
    manifest.format === 'retrievalguard-training';
  return isTrainings ? loadTraining(folder) : loadRun(folder);
}
