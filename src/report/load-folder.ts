/** A folder of any kind that a report can be made of. */
import { join } from 'node:path';
import { RetrievalGuardError } from '../errors.ts';
import { TRAINING_FILES } from '../training/run/files.ts';
import { parseJson, readIfAny } from '../runs/index.ts';
import { loadRun } from './load.ts';
import { loadTraining } from './load-training.ts';
import { loadAttack } from './load-attack.ts';
import type { Loaded } from './types.ts';

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
