/** What stops a training: data without pairs, a loss that diverges, embeddings that collapse. */
import type { Dataset } from '../../datasets/index.ts';
import { RetrievalGuardError } from '../../errors.ts';
import { count } from '../../words.ts';
import type { StepStatistics } from '../graph/training-session.ts';
import { LOSSES } from '../losses/index.ts';
import type { TrainingConfiguration } from './configuration.ts';
import type { EpochRow } from './metrics-row.ts';

/** Embeddings nearer to each other than this on average, in three epochs in a row, have collapsed. */
const COLLAPSED = 0.05;
const COLLAPSED_EPOCHS = 3;

/** A loss of pairs needs two different pictures of a class: without any, every positive is the picture itself, at distance 0. */
export function requirePairs({ loss, batch }: TrainingConfiguration, { items }: Dataset): void {
  if (!LOSSES[loss.name].pairs) return;
  const counts = new Map<string, number>();
  for (const { label } of items) counts.set(label, (counts.get(label) ?? 0) + 1);
  const paired = [...counts.values()].filter((count) => count > 1).length;
  if (batch.perClass > 1 && paired > 0) return;
  throw new RetrievalGuardError(
    batch.perClass > 1 ? 'DATASET_LABELS' : 'OPTION_INVALID',
    batch.perClass > 1
      ? {
          expected: `classes with at least two pictures for the loss ${loss.name}, which learns from pairs of them`,
          got: `${counts.size} classes of one picture each`,
          fix: 'Use more pictures of a class (or a larger --per-class), or --loss proxy-anchor.',
        }
      : {
          expected: `at least 2 images of each class in a batch for the loss ${loss.name}, which learns from pairs of them`,
          got: '--images-per-class 1',
          fix: 'Use --images-per-class 2 or more, or --loss proxy-anchor.',
        },
  );
}

/** Stops a training that has diverged. */
export function requireFinite(statistics: StepStatistics, step: number): void {
  for (const name of ['loss', 'gradientNorm']) {
    if (Number.isFinite(statistics[name])) continue;
    throw new RetrievalGuardError('TRAINING_FAILED', {
      expected: `a finite ${name} at step ${step}`,
      got: String(statistics[name]),
      fix: 'The training has diverged. Lower the learning rate, clip the gradient norm (--clip-norm 1), or begin with a warm-up (--warmup 100); the last checkpoint is kept.',
    });
  }
}

/** Stops a training whose embeddings have all become alike: no loss recovers from that. */
export function requireSpread(history: readonly EpochRow[]): void {
  const last = history.slice(-COLLAPSED_EPOCHS);
  const spread = last.map(({ training }) => training?.negativeDistance ?? Infinity);
  if (spread.length < COLLAPSED_EPOCHS || spread.some((distance) => distance > COLLAPSED)) return;
  throw new RetrievalGuardError('TRAINING_FAILED', {
    expected: 'embeddings of different classes to differ',
    got: `a mean distance of ${spread.at(-1)!.toFixed(4)} between them for ${count(COLLAPSED_EPOCHS, 'epoch')}: the embeddings have collapsed`,
    fix: 'Use the miner distance-weighted or semi-hard in place of hard, a lower learning rate or a warm-up, or larger batches.',
  });
}
