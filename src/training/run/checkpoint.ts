/** The state of a training between two epochs: everything that the next step depends on. */
import { access } from 'node:fs/promises';
import { RetrievalGuardError } from '../../errors.ts';
import { writeFileWhole } from '../../output.ts';
import type { EpochRow } from './metrics-row.ts';
import { encodeSafetensors, type NamedTensor, readSafetensors } from './safetensors.ts';

/** What a checkpoint holds. */
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
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const { tensors, ...rest } = checkpoint;
  await writeFileWhole(path, encodeSafetensors(tensors, { training: JSON.stringify(rest) }));
}

/** Reads a checkpoint; null when there is none. @throws RUN_INVALID */
export async function readCheckpoint(path: string): Promise<Checkpoint | null> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (!exists) return null;
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
