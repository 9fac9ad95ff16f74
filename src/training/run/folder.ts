/** The files of a training in the encoder's folder: what it was begun with, its checkpoint, its metrics. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RetrievalGuardError } from '../../errors.ts';
import { writeFileWhole } from '../../output.ts';
import {
  readTrainingManifest,
  requireSameConfiguration,
  type TrainingConfiguration,
  type TrainingManifest,
} from './configuration.ts';
import { TRAINING_FILES } from './files.ts';
import type { EpochRow } from './metrics-row.ts';
import { encodeSafetensors, type NamedTensor, readSafetensors } from './safetensors.ts';

/** The state of a training between two epochs: everything that the next step depends on. */
export interface Checkpoint {
  /** Epochs that are complete. */
  epoch: number;
  /** Steps that are complete. */
  step: number;
  /** The best score so far and the epoch that had it; null before the first. */
  best: { epoch: number; score: number } | null;
  /** The rows of metrics.jsonl. */
  history: EpochRow[];
  /** Parameters and optimiser state. */
  tensors: Record<string, NamedTensor>;
}

/** Writes a checkpoint; a reader sees the old one or the new. @throws OUTPUT_UNWRITABLE */
export async function writeCheckpoint(folder: string, { tensors, ...rest }: Checkpoint): Promise<void> {
  const bytes = encodeSafetensors(tensors, { training: JSON.stringify(rest) });
  await writeFileWhole(join(folder, TRAINING_FILES.checkpoint), bytes);
}

/** Writes what a training was begun with. @throws OUTPUT_UNWRITABLE */
export async function writeManifest(
  folder: string,
  configuration: TrainingConfiguration,
  environment: TrainingManifest['environment'],
): Promise<void> {
  const manifest: TrainingManifest = {
    format: 'retrievalguard-training',
    version: 1,
    configuration,
    environment,
  };
  await writeFileWhole(join(folder, TRAINING_FILES.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Writes the rows of all epochs. @throws OUTPUT_UNWRITABLE */
export function writeMetrics(folder: string, history: readonly EpochRow[]): Promise<void> {
  const lines = history.map((row) => `${JSON.stringify(row)}\n`).join('');
  return writeFileWhole(join(folder, TRAINING_FILES.metrics), lines);
}

/** Reads a checkpoint; null when there is none. @throws RUN_INVALID */
async function readCheckpoint(path: string): Promise<Checkpoint | null> {
  if (!(await stat(path).catch(() => null))) return null;
  const { tensors, metadata } = await readSafetensors(path);
  try {
    return { ...(JSON.parse(metadata.training) as Omit<Checkpoint, 'tensors'>), tensors };
  } catch (cause) {
    throw new RetrievalGuardError('RUN_INVALID', {
      expected: `a checkpoint of a training in ${path}`,
      got: 'a header without it',
      fix: 'Restore the file, or train anew into another folder.',
      cause,
    });
  }
}

const sizeOfFile = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

/** @throws RUN_INVALID where a file that the others need is missing */
export async function requireThere(path: string, out: string): Promise<void> {
  if (await sizeOfFile(path)) return;
  throw new RetrievalGuardError('RUN_INVALID', {
    expected: `${path}, which belongs to the training in ${out}`,
    got: 'no such file',
    fix: 'Restore it, or train in another folder.',
  });
}

/**
 * The training that was begun in the folder, whose options have to be the same. One that never finished an epoch left nothing
 * to go on with and is begun anew.
 */
export async function resume(
  folder: string,
  configuration: TrainingConfiguration,
  out: string,
): Promise<{ checkpoint: Checkpoint; environment: TrainingManifest['environment'] } | null> {
  const begun = await readTrainingManifest(join(folder, TRAINING_FILES.manifest));
  const checkpoint = begun && (await readCheckpoint(join(folder, TRAINING_FILES.checkpoint)));
  if (!begun) {
    for (const name of [TRAINING_FILES.checkpoint, TRAINING_FILES.metrics])
      if (await sizeOfFile(join(folder, name)))
        await requireThere(join(folder, TRAINING_FILES.manifest), out);
    if (await sizeOfFile(join(out, 'model.onnx')))
      throw new RetrievalGuardError('OUTPUT_UNWRITABLE', {
        expected: `${out} to hold no model that was not trained there`,
        got: 'a model.onnx without the training that made it',
        fix: 'Use another --out, or remove the model.',
      });
  }
  // a checkpoint is written before the metrics of its epoch
  if (begun && !checkpoint && (await sizeOfFile(join(folder, TRAINING_FILES.metrics))))
    await requireThere(join(folder, TRAINING_FILES.checkpoint), out);
  if (!checkpoint) return null;
  requireSameConfiguration(begun.configuration, configuration, out);
  return { checkpoint, environment: begun.environment };
}
